#include "cli/session.h"

#include "cli/data_range.h"
#include "cli/job_open.h"
#include "cli/launch.h"
#include "cli/provenance.h"
#include "cli/results_open.h"

#include "teasel/log.h"
#include "teasel/nn.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* NULL: a folder of the launcher's machine will do, and nothing is written elsewhere. */
static const struct tsl_store *place_to_tell(const struct tsl__session *session) {
  const struct tsl_world *world = session->world;
  bool near = world == NULL || tsl_world_node_size(world) == tsl_world_size(world);
  return session->reading && near && tsl__launch_is_near() ? NULL : session->store;
}

void tsl__session_tell(const struct tsl__session *session, enum tsl_status status) {
  const struct tsl_store *store = place_to_tell(session);
  /* Without a start of all there is no rank 0 that could tell. */
  if (session->world == NULL || tsl_world_rank(session->world) == 0)
    tsl__launch_tell(store, status, session->trained && !session->reading);
  else if (status == TSL_PEER_LOST)
    tsl__launch_left(store, session->world);
}

/* A blocking call does not end: what is finished has been saved, so the process can go.
 */
static void leave(void *context, const char *what, int dead, double seconds) {
  const struct tsl__session *session = context;
  const char *rest = "what was finished is kept: start the same command again";
  if (session->ending)
    _exit(tsl_status_exit_code(session->ended));
  if (dead >= 0)
    tsl_log(TSL_LOG_NORMAL, "rank %d has died in %s; %s", dead, what, rest);
  else if (dead == TSL_STUCK_DEAD)
    tsl_log(TSL_LOG_NORMAL, "a rank of this machine has died in %s; %s", what, rest);
  else
    tsl_log(TSL_LOG_NORMAL, "%s has not come to an end for %.0f s; %s", what, seconds,
            rest);
  tsl__session_tell(session, TSL_PEER_LOST);
  _exit(tsl_status_exit_code(TSL_PEER_LOST));
}

enum tsl_status tsl__session_begin(struct tsl__session *session, int *argc, char ***argv,
                                   struct tsl_error *err) {
  session->parent = tsl_world_is_launched() ? getppid() : 0;
  TSL_TRY(tsl_world_open_watched(argc, argv, leave, session, &session->world, err));
  session->team = tsl_world_team(session->world);
  return TSL_OK;
}

enum tsl_status tsl__session_job(struct tsl__session *session, const char *file,
                                 const char *const *settings, size_t setting_count,
                                 struct tsl_error *err) {
  TSL_TRY(tsl_cli_job_open_on(session->team, file, settings, setting_count, &session->job,
                              err));
  tsl_world_set_peer_seconds(session->world,
                             tsl_job_options(session->job)->schedule.peer_seconds);
  return TSL_OK;
}

static bool same_shape(const struct tsl_shape *a, const struct tsl_shape *b) {
  return a->rank == b->rank &&
         memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

/* The shape that all networks of the job read; NULL where there is none. */
static enum tsl_status common_shape(const struct tsl_job *job,
                                    const struct tsl_shape **out, struct tsl_error *err) {
  const struct tsl_shape *shape = NULL;
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const struct tsl_shape *own = &tsl_job_run(job, i)->network->input;
    if (shape != NULL && !same_shape(shape, own))
      return tsl_error_set(err, TSL_BAD_INPUT, tsl_job_name(job),
                           "the networks of one job must have the same `input`; make two "
                           "jobs of it");
    shape = own;
  }
  *out = shape;
  return TSL_OK;
}

enum tsl_status tsl__session_data(struct tsl__session *session, struct tsl_error *err) {
  const struct tsl_job_options *options = tsl_job_options(session->job);
  const struct tsl_dataset_config *config = tsl_job_dataset(session->job);
  const struct tsl_shape *shape = NULL;
  enum tsl_status status = TSL_OK;
  if (config->reader == NULL)
    status = tsl_error_set(err, TSL_BAD_INPUT, tsl_job_name(session->job),
                           "`dataset: none` can be planned, not trained or scored");
  if (status == TSL_OK)
    status = common_shape(session->job, &shape, err);
  if (status == TSL_OK)
    status = tsl_nn_start(options->schedule.isa, err);
  TSL_TRY(tsl_team_agree(session->team, status, err));
  /* Members that read files show that they live, those that look through a cache file,
   * which takes minutes for a large one, do not. */
  const double factor = 10, usual = tsl_world_peer_seconds(session->world);
  tsl_world_set_peer_seconds(session->world, factor * usual);
  status = tsl_cli_dataset_open(config, shape, options->schedule.cache, session->team,
                                &session->dataset, err);
  tsl_world_set_peer_seconds(session->world, usual);
  TSL_TRY(status);
  status = tsl__data_range_check(session->job, session->dataset, err);
  TSL_TRY(tsl_team_agree(session->team, status, err));
  tsl_job_name_runs(session->job, &tsl_dataset_view(session->dataset)->digest);
  return TSL_OK;
}

