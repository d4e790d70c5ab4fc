/* The first member reads the file and writes the scores; the others wait to be called to
 * what is shared out, and are dismissed at the end. */
#include "compare/score_file.h"

#include "teasel/arena.h"

#include <stdlib.h>

/* What the others are called to: points 0 dismisses them. */
struct call {
  int64_t points, latent;
};

static enum tsl_status share(struct tsl_team *team, const struct call *call,
                             double *codes, int32_t *clusters, struct tsl_error *err) {
  size_t points = (size_t)call->points;
  TSL_TRY(tsl_team_broadcast(team, 0, codes,
                             points * (size_t)call->latent * sizeof *codes, err));
  return tsl_team_broadcast(team, 0, clusters, points * sizeof *clusters, err);
}

enum tsl_status tsl__score_file_silhouette(struct tsl__score_file *file,
                                           const struct tsl_metric_input *input,
                                           double *out, struct tsl_text *reason,
                                           struct tsl_error *err) {
  struct call call = {input->points, input->latent};
  enum tsl_status status = tsl_team_broadcast(file->team, 0, &call, sizeof call, err);
  if (status == TSL_OK)
    status = tsl_team_agree(file->team, TSL_OK, err);
  if (status == TSL_OK) /* the root's arrays are only read */
    status = share(file->team, &call, (double *)(uintptr_t)input->codes,
                   (int32_t *)(uintptr_t)input->clusters, err);
  if (status == TSL_OK)
    status = tsl_silhouette(input, file->team, out, reason, err);
  file->parted = status != TSL_OK;
  return status;
}

/* One call of the others. */
static enum tsl_status answer(struct tsl_team *team, const struct call *call,
                              struct tsl_error *err) {
  double *codes = NULL;
  int32_t *clusters = NULL;
  struct tsl_text reason = {0};
  enum tsl_status status = tsl_allocate((void **)&codes, (size_t)call->points,
                                        (size_t)call->latent * sizeof *codes, err);
  if (status == TSL_OK)
    status =
        tsl_allocate((void **)&clusters, (size_t)call->points, sizeof *clusters, err);
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK)
    status = share(team, call, codes, clusters, err);
  const struct tsl_metric_input input = {.points = call->points,
                                         .latent = call->latent,
                                         .codes = codes,
                                         .clusters = clusters};
  double value;
  if (status == TSL_OK)
    status = tsl_silhouette(&input, team, &value, &reason, err);
  tsl_text_release(&reason);
  free(codes);
  free(clusters);
  return status;
}

enum tsl_status tsl__score_file_help(struct tsl_team *team, struct tsl_error *err) {
  for (;;) {
    struct call call = {0, 0};
    TSL_TRY(tsl_team_broadcast(team, 0, &call, sizeof call, err));
    if (call.points == 0)
      return tsl_team_agree(team, TSL_OK, err);
    TSL_TRY(answer(team, &call, err));
  }
}

enum tsl_status tsl__score_file_dismiss(struct tsl__score_file *file,
                                        enum tsl_status status, struct tsl_error *err) {
  struct call call = {0, 0};
  if (file->parted) /* everybody knows */
    return status;
  enum tsl_status sent = tsl_team_broadcast(file->team, 0, &call, sizeof call,
                                            status == TSL_OK ? err : NULL);
  return sent != TSL_OK ? (status != TSL_OK ? status : sent)
                        : tsl_team_agree(file->team, status, err);
}
