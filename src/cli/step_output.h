/* step_output.h - what a replay gives, and the file that it is written to. */
#ifndef TEASEL_CLI_STEP_OUTPUT_H
#define TEASEL_CLI_STEP_OUTPUT_H

#include "teasel/nn.h"
#include "teasel/status.h"

enum { TSL__STEP_LATENTS_MAX = 4 };

struct tsl__step_latent {
  const char *name; /* "mean" */
  struct tsl_value value;
  int64_t count; /* d */
  float *rows;   /* (B, d) */
};

struct tsl__step_result {
  int64_t steps; /* T */
  int64_t batch; /* B */
  double *terms; /* (T, tsl_graph_term_numbers) */
  int params;    /* of the graph */
  /* At step 0. */
  float **gradients; /* (params): (param), NULL where not trained */
  struct tsl__step_latent latents[TSL__STEP_LATENTS_MAX];
  int latent_count; /* 0: the family has no posterior */
};

/* Local. /loss, /grads, /latents of the result and /params_after of the graph, in one
 * file. */
enum tsl_status tsl__step_write(const struct tsl__step_result *result,
                                const struct tsl_graph *graph, const char *path,
                                struct tsl_error *err);
void tsl__step_result_release(struct tsl__step_result *result);

#endif
