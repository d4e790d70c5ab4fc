/* encode.h - stage: models -> latents.h5. */
#ifndef TEASEL_ENCODE_H
#define TEASEL_ENCODE_H

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/model.h"
#include "teasel/store.h"
#include "teasel/team.h"

/* Local. A finished run's model with its trained weights. */
enum tsl_status tsl_model_load(const struct tsl_store *store, const struct tsl_run *run,
                               const struct tsl_dataset *dataset, struct tsl_model *out,
                               struct tsl_error *err);
/* Collective on team. Encodes the first score.udr.points samples of the data set's order
 * with every finished run, runs spread over the members, and writes latents.h5. */
enum tsl_status tsl_encode(struct tsl_store *store, struct tsl_team *team,
                           const struct tsl_job *job, const struct tsl_dataset *dataset,
                           struct tsl_error *err);

#endif
