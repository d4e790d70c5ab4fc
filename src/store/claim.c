/* claim: who works on what. */
#include "store/claim_file.h"
#include "store/file.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Another's claim, and since when it has said the same. */
struct watch {
  struct watch *next;
  int64_t number;
  double since; /* by our clock */
  bool moved;   /* this claim has said something else before */
  struct tsl__claim_content content;
  char run[];
};

struct tsl_claims {
  const struct tsl_store *store; /* borrowed */
  struct tsl_claim_state self;
  struct tsl_process process;
  double (*clock)(void);
  struct watch *watches;
};

static void print_host(char *buffer, size_t bytes) {
  if (gethostname(buffer, bytes) != 0)
    snprintf(buffer, bytes, "unknown");
  buffer[bytes - 1] = '\0';
}

const char *tsl_session_print(char *buffer) {
  struct tsl_process self;
  char host[64];
  tsl_process_self(&self);
  print_host(host, sizeof host);
  snprintf(buffer, TSL_SESSION_MAX, "%s-%lld-%llx", host, (long long)self.pid,
           (unsigned long long)self.started);
  return buffer;
}

enum tsl_status tsl_claims_open(const struct tsl_store *store, const char *session,
                                const char *kernels, double seconds,
                                double (*clock)(void), struct tsl_claims **out,
                                struct tsl_error *err) {
  struct tsl_claims *claims = calloc(1, sizeof *claims);
  if (claims == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  claims->store = store;
  claims->clock = clock;
  tsl_process_self(&claims->process);
  struct tsl_claim_state *self = &claims->self;
  *self = (struct tsl_claim_state){
      .pid = claims->process.pid, .steps_per_second = (double)NAN, .seconds = seconds};
  snprintf(self->session, sizeof self->session, "%s", session);
  snprintf(self->kernels, sizeof self->kernels, "%s", kernels);
  print_host(self->host, sizeof self->host);
  *out = claims;
  return TSL_OK;
}

void tsl_claims_close(struct tsl_claims *claims) {
  while (claims != NULL && claims->watches != NULL) {
    struct watch *next = claims->watches->next;
    free(claims->watches);
    claims->watches = next;
  }
  free(claims);
}

/* ---- others ---- */

static const char *watch_name(const char *run) {
  return run != NULL ? run : "";
}

static struct watch **find_watch(struct tsl_claims *claims, const char *run) {
  struct watch **link = &claims->watches;
  while (*link != NULL && strcmp((*link)->run, watch_name(run)) != 0)
    link = &(*link)->next;
  return link;
}

static void forget(struct tsl_claims *claims, const char *run) {
  struct watch **link = find_watch(claims, run);
  struct watch *watch = *link;
  if (watch != NULL) {
    *link = watch->next;
    free(watch);
  }
}

static bool same_content(const struct tsl__claim_content *a,
                         const struct tsl__claim_content *b) {
  return a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0;
}

/* What has been seen of the claim. */
static enum tsl_status look_at(struct tsl_claims *claims, const char *run, int64_t number,
                               const struct tsl__claim_content *content,
                               const struct watch **out, struct tsl_error *err) {
  double now = claims->clock();
  struct watch *watch = *find_watch(claims, run);
  if (watch == NULL) {
    const char *name = watch_name(run);
    watch = malloc(sizeof *watch + strlen(name) + 1);
    if (watch == NULL)
      return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
    memcpy(watch->run, name, strlen(name) + 1);
    watch->number = 0;
    watch->next = claims->watches;
    claims->watches = watch;
  }
  if (watch->number != number || !same_content(&watch->content, content)) {
    watch->moved = watch->number == number;
    watch->number = number;
    watch->content = *content;
    watch->since = now;
  }
  *out = watch;
  return TSL_OK;
}

/* How long it may stand still. Its owner may beat more slowly than we would, but no
 * slower than schedule.claim_seconds allows, whatever the claim says. */
static double patience(const struct tsl_claims *claims,
                       const struct tsl_claim_state *state) {
  const double day = 86400; /* the most that claim_seconds may be */
  double theirs = state->seconds > day ? day : state->seconds;
  return fmax(claims->self.seconds, theirs); /* NaN does not count */
}

/* Whether the process that a session is named after, its first rank, is dead for certain:
 * it is told of where it was on the machine of the owner, who says which that is. */
static bool is_session_over(const struct tsl_claim_state *state,
                            const struct tsl_process *owner) {
  struct tsl_process first = *owner;
  char name[TSL_SESSION_MAX], *started = NULL, *pid = NULL;
  snprintf(name, sizeof name, "%s", state->session);
  if ((started = strrchr(name, '-')) != NULL)
    *started++ = '\0';
  if (started == NULL || (pid = strrchr(name, '-')) == NULL)
    return false;
  *pid++ = '\0';
  first.pid = strtoll(pid, NULL, 10);
  first.started = strtoll(started, NULL, 16);
  return strcmp(name, state->host) == 0 && tsl_process_is_dead(&first);
}

/* Whether the claim is another's and not stale. */
static enum tsl_status is_held(struct tsl_claims *claims, const char *run, int64_t number,
                               const struct tsl__claim_content *content, bool finished,
                               struct tsl_claim_state *state, bool *held,
                               struct tsl_error *err) {
  struct tsl_process owner;
  const struct watch *watch = NULL;
  tsl__claim_parse(content, state, &owner);
  state->number = number;
  *held = false;
  if (strcmp(state->session, claims->self.session) == 0 || tsl_process_is_dead(&owner) ||
      (finished && is_session_over(state, &owner)))
    return TSL_OK;
  TSL_TRY(look_at(claims, run, number, content, &watch, err));
  state->moved = watch->moved;
  state->left = patience(claims, state) - (claims->clock() - watch->since);
  *held = !(state->left < 0);
  return TSL_OK;
}

/* ---- taking ---- */

static enum tsl_status create(const struct tsl_claims *claims, const char *run,
                              int64_t number, bool *created, struct tsl_error *err) {
  struct tsl__claim_content content;
  char path[TSL_PATH_MAX];
  tsl__claim_print(&claims->self, &claims->process, &content);
  tsl__claim_path(claims->store, run, number, path);
  return tsl__claim_store(path, /*exclusive=*/true, &content, created, err);
}

/* After the creation of number + 1: it counts only when it is the highest, because a list
 * of a network file system may be old, and when the one below, if it was another's, has
 * not come to life. */
static enum tsl_status confirm(const struct tsl_claims *claims, const char *run,
                               int64_t number, const struct tsl__claim_content *below,
                               bool *ours, struct tsl_error *err) {
  int64_t highest = 0;
  char path[TSL_PATH_MAX];
  TSL_TRY(tsl__claim_highest(claims->store, run, &highest, err));
  *ours = highest == number + 1;
  if (below->count > 0 && *ours) {
    struct tsl__claim_content now;
    bool found = false;
    tsl__claim_path(claims->store, run, number, path);
    TSL_TRY(tsl__claim_load(path, &now, &found, err));
    *ours = !found || same_content(&now, below);
  }
  if (!*ours)
    unlink(tsl__claim_path(claims->store, run, number + 1, path));
  return TSL_OK;
}

static enum tsl_status take(struct tsl_claims *claims, const char *run, bool finished,
                            enum tsl_claim_answer *answer, struct tsl_claim_state *other,
                            struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl__claim_content below = {.count = 0};
  bool held = false, found = false, ours = false;
  int64_t number = 0;
  *answer = TSL_CLAIM_HELD;
  *other = (struct tsl_claim_state){.steps_per_second = (double)NAN};
  if (run != NULL) {
    tsl_store_run_path(claims->store, run, "", path);
    if (!tsl_file_exists(path))
      TSL_TRY(tsl_folder_add(path, err));
  }
  TSL_TRY(tsl__claim_highest(claims->store, run, &number, err));
  if (number > 0) {
    tsl__claim_path(claims->store, run, number, path);
    TSL_TRY(tsl__claim_load(path, &below, &found, err));
    if (!found) /* it is being given back or taken over right now */
      return TSL_OK;
    TSL_TRY(is_held(claims, run, number, &below, finished, other, &held, err));
  }
  if (held)
    return TSL_OK;
  if (number == TSL__CLAIM_NUMBER_MOST) { /* then the next asking begins at 1 */
    unlink(path);
    return TSL_OK;
  }
  bool own = strcmp(other->session, claims->self.session) == 0;
  if (own)
    below.count = 0;
  TSL_TRY(create(claims, run, number + 1, &ours, err));
  if (ours)
    TSL_TRY(confirm(claims, run, number, &below, &ours, err));
  if (!ours)
    return TSL_OK;
  forget(claims, run);
  if (number > 0)
    tsl__claim_remove(claims->store, run, number);
  *answer = number > 0 && !own ? TSL_CLAIM_REVIVED : TSL_CLAIM_TAKEN;
  return TSL_OK;
}

enum tsl_status tsl_claims_take(struct tsl_claims *claims, const char *run,
                                enum tsl_claim_answer *answer,
                                struct tsl_claim_state *other, struct tsl_error *err) {
  return take(claims, run, /*finished=*/false, answer, other, err);
}

enum tsl_status tsl_claims_take_finished(struct tsl_claims *claims, const char *run,
                                         enum tsl_claim_answer *answer,
                                         struct tsl_claim_state *other,
                                         struct tsl_error *err) {
  return take(claims, run, /*finished=*/true, answer, other, err);
}

/* ---- holding ---- */

static const char *run_of(const struct tsl_claim *claim) {
  return claim->run[0] != '\0' ? claim->run : NULL;
}

static enum tsl_status lost(struct tsl_claim *claim, struct tsl_error *err) {
  enum tsl_status status =
      tsl_error_set(err, TSL_TAKEN, claim->run,
                    "another process has taken this over, after a silence of this one");
  claim->claims = NULL;
  return status;
}

/* The highest claim; *own: whether it is this session's. */
static enum tsl_status read_highest(const struct tsl_claims *claims, const char *run,
                                    int64_t *number, struct tsl_claim_state *state,
                                    bool *own, struct tsl_error *err) {
  struct tsl__claim_content content;
  char path[TSL_PATH_MAX];
  bool found = false;
  TSL_TRY(tsl__claim_highest(claims->store, run, number, err));
  if (*number > 0) {
    tsl__claim_path(claims->store, run, *number, path);
    TSL_TRY(tsl__claim_load(path, &content, &found, err));
  }
  if (found)
    tsl__claim_parse(&content, state, NULL);
  *own = found && strcmp(state->session, claims->self.session) == 0;
  return TSL_OK;
}

enum tsl_status tsl_claim_hold(const struct tsl_claims *claims, const char *run,
                               struct tsl_claim *out, struct tsl_error *err) {
  struct tsl_claim_state state;
  bool own = false;
  struct tsl_claim claim = {.claims = claims};
  *out = (struct tsl_claim){.claims = NULL};
  snprintf(claim.run, sizeof claim.run, "%s", watch_name(run));
  TSL_TRY(read_highest(claims, run, &claim.number, &state, &own, err));
  if (!own)
    return lost(&claim, err);
  claim.beat = state.beat;
  claim.beaten = claims->clock();
  *out = claim;
  /* From now on it is this process that must be alive. */
  if (state.pid != claims->self.pid || strcmp(state.host, claims->self.host) != 0)
    out->beaten = -INFINITY;
  return tsl_claim_beat(out, 0, (double)NAN, err);
}

enum tsl_status tsl_claim_beat(struct tsl_claim *claim, int64_t step,
                               double steps_per_second, struct tsl_error *err) {
  const struct tsl_claims *claims = claim->claims;
  if (claims == NULL)
    return TSL_OK;
  double now = claims->clock();
  if (now - claim->beaten < claims->self.seconds / 6)
    return TSL_OK;
  char path[TSL_PATH_MAX];
  struct tsl__claim_content content;
  struct tsl_claim_state state = claims->self;
  bool there = false;
  if (tsl_file_exists(
          tsl__claim_path(claims->store, run_of(claim), claim->number + 1, path)))
    return lost(claim, err);
  state.beat = ++claim->beat;
  state.step = step;
  state.steps_per_second = steps_per_second;
  tsl__claim_print(&state, &claims->process, &content);
  tsl__claim_path(claims->store, run_of(claim), claim->number, path);
  /* A heartbeat that cannot be written is no failure of the run: at worst another takes
   * it over, which the next look finds. */
  claim->beaten = now;
  if (tsl__claim_store(path, /*exclusive=*/false, &content, &there, NULL) == TSL_OK &&
      !there)
    return lost(claim, err);
  return TSL_OK;
}

void tsl_claim_drop(struct tsl_claim *claim) {
  const struct tsl_claims *claims = claim->claims;
  char path[TSL_PATH_MAX];
  claim->claims = NULL;
  if (claims == NULL)
    return;
  unlink(tsl__claim_path(claims->store, run_of(claim), claim->number, path));
}

void tsl_claims_return(const struct tsl_claims *claims, const char *run) {
  struct tsl_claim_state state;
  char path[TSL_PATH_MAX];
  int64_t number = 0;
  bool own = false;
  if (read_highest(claims, run, &number, &state, &own, NULL) == TSL_OK && own)
    unlink(tsl__claim_path(claims->store, run, number, path));
}

enum tsl_status tsl_claim_read(const struct tsl_store *store, const char *run,
                               struct tsl_claim_state *out, bool *found,
                               struct tsl_error *err) {
  struct tsl__claim_content content;
  struct tsl_process owner;
  char path[TSL_PATH_MAX];
  int64_t number = 0;
  *found = false;
  TSL_TRY(tsl__claim_highest(store, run, &number, err));
  if (number > 0)
    TSL_TRY(
        tsl__claim_load(tsl__claim_path(store, run, number, path), &content, found, err));
  if (*found) {
    tsl__claim_parse(&content, out, &owner);
    out->number = number;
    out->dead = tsl_process_is_dead(&owner);
  }
  return TSL_OK;
}

char *tsl_claim_state_print(char *buffer, const char *run,
                            const struct tsl_claim_state *state) {
  char file[TSL_CLAIM_TEXT / 4 * 3];
  if (run != NULL)
    snprintf(file, sizeof file, "runs/%.400s/claim.%lld", run, (long long)state->number);
  else
    snprintf(file, sizeof file, "score.claim.%lld", (long long)state->number);
  if (state->pid > 0)
    snprintf(buffer, TSL_CLAIM_TEXT, "process %lld on %s holds %s", (long long)state->pid,
             state->host[0] != '\0' ? state->host : "another machine", file);
  else
    snprintf(buffer, TSL_CLAIM_TEXT, "%s does not say whose it is", file);
  return buffer;
}
