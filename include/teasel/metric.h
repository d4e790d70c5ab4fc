/* metric.h - scores of latents, by the definitions of docs/scores.md. Pure functions of
 * arrays; one file of src/metric each. Undefined scores are NaN, with the reason in
 * `notes`. */
#ifndef TEASEL_METRIC_H
#define TEASEL_METRIC_H

#include "teasel/status.h"
#include "teasel/team.h"
#include "teasel/text.h"

#include <stdbool.h>
#include <stdint.h>

enum tsl_similarity { TSL_SPEARMAN, TSL_LASSO, TSL_SIMILARITY_COUNT };
enum tsl_udr_form { TSL_UDR_LIB, TSL_UDR_EQ2, TSL_UDR_EQ2FULL, TSL_UDR_FORM_COUNT };
enum tsl_udr_group { TSL_UDR_SETTING, TSL_UDR_FAMILY, TSL_UDR_ALL, TSL_UDR_GROUP_COUNT };

/* One model's latents prepared once: KL, informative flags, standardised values, ranks.
 * The rest of UDR's interface (prepare, all pairs in tiles, reduce to groups) stands in
 * src/metric. */
struct tsl_udr_model {
  int64_t latent;
  const float *mean;         /* (points, latent), borrowed */
  const float *log_variance; /* (points, latent), borrowed */
};

#endif
