/* results_open.h - a results folder's store and job, and a run of it by what a user
 * types. */
#ifndef TEASEL_CLI_RESULTS_OPEN_H
#define TEASEL_CLI_RESULTS_OPEN_H

#include "teasel/job.h"
#include "teasel/store.h"

struct tsl_cli_results {
  struct tsl_store *store;
  struct tsl_job *job; /* of job.used.yaml, its runs named as in the folder */
};

/* Local. Needs no data set: the runs' names come from the digest that provenance.json
 * holds. */
enum tsl_status tsl_cli_results_open(const char *folder, struct tsl_cli_results *out,
                                     struct tsl_error *err);
void tsl_cli_results_close(struct tsl_cli_results *results);

/* Local. A run by its name, its number's 8 hex digits, or a beginning of either that
 * only one run has. TSL_BAD_INPUT lists the runs that it could be. */
enum tsl_status tsl_cli_run_find(const struct tsl_job *job, const char *wanted,
                                 const struct tsl_run **out, struct tsl_error *err);

#endif
