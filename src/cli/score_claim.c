#include "cli/score_claim.h"

#include "cli/job_compare.h"
#include "cli/job_open.h"
#include "cli/others.h"
#include "cli/provenance.h"
#include "cli/stop.h"

#include "teasel/date.h"
#include "teasel/log.h"
#include "teasel/nn.h"

#include <string.h>
#include <time.h>

enum answer { WAIT, MINE, THEIRS };

/* The claim that this process waits for. */
struct waiting {
  struct tsl_claim_state seen; /* last; number 0: none yet */
  double since;
  int beats; /* seen since */
  bool told;
};

static void tell(const struct tsl_claim_state *other, const char *what) {
  tsl_log(TSL_LOG_NORMAL, "process %lld on %s %s", (long long)other->pid,
          other->host[0] != '\0' ? other->host : "another machine", what);
}

/* Who cannot be seen to live is waited for, until the claim is stale. */
static void tell_waiting(const struct tsl_store *store, struct waiting *waiting,
                         const struct tsl_claim_state *other) {
  const bool nameless = other->pid <= 0;
  /* Seconds: a file that is just being written is empty; and who lives has beaten. */
  const double moment = nameless ? 1 : 3;
  char claim[TSL_CLAIM_TEXT], date[TSL_DATE_TEXT], wait[TSL_DATE_TEXT];
  if (waiting->told || !(other->left > 0) ||
      tsl_clock_seconds() - waiting->since < moment)
    return;
  waiting->told = true;
  tsl_date_print_seconds(date, tsl_date_now() + other->left);
  tsl_duration_print(wait, other->left);
  tsl_claim_state_print(claim, NULL, other);
  if (nameless)
    tsl_log(TSL_LOG_NORMAL,
            "%s: %s; waiting for %s, until %s, in case its owner lives: where no other "
            "process works on this folder, remove the file",
            tsl_store_folder(store), claim, wait, date);
  else
    tsl_log(TSL_LOG_NORMAL,
            "process %lld on %s was the last to score this folder (score.claim.%lld); "
            "waiting for a sign of its life for %s, until %s",
            (long long)other->pid,
            other->host[0] != '\0' ? other->host : "another machine",
            (long long)other->number, wait, date);
}

/* Whether no line tells of an option that scores and report depend on. */
static bool is_place_alone(const char *notes) {
  static const char schedule[] = "options: schedule.", data[] = "options: dataset.";
  for (const char *line = notes; line != NULL && *line != '\0';) {
    if (strncmp(line, schedule, sizeof schedule - 1) != 0 &&
        strncmp(line, data, sizeof data - 1) != 0)
      return false;
    line = strchr(line, '\n');
    line = line != NULL ? line + 1 : NULL;
  }
  return true;
}

/* Local, rank 0. Whether job.used.yaml is this session's job, but for where and how it is
 * computed (that the data are the same was seen at the start). */
static bool is_own_job(const struct tsl__session *session) {
  char path[TSL_PATH_MAX];
  struct tsl_job *used = NULL;
  struct tsl_text notes;
  tsl_store_path(session->store, TSL_STORE_JOB, path);
  if (tsl_cli_job_open(path, NULL, 0, &used, NULL) != TSL_OK)
    return false;
  tsl_text_init(&notes);
  const bool own = tsl_cli_jobs_compare(session->job, used, &notes, NULL) == TSL_OK &&
                   !notes.failed && is_place_alone(notes.bytes);
  tsl_text_release(&notes);
  tsl_job_free(used);
  return own;
}

/* Local, rank 0. Who holds the claim may have died with its machine: then the claim
 * stands still, and is taken over like that of a run. So only a process that is seen to
 * live is left to it; and only where it scores what this one would. That it is there is
 * not enough: a rank outlives its mpirun by a moment. */
