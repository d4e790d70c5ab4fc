/* scored.h - whether the scores of a results folder are of all its runs: they are of
 * those that were finished when they were made. */
#ifndef TEASEL_CLI_SCORED_H
#define TEASEL_CLI_SCORED_H

#include "teasel/job.h"
#include "teasel/store.h"

struct tsl__scored {
  bool exists;     /* scores.csv does */
  size_t runs;     /* of the job */
  size_t finished; /* of these, finished and not scored in scores.csv */
  size_t open;     /* of these, neither finished nor scored */
  size_t others;   /* lines of runs that are not of the job */
};

/* Local. Compares the lines of scores.csv with the job's runs, which have their names. */
enum tsl_status tsl__scored_read(const struct tsl_store *store, const struct tsl_job *job,
                                 struct tsl__scored *out, struct tsl_error *err);

/* Local. "without 3 of the job's 8 runs (2 of them finished): `teasel run JOB` ...", the
 * remedy last; nothing where scores.csv does not exist or is of all runs and no others.
 */
void tsl__scored_print(const struct tsl_store *store, const struct tsl__scored *scored,
                       struct tsl_text *out);

/* Local. Logs it where there is something to say, or that there are no scores yet. What
 * cannot be read is told by who needs it. */
void tsl__scored_tell(const struct tsl_store *store, const struct tsl_job *job);

#endif
