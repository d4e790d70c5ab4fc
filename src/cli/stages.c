#include "cli/stages.h"

#include "cli/arguments.h"
#include "cli/others.h"
#include "cli/scored.h"
#include "cli/stop.h"
#include "cli/version.h"

#include "teasel/arena.h"
#include "teasel/compare.h"
#include "teasel/digest.h"
#include "teasel/encode.h"
#include "teasel/log.h"
#include "teasel/nn.h"
#include "teasel/report.h"

#include <stdio.h>
#include <stdlib.h>

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

static void tell_report(const struct tsl__session *session) {
  char path[TSL_PATH_MAX];
  printf("report: %s\n", tsl_store_path(session->store, TSL_STORE_REPORT, path));
  fflush(stdout);
}

enum tsl_status tsl__stage_report(struct tsl__session *session, struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  bool first = tsl_world_rank(session->world) == 0;
  tell(session, "writing the report");
  if (first)
    tsl__scored_tell(session->store, session->job);
  if (first)
    status =
        tsl_report_write(session->store, session->job, session->dataset, &tsl__stop, err);
  double usual = be_patient(session->world);
  status = tsl_team_agree(session->team, status, err);
  tsl_world_set_peer_seconds(session->world, usual);
  if (status == TSL_OK && first)
    tell_report(session);
  return status;
}

/* ---- digests.txt ---- */

/* free() the list of names. */
static enum tsl_status list_runs(const struct tsl__session *session, const char ***out,
                                 struct tsl_error *err) {
  const size_t count = tsl_job_run_count(session->job);
  TSL_TRY(tsl_allocate((void **)out, count + 1, sizeof **out, err));
  for (size_t i = 0; i < count; i++)
    (*out)[i] = tsl_job_run(session->job, i)->name;
  return TSL_OK;
}

/* The file that report.reference names, as it is now; nothing where none is named. */
static void add_reference(const struct tsl_job *job, struct tsl_text *text) {
  const char *path = tsl_job_options(job)->reference;
  char *bytes = NULL;
  size_t count = 0;
  if (path[0] != '\0' && tsl_file_read(path, &bytes, &count, NULL) == TSL_OK)
    tsl_text_add_bytes(text, bytes, count);
  free(bytes);
}

/* The program by its bytes, since two builds of one revision may differ; and this start's
 * options, since job.used.yaml holds those of the last start. */
static void print_maker(const struct tsl__session *session, char *buffer, size_t bytes) {
  char *program = NULL, hex[33] = "unknown", options[33];
  size_t count = 0;
  struct tsl_text text;
  if (tsl_file_read("/proc/self/exe", &program, &count, NULL) == TSL_OK) {
    const struct tsl_digest digest = tsl_digest_bytes(program, count);
    tsl_digest_print(&digest, hex);
  }
  tsl_text_init(&text);
  tsl_job_print(session->job, &text);
  add_reference(session->job, &text);
  const struct tsl_digest digest =
      tsl_digest_bytes(text.failed ? "" : text.bytes, text.failed ? 0 : text.length);
  tsl_digest_print(&digest, options);
  tsl_text_release(&text);
  free(program);
  snprintf(buffer, bytes, "teasel " TSL_VERSION " (%s, program %s, options %s), %s",
           tsl__revision(), hex, options, tsl_nn_kernel_set());
}

enum tsl_status tsl__stages_fresh(struct tsl__session *session, bool *fresh,
                                  struct tsl_error *err) {
  const char **runs = NULL;
  char program[512];
  *fresh = false;
  enum tsl_status status = list_runs(session, &runs, err);
  if (status == TSL_OK && tsl_world_rank(session->world) == 0) {
    print_maker(session, program, sizeof program);
    *fresh = tsl_store_digests_hold(session->store, program, runs,
                                    tsl_job_run_count(session->job));
  }
  free((void *)runs);
  TSL_TRY(tsl_team_agree(session->team, status, err));
  TSL_TRY(tsl_team_broadcast(session->team, 0, fresh, sizeof *fresh, err));
  if (*fresh && tsl_world_rank(session->world) == 0) {
    tsl_log(TSL_LOG_NORMAL, "all runs are trained; scores and report are up to date");
    tell_report(session);
  }
  return TSL_OK;
}

void tsl__stages_seal(const struct tsl__session *session) {
  const char **runs = NULL;
  char program[512];
  struct tsl_error why = {.rank = -1};
  if (tsl_world_rank(session->world) != 0)
    return;
  print_maker(session, program, sizeof program);
  enum tsl_status status = list_runs(session, &runs, &why);
  if (status == TSL_OK)
    status = tsl_store_digests_write(session->store, program, runs,
                                     tsl_job_run_count(session->job), &why);
  free((void *)runs);
  if (status != TSL_OK) /* then the next start scores again, which is quick */
    tsl_log(TSL_LOG_NORMAL, "%s: %s", why.where, why.text);
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
  if (status == TSL_OK && tsl_world_rank(session.world) == 0)
    session.others = tsl__others_tell(session.store, session.job, 0);
  if (status == TSL_OK)
    status = tsl_store_explain(session.store, stage(&session, err), err);
  tsl_cli_arguments_release(&arguments);
  return tsl__session_end(&session, status, err);
}
