/* schedule: hands tasks to teams. Rank 0 coordinates between its own steps. */
#include "schedule/protocol.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double tsl__alive_seconds(const struct tsl_world *world) {
  const double often = 5, served = 2000; /* seconds; messages a second */
  double quarter = tsl_world_peer_seconds(world) / 4;
  return fmin(quarter, fmax(often, tsl_world_size(world) / served));
}

size_t tsl__assignment_bytes(const struct tsl__assignment *assignment) {
  return offsetof(struct tsl__assignment, ranks) +
         (size_t)assignment->width * sizeof *assignment->ranks;
}

enum tsl_status tsl__report_send(struct tsl_world *world, int to, enum tsl__kind kind,
                                 uint32_t epoch, enum tsl_status status,
                                 const struct tsl_error *error, struct tsl_error *err) {
  struct tsl__report report;
  memset(&report, 0, sizeof report);
  report.status = (int32_t)status;
  report.rank = -1;
  report.epoch = epoch;
  if (status != TSL_OK) {
    report.rank = error->rank;
    snprintf(report.where, sizeof report.where, "%s", error->where);
    memcpy(report.text, error->text, strnlen(error->text, sizeof report.text - 1));
  }
  size_t count = offsetof(struct tsl__report, text) + strlen(report.text) + 1;
  return tsl_world_send(world, to, (int)kind, &report, count, err);
}

enum tsl_status tsl__report_open(const struct tsl_message *message, uint32_t *epoch,
                                 struct tsl_error *err) {
  struct tsl__report report;
  memset(&report, 0, sizeof report);
  memcpy(&report, message->bytes, message->count);
  if (epoch != NULL)
    *epoch = report.epoch;
  if (report.status == TSL_OK)
    return TSL_OK;
  tsl_error_set(err, (enum tsl_status)report.status, report.where, "%s", report.text);
  if (err != NULL)
    err->rank = report.rank;
  return (enum tsl_status)report.status;
}

static enum tsl_status check(const struct tsl_world *world, const struct tsl_task *tasks,
                             int64_t task_count, int width, struct tsl_error *err) {
  int ranks = tsl_world_size(world);
  if (width < 0 || (width & (width - 1)) != 0)
    return tsl_error_set(err, TSL_BAD_INPUT, "schedule.width",
                         "%d is not 1, 2, 4, 8 ... or auto", width);
  if (width > ranks || width > TSL__WIDTH_MAX)
    return tsl_error_set(
        err, TSL_BAD_INPUT, "schedule.width",
        "a run on %d ranks needs as many, and there %s %d: start more, as "
        "with mpirun -n %d, or set schedule.width to auto",
        width, ranks == 1 ? "is" : "are", ranks, width);
  for (int64_t i = 0; i < task_count; i++) {
    if (width > tasks[i].widest)
      return tsl_error_set(err, TSL_BAD_INPUT, "schedule.width",
                           "%d ranks cannot share a run of train.shards = %d: set "
                           "schedule.width to at most that",
                           width, tasks[i].widest);
  }
  return TSL_OK;
}

enum tsl_status tsl_schedule_run(struct tsl_world *world, const struct tsl_task *tasks,
                                 int64_t task_count, int width,
                                 const struct tsl_worker *worker, struct tsl_error *err) {
  TSL_TRY(check(world, tasks, task_count, width, err));
  if (tsl_world_rank(world) == 0)
    return tsl__coordinate(world, tasks, task_count, width, worker, err);
  return tsl__follow(world, worker, err);
}
