#include "cli/stages.h"

#include "cli/stop.h"

#include "teasel/compare.h"
#include "teasel/encode.h"
#include "teasel/log.h"
#include "teasel/report.h"

#include <stdio.h>

static void tell(const struct tsl__session *session, const char *stage) {
  if (tsl_world_rank(session->world) == 0)
    tsl_log(TSL_LOG_NORMAL, "%s", stage);
}

/* Shares of these stages are unequal, and the report is written by rank 0 alone: the
 * others wait longer here than between two steps of training. */
static double be_patient(struct tsl_world *world) {
  const double factor = 10;
  double usual = tsl_world_peer_seconds(world);
  tsl_world_set_peer_seconds(world, factor * usual);
  return usual;
}

enum tsl_status tsl__stage_score(struct tsl__session *session, struct tsl_error *err) {
  double usual = be_patient(session->world);
  tell(session, "encoding");
  enum tsl_status status = tsl_encode(session->store, session->team, session->job,
                                      session->dataset, &tsl__stop, err);
  if (status == TSL_OK) {
    tell(session, "scoring");
    status = tsl_compare(session->store, session->team, session->job, session->dataset,
                         &tsl__stop, err);
  }
  tsl_world_set_peer_seconds(session->world, usual);
  return status;
}

enum tsl_status tsl__stage_report(struct tsl__session *session, struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  bool first = tsl_world_rank(session->world) == 0;
  tell(session, "writing the report");
  if (first)
    status =
        tsl_report_write(session->store, session->job, session->dataset, &tsl__stop, err);
  double usual = be_patient(session->world);
  status = tsl_team_agree(session->team, status, err);
  tsl_world_set_peer_seconds(session->world, usual);
  if (status == TSL_OK && first) {
    char path[TSL_PATH_MAX];
    printf("report: %s\n", tsl_store_path(session->store, TSL_STORE_REPORT, path));
    fflush(stdout);
  }
  return status;
}
