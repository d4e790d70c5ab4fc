#include "cli/stages.h"

#include "teasel/compare.h"
#include "teasel/encode.h"
#include "teasel/log.h"
#include "teasel/report.h"

#include <stdio.h>

static void tell(const struct tsl__session *session, const char *stage) {
  if (tsl_world_rank(session->world) == 0)
    tsl_log(TSL_LOG_NORMAL, "%s", stage);
}

enum tsl_status tsl__stage_score(struct tsl__session *session, struct tsl_error *err) {
  tell(session, "encoding");
  TSL_TRY(tsl_encode(session->store, session->team, session->job, session->dataset, err));
  tell(session, "scoring");
  return tsl_compare(session->store, session->team, session->job, session->dataset, err);
}

enum tsl_status tsl__stage_report(struct tsl__session *session, struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  bool first = tsl_world_rank(session->world) == 0;
  tell(session, "writing the report");
  if (first)
    status = tsl_report_write(session->store, session->job, session->dataset, err);
  TSL_TRY(tsl_team_agree(session->team, status, err));
  if (first) {
    char path[TSL_PATH_MAX];
    printf("report: %s\n", tsl_store_path(session->store, TSL_STORE_REPORT, path));
    fflush(stdout);
  }
  return TSL_OK;
}
