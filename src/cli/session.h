/* session.h - what the commands that work on a results folder open, in this order, and
 * close again: the world, the job, the data set, the store. */
#ifndef TEASEL_CLI_SESSION_H
#define TEASEL_CLI_SESSION_H

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/store.h"
#include "teasel/team.h"

#include <stdbool.h>

struct tsl__session {
  struct tsl_world *world;
  struct tsl_team *team; /* of all ranks; after a loss of those that are left */
  struct tsl_job *job;
  struct tsl_dataset *dataset;
  struct tsl_store *store;
  enum tsl_status ended; /* of the command, once it is only left to end MPI */
  bool ending;
  bool trained;   /* every run is: what is left needs no rank that was lost */
  bool reading;   /* the results folder is only read: nothing is to be written into it */
  size_t others;  /* rank 0: runs in the folder, not of the job, that were told of */
  int64_t parent; /* of this process, where it cannot do without: mpirun; 0: it can */
};

/* Each is collective on the world and ends with a vote; on failure the caller goes to
 * tsl__session_end. */

/* Starts the world. */
enum tsl_status tsl__session_begin(struct tsl__session *session, int *argc, char ***argv,
                                   struct tsl_error *err);
/* Reads the job file on rank 0, parses it on all. settings: `--set` texts. */
enum tsl_status tsl__session_job(struct tsl__session *session, const char *file,
                                 const char *const *settings, size_t setting_count,
                                 struct tsl_error *err);
/* Starts the engine, opens the job's data set, checks that it fits the runs' likelihood
 * and names the runs. */
enum tsl_status tsl__session_data(struct tsl__session *session, struct tsl_error *err);
/* Opens the results folder; rank 0 first. */
enum tsl_status tsl__session_store(struct tsl__session *session, const char *folder,
                                   enum tsl_store_mode mode, struct tsl_error *err);
/* All of it for a folder that exists: its own job.used.yaml says the rest; settings are
 * recorded there. TSL_BAD_INPUT where they change the job's runs. */
enum tsl_status tsl__session_results(struct tsl__session *session, const char *folder,
                                     const char *const *settings, size_t setting_count,
                                     struct tsl_error *err);
/* Local. What tsl_sweep_run returned; where ranks were lost that nothing is missing of,
 * TSL_OK, and the session goes on with the team of the others. */
enum tsl_status tsl__session_trained(struct tsl__session *session,
                                     enum tsl_status status);
/* Local. Tells the launcher, where one waits for it, how the command ended. */
void tsl__session_tell(const struct tsl__session *session, enum tsl_status status);
/* Closes everything. The error, which all ranks share after a vote, is left for main to
 * print on rank 0 alone. Returns status. */
enum tsl_status tsl__session_end(struct tsl__session *session, enum tsl_status status,
                                 struct tsl_error *err);

#endif
