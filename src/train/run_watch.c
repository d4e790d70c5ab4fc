#include "train/run_watch.h"

#include "teasel/date.h"
#include "teasel/log.h"

#include <stdio.h>
#include <string.h>

static const double pause_seconds = 2; /* between two writings */

static void set_team(struct tsl__run_watch *watch, const struct tsl_team *team) {
  static const int alone = 0;
  struct tsl_run_progress *progress = &watch->progress;
  progress->width = tsl_team_size(team);
  const int *ranks = tsl_team_ranks(team);
  tsl_ranks_print(progress->ranks, ranks != NULL ? ranks : &alone, progress->width);
}

void tsl__run_watch_begin(struct tsl__run_watch *watch,
                          const struct tsl_train_request *request,
                          const struct tsl_team *team) {
  memset(watch, 0, sizeof *watch);
  if (tsl_team_index(team) != 0)
    return;
  struct tsl_run_progress *progress = &watch->progress;
  int64_t held_out =
      tsl_dataset_held_out(request->dataset, request->run->options.held_out);
  watch->store = request->store;
  watch->run = request->run->name;
  progress->iterations = tsl_train_iterations(
      request->run, tsl_dataset_view(request->dataset)->count - held_out);
  set_team(watch, team);
  tsl_host_print(progress->host);
  tsl_process_self(&progress->process);
  progress->since = tsl_date_now();
}

void tsl__run_watch_step(struct tsl__run_watch *watch, const struct tsl_team *team,
                         int64_t steps_done) {
  double now = tsl_clock_seconds();
  bool changed = watch->store != NULL && watch->progress.width != tsl_team_size(team);
  if (changed) /* what was counted so far is of another speed */
    watch->counted = watch->written = 0;
  if (watch->store == NULL ||
      (watch->written > 0 && now - watch->written < pause_seconds))
    return;
  /* The first step allocates and plans, so the speed is of what comes behind it. */
  if (watch->counted > 0 && now > watch->counted)
    watch->progress.steps_per_second =
        (double)(steps_done - watch->counted_steps) / (now - watch->counted);
  if (changed)
    set_team(watch, team);
  watch->counted = now;
  watch->counted_steps = steps_done;
  watch->written = now;
  watch->progress.steps = steps_done;
  watch->progress.updated = tsl_date_now();
  (void)tsl_store_progress_write(watch->store, watch->run, &watch->progress, NULL);
}

void tsl__run_watch_end(struct tsl__run_watch *watch, enum tsl_status status,
                        const struct tsl_error *error) {
  if (watch->store == NULL)
    return;
  struct tsl_run_progress *progress = &watch->progress;
  if (status == TSL_OK || tsl_status_exit_code(status) == 75 || status == TSL_PEER_LOST) {
    tsl_store_progress_remove(watch->store, watch->run);
    return;
  }
  progress->updated = tsl_date_now();
  snprintf(progress->failure, sizeof progress->failure, "%.200s%s%.300s", error->where,
           error->where[0] != '\0' ? ": " : "", error->text);
  (void)tsl_store_progress_write(watch->store, watch->run, progress, NULL);
}
