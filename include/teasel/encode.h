/* encode.h - stage: models -> latents.h5. */
#ifndef TEASEL_ENCODE_H
#define TEASEL_ENCODE_H

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/model.h"
#include "teasel/stop.h"
#include "teasel/store.h"
#include "teasel/team.h"

/* Local. A finished run's model with its trained weights. dataset: NULL allowed where
 * only values are computed: the schedules and N of the losses are then not those of the
 * run. */
enum tsl_status tsl_model_load(const struct tsl_store *store, const struct tsl_run *run,
                               const struct tsl_dataset *dataset, struct tsl_model *out,
                               struct tsl_error *err);
/* What a family says of samples. cluster_logits: as in latents.h5. */
struct tsl_codes {
  float *mean, *log_variance; /* (count, latent) */
  float *cluster_logits;      /* (count, clusters), NULL: not wanted or none */
};
/* Local. Fills the arrays of `out`. indices: (count). */
enum tsl_status tsl_encode_samples(const struct tsl_model *model,
                                   const struct tsl_dataset *dataset,
                                   const int64_t *indices, int64_t count,
                                   const struct tsl_codes *out, struct tsl_error *err);
/* Local. The same of samples that are in memory already: (count, input). */
enum tsl_status tsl_encode_values(const struct tsl_model *model, const float *samples,
                                  int64_t count, const struct tsl_codes *out,
                                  struct tsl_error *err);
/* Collective on team. Encodes the first score.udr.points samples of the data set's order
 * with every finished run, runs spread over the members, and writes latents.h5. What
 * latents.h5 held of the same points is kept. stop: NULL allowed; between two runs, then
 * TSL_INTERRUPTED with what was encoded in latents.h5. */
enum tsl_status tsl_encode(struct tsl_store *store, struct tsl_team *team,
                           const struct tsl_job *job, const struct tsl_dataset *dataset,
                           const struct tsl_stop *stop, struct tsl_error *err);

#endif
