#include "cli/stages.h"

#include "cli/arguments.h"
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

enum tsl_status tsl__stage_command(int argc, char **argv, tsl__stage *stage,
                                   struct tsl_error *err) {
  static const struct tsl_cli_option options[] = {{.name = NULL}};
  struct tsl_cli_arguments arguments = {0};
  struct tsl__session session = {0};
  const char *command = argv[0];
  tsl__stop_catch();
  enum tsl_status status = tsl__session_begin(&session, &argc, &argv, err);
  if (status == TSL_OK)
    status = tsl_cli_parse(argc, argv, options, /*with_settings=*/true, &arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&arguments, command, 1, 1, "RESULTS", err);
  if (status == TSL_OK)
    status = tsl__session_results(&session, arguments.words[0], arguments.settings,
                                  arguments.setting_count, err);
  if (status == TSL_OK)
    status = stage(&session, err);
  tsl_cli_arguments_release(&arguments);
  return tsl__session_end(&session, status, err);
}
