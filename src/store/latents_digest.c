/* What tells damaged latents from those that were written: a digest of each run's. */
#include "store/store.h"

#include "teasel/digest.h"

#include <string.h>

enum tsl_status tsl__latents_digest(const struct tsl_latents *latents, size_t index,
                                    struct tsl_digest *out, struct tsl_error *err) {
  const struct tsl_latents_run *run = &latents->runs[index];
  struct tsl_digester *digester = tsl_digester_create();
  if (digester == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  const size_t points = (size_t)latents->points;
  const size_t values = points * (size_t)run->latent;
  const int64_t sizes[] = {latents->points, run->latent, latents->factor_count};
  tsl_digester_add(digester, run->name, strlen(run->name) + 1);
  tsl_digester_add(digester, sizes, sizeof sizes);
  tsl_digester_add(digester, latents->indices, points * sizeof(int64_t));
  if (latents->labels != NULL)
    tsl_digester_add(digester, latents->labels, points * sizeof(int32_t));
  if (latents->factors != NULL)
    tsl_digester_add(digester, latents->factors,
                     points * (size_t)latents->factor_count * sizeof(float));
  tsl_digester_add(digester, run->mean, values * sizeof(float));
  tsl_digester_add(digester, run->log_variance, values * sizeof(float));
  if (run->cluster_logits != NULL)
    tsl_digester_add(digester, run->cluster_logits,
                     points * (size_t)run->clusters * sizeof(float));
  *out = tsl_digester_value(digester);
  tsl_digester_free(digester);
  return TSL_OK;
}