enum tsl_status tsl__session_store(struct tsl__session *session, const char *folder,
                                   enum tsl_store_mode mode, struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  bool first = tsl_team_index(session->team) == 0;
  if (first)
    status = tsl_store_open(folder, mode, &session->store, err);
  TSL_TRY(tsl_team_agree(session->team, status, err));
  if (!first)
    status = tsl_store_open(folder, mode, &session->store, err);
  return tsl_team_agree(session->team, status, err);
}

static bool has_run(const struct tsl_job *job, size_t likely, const char *name) {
  const size_t count = tsl_job_run_count(job);
  for (size_t i = 0; i < count; i++) {
    const size_t index = (likely + i) % count;
    if (strcmp(tsl_job_run(job, index)->name, name) == 0)
      return true;
  }
  return false;
}

/* Local. Settings may change how the folder's runs are scored and shown, not which runs
 * there are: those left out would vanish from the tables, added ones be missing. A run's
 * name ends in its digest, so this holds for options of scope run and of the data too. */
static enum tsl_status check_same_runs(const struct tsl__session *session,
                                       const char *folder, const char *const *settings,
                                       size_t setting_count, struct tsl_error *err) {
  struct tsl_cli_results before = {.store = NULL, .job = NULL};
  TSL_TRY(tsl_cli_results_open(folder, &before, err));
  const size_t count = tsl_job_run_count(before.job);
  const size_t set_count = tsl_job_run_count(session->job);
  bool same = count == set_count &&
              strcmp(tsl_job_name(before.job), tsl_job_name(session->job)) == 0;
  for (size_t i = 0; i < count && same; i++)
    same = has_run(session->job, i, tsl_job_run(before.job, i)->name);
  tsl_cli_results_close(&before);
  if (same)
    return TSL_OK;
  return tsl_error_set(
      err, TSL_BAD_INPUT, folder,
      "--set %s%s would change the folder's job or its runs (it has %zu, "
      "with the settings %zu); set an option of scope run with `teasel "
      "run JOB.yaml -o %s --set ...`, which trains what is missing",
      settings[0], setting_count > 1 ? " ..." : "", count, set_count, folder);
}

static bool sets_data(const char *const *settings, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strncmp(settings[i], "dataset", 7) == 0)
      return true;
  }
  return false;
}

/* Local, first member: that the folder's results are of this job and these data. */
static enum tsl_status check_results(const struct tsl__session *session,
                                     const char *folder, const char *const *settings,
                                     size_t setting_count, struct tsl_error *err) {
  /* Other data that a setting asked for are its fault, not that of the files. */
  if (!sets_data(settings, setting_count))
    TSL_TRY(tsl__data_check(session->store, session->dataset, err));
  if (setting_count == 0)
    return TSL_OK;
  TSL_TRY(check_same_runs(session, folder, settings, setting_count, err));
  return tsl__settings_record(session->store, session->job, err);
}

enum tsl_status tsl__session_results(struct tsl__session *session, const char *folder,
                                     const char *const *settings, size_t setting_count,
                                     struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  TSL_TRY(tsl__session_store(session, folder, TSL_STORE_EXISTING, err));
  tsl_store_path(session->store, TSL_STORE_JOB, path);
  TSL_TRY(tsl__session_job(session, path, settings, setting_count, err));
  TSL_TRY(tsl__session_data(session, err));
  enum tsl_status status = TSL_OK;
  if (tsl_team_index(session->team) == 0)
    status = check_results(session, folder, settings, setting_count, err);
  return tsl_team_agree(session->team, status, err);
}

enum tsl_status tsl__session_trained(struct tsl__session *session,
                                     enum tsl_status status) {
  struct tsl_team *survivors = tsl_world_survivors(session->world);
  if (status == TSL_PEER_LOST && survivors != NULL) {
    int size = tsl_team_size(survivors);
    if (tsl_world_rank(session->world) == 0)
      tsl_log(TSL_LOG_NORMAL, "%d of %d ranks were lost, and no run with them; %s",
              tsl_world_size(session->world) - size, tsl_world_size(session->world),
              size > 1 ? "the others go on" : "rank 0 goes on");
    session->team = survivors;
    status = TSL_OK;
  }
  session->trained = status == TSL_OK;
  return status;
}

enum tsl_status tsl__session_end(struct tsl__session *session, enum tsl_status status,
                                 struct tsl_error *err) {
  if (status != TSL_OK && session->world != NULL && tsl_world_rank(session->world) != 0 &&
      status != TSL_PEER_LOST)
    err->text[0] = '\0';
  session->ended = status;
  session->ending = true;
  tsl_store_close(session->store);
  tsl_dataset_close(session->dataset);
  tsl_job_free(session->job);
  tsl_world_close(session->world);
  return status;
}
