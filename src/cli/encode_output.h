/* encode_output.h - what `teasel encode` gives, and the files that it is written to. */
#ifndef TEASEL_CLI_ENCODE_OUTPUT_H
#define TEASEL_CLI_ENCODE_OUTPUT_H

#include "teasel/status.h"

#include <stdint.h>

struct tsl_cli_latents {
  int64_t count;
  int64_t latent;
  float *mean;           /* (count, latent) */
  float *log_variance;   /* (count, latent) */
  int64_t clusters;      /* 0: the family makes none */
  float *cluster_logits; /* (count, clusters) as in latents.h5 */
  const char **names;    /* (count) of the files; borrowed; NULL: samples of a data set */
  int64_t *indices;      /* (count) numbers of the samples, NULL with names */
  int32_t *labels;       /* (count), NULL where there are none */
};

/* Local. /mean and /log_variance [count, latent]; /cluster_logits [count, clusters];
 * /names, or /indices and /labels. */
enum tsl_status tsl_cli_latents_h5(const struct tsl_cli_latents *latents,
                                   const char *path, struct tsl_error *err);
/* Local. A line each: file or index, label, mean_0 ..., log_variance_0 ...,
 * cluster_logit_0 ... */
enum tsl_status tsl_cli_latents_csv(const struct tsl_cli_latents *latents,
                                    const char *path, struct tsl_error *err);
void tsl_cli_latents_release(struct tsl_cli_latents *latents);

#endif