static enum tsl_status look(const struct tsl__session *session,
                            enum tsl__score_leave leave, struct tsl__score_claim *claim,
                            struct waiting *waiting, enum answer *out,
                            struct tsl_error *err) {
  enum { BEATS_LEAST = 2 }; /* a second of life, or more */
  struct tsl_claim_state other;
  enum tsl_claim_answer answer = TSL_CLAIM_HELD;
  *out = WAIT;
  TSL_TRY(tsl_claims_take(claim->claims, NULL, &answer, &other, err));
  if (answer != TSL_CLAIM_HELD) {
    *out = MINE;
    TSL_TRY(tsl_claim_hold(claim->claims, NULL, &claim->held, err));
    claim->keeper = tsl_claim_keeper_begin(&claim->held, session->parent);
    return TSL_OK;
  }
  if (other.number == 0) /* it is being given back */
    return TSL_OK;
  const bool same = waiting->seen.number == other.number &&
                    strcmp(waiting->seen.session, other.session) == 0;
  if (!same)
    *waiting = (struct waiting){.since = tsl_clock_seconds()};
  else
    waiting->beats += waiting->seen.beat != other.beat;
  waiting->seen = other;
  const bool alive = other.session[0] != '\0' && waiting->beats >= BEATS_LEAST;
  if (alive && leave == TSL__LEAVE_SAME && is_own_job(session)) {
    *out = THEIRS;
    tell(&other, "scores this folder and writes the report");
  } else if (alive && !claim->told) {
    claim->told = true;
    tell(&other, "scores this folder; waiting for its end, to score this job");
  } else if (!alive) {
    tell_waiting(session->store, waiting, &other);
  }
  return TSL_OK;
}

static enum tsl_status begin(const struct tsl__session *session,
                             struct tsl__score_claim *claim, struct tsl_error *err) {
  char name[TSL_SESSION_MAX];
  return tsl_claims_open(session->store, tsl_session_print(name), tsl_nn_kernel_set(),
                         tsl_job_options(session->job)->schedule.claim_seconds,
                         tsl_clock_seconds, &claim->claims, err);
}

/* Collective on the world. */
static enum tsl_status record_job(const struct tsl__session *session,
                                  struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  if (tsl_team_index(session->team) == 0)
    status = tsl__job_record(session->store, session->job, err);
  return tsl_team_agree(session->team, status, err);
}

enum tsl_status tsl__score_claim_begin(const struct tsl__session *session,
                                       enum tsl__score_leave leave,
                                       struct tsl__score_claim *out,
                                       struct tsl_error *err) {
  const struct timespec pause = {.tv_nsec = 250000000};
  const bool rank_0 = tsl_team_index(session->team) == 0;
  struct waiting waiting = {.told = false};
  enum answer answer = WAIT;
  *out = (struct tsl__score_claim){.mine = false};
  enum tsl_status status = rank_0 ? begin(session, out, err) : TSL_OK;
  while (answer == WAIT) {
    if (status == TSL_OK && rank_0)
      status = look(session, leave, out, &waiting, &answer, err);
    if (status == TSL_OK && answer == WAIT)
      status = tsl_stop_check(&tsl__stop, err);
    TSL_TRY(tsl_team_agree(session->team, status, err));
    TSL_TRY(tsl_team_broadcast(session->team, 0, &answer, sizeof answer, err));
    if (answer == WAIT)
      nanosleep(&pause, NULL);
  }
  out->mine = answer == MINE;
  if (!out->mine)
    return TSL_OK;
  if (rank_0)
    (void)tsl__others_tell(session->store, session->job, session->others);
  return record_job(session, err);
}

enum tsl_status tsl__score_claim_conclude(const struct tsl__session *session,
                                          struct tsl_error *err) {
  return record_job(session, err);
}

void tsl__score_claim_end(struct tsl__score_claim *claim) {
  tsl_claim_keeper_end(claim->keeper);
  tsl_claim_drop(&claim->held);
  tsl_claims_close(claim->claims);
  *claim = (struct tsl__score_claim){.mine = false};
}
