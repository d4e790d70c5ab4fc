/* claim.h - several processes on one results folder without a server: who works on what.
 *
 * A claim is a file runs/<run>/claim.<n>, created exclusively (open with O_EXCL). The
 * highest n owns. Its heartbeat is its content, which the owner writes anew at least
 * every sixth of `seconds`; a reader takes a claim for stale when it has read the same
 * content for longer than `seconds` by the reader's own monotonic clock, or when its
 * owner is a process of this machine that is dead. Who takes over creates n + 1. So no
 * clock, modification time or lock of another machine is relied on.
 *
 * Claims save work, they do not guard files: a run's files are the same bytes whoever
 * writes them, and they are published by renaming. An owner that was held up looks before
 * it goes on, and gives up what it lost.
 *
 * What a claim says is another's word: its `seconds` count for a day at most, and a file
 * whose name is no number that a takeover could have reached is none.
 */
#ifndef TEASEL_CLAIM_H
#define TEASEL_CLAIM_H

#include "teasel/store.h"

/* What a claim's content says. */
struct tsl_claim_state {
  char session[128]; /* the start that owns it: one `teasel run` or one mpirun */
  char host[64];     /* and who of it works on the run */
  int64_t pid;
  int64_t beat;            /* counts heartbeats */
  int64_t step;            /* steps done */
  double steps_per_second; /* NaN: unknown yet */
  double seconds;          /* after which it is stale */
  char kernels[256];       /* tsl_nn_kernel_set() of its owner */
  bool dead;               /* told by tsl_claim_read: its owner is, for certain */
  bool moved; /* told by tsl_claims_take: it has beaten since it was first looked at */
  int64_t number; /* of the file, claim.<number>; 0: there was none */
  double left;    /* told by tsl_claims_take: seconds until it is stale if it stays so */
};
enum { TSL_CLAIM_TEXT = 640 };
/* Local. "process 4711 on node1 holds runs/<run>/claim.2", for people; run NULL: of the
 * stage that scores. buffer: TSL_CLAIM_TEXT bytes; returned. */
char *tsl_claim_state_print(char *buffer, const char *run,
                            const struct tsl_claim_state *state);

enum { TSL_SESSION_MAX = 128 };
/* Local. A name for this process's start, unlike that of any other: host, process id and
 * start time; buffer: TSL_SESSION_MAX bytes; returned. */
const char *tsl_session_print(char *buffer);

/* The claims of one results folder, as this process sees them. */
struct tsl_claims;
/* Local. session, kernels: of this start, copied. clock: monotonic seconds. */
enum tsl_status tsl_claims_open(const struct tsl_store *store, const char *session,
                                const char *kernels, double seconds,
                                double (*clock)(void), struct tsl_claims **out,
                                struct tsl_error *err);
void tsl_claims_close(struct tsl_claims *claims);

/* run NULL: the stage that scores and reports, claimed as score.claim.<n> in the folder.
 */
enum tsl_claim_answer {
  TSL_CLAIM_TAKEN,   /* it is this session's */
  TSL_CLAIM_REVIVED, /* the same, and it was another's: `other` says whose */
  TSL_CLAIM_HELD     /* another session has it: `other` says which, where it is known */
};
/* Local. For one rank of a session. Takes a claim that nobody holds or that is stale. A
 * claim of this session is taken anew: who holds it now has lost it. Whether the run is
 * done already is to be looked at afterwards. */
enum tsl_status tsl_claims_take(struct tsl_claims *claims, const char *run,
                                enum tsl_claim_answer *answer,
                                struct tsl_claim_state *other, struct tsl_error *err);
/* Local. The same for a run that is finished, of which its owner has nothing to do any
 * more, and only the first rank of its session something to tell: so the claim is stale
 * when that one is dead. */
enum tsl_status tsl_claims_take_finished(struct tsl_claims *claims, const char *run,
                                         enum tsl_claim_answer *answer,
                                         struct tsl_claim_state *other,
                                         struct tsl_error *err);

/* A claim in the hands of the rank that does the work. */
struct tsl_claim {
  const struct tsl_claims *claims; /* NULL: not held */
  char run[512];                   /* "": the stage that scores */
  int64_t number;
  double beaten; /* when the content was written last, by the clock */
  int64_t beat;
};
/* Local. Holds what this session took, on any of its ranks. TSL_TAKEN: another session
 * has it meanwhile. */
enum tsl_status tsl_claim_hold(const struct tsl_claims *claims, const char *run,
                               struct tsl_claim *out, struct tsl_error *err);
/* Local. To be called between steps, and cheap: looks and writes the heartbeat when a
 * sixth of `seconds` has passed, which is also what a process finds that was stopped for
 * long. TSL_TAKEN: the claim is lost, and nothing may be written any more. */
enum tsl_status tsl_claim_beat(struct tsl_claim *claim, int64_t step,
                               double steps_per_second, struct tsl_error *err);
/* Local. Gives the claim back, unless it is lost; then and for one that is not held this
 * does nothing. */
void tsl_claim_drop(struct tsl_claim *claim);
/* Local. Gives back what this session holds, on whichever of its ranks; of a run that
 * another session has, or nobody, nothing. */
void tsl_claims_return(const struct tsl_claims *claims, const char *run);

/* Local. A thread that beats for a claim which is held over a long stage without steps,
 * until _end, and every second, since others wait to see it; the claim is left to it
 * meanwhile. Where no thread can be started nobody beats, which costs doubled work at
 * worst. parent: this process' parent, without which it does not live long, as a rank
 * without its mpirun, and shows no sign of life; 0: it does without one. */
struct tsl_claim_keeper;
struct tsl_claim_keeper *tsl_claim_keeper_begin(struct tsl_claim *claim, int64_t parent);
void tsl_claim_keeper_end(struct tsl_claim_keeper *keeper);

/* Local. What the highest claim says, for those who only watch; *found: whether there is
 * one. A claim that is just being written has an empty session. */
enum tsl_status tsl_claim_read(const struct tsl_store *store, const char *run,
                               struct tsl_claim_state *out, bool *found,
                               struct tsl_error *err);

#endif
