/* report_pictures.h - what a trained model draws. */
#ifndef TEASEL_REPORT_PICTURES_H
#define TEASEL_REPORT_PICTURES_H

#include "report/report_data.h"

/* Local. Traversals and reconstructions by a finished run's model. codes: its posterior
 * means over the encoded points, NULL when it has none. A model that cannot be loaded
 * leaves its reason in out->trouble and is no error. */
enum tsl_status
tsl__pictures_compute(const struct tsl_store *store, const struct tsl_job *job,
                      const struct tsl_run *run, const struct tsl_dataset *dataset,
                      const struct tsl_latents *latents,
                      const struct tsl_latents_run *codes,
                      struct tsl__report_pictures *out, struct tsl_error *err);
void tsl__pictures_release(struct tsl__report_pictures *pictures);

#endif
