/* provenance.h - where a results folder comes from: everything that its numbers may
 * depend on, and when and where it was made. */
#ifndef TEASEL_CLI_PROVENANCE_H
#define TEASEL_CLI_PROVENANCE_H

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/store.h"

struct tsl__provenance {
  const struct tsl_job *job;
  const struct tsl_dataset *dataset;
  int ranks;
  const char *hosts; /* (ranks, TSL_HOST_TEXT) from tsl__hosts_gather */
  int argc;
  char **argv; /* the command line as it was given, without the program */
};
/* Collective on team. The machine of every member: (size, TSL_HOST_TEXT) bytes, to be
 * freed. */
enum tsl_status tsl__hosts_gather(struct tsl_team *team, char **hosts,
                                  struct tsl_error *err);
/* Local, one rank: writes job.used.yaml, where it changed, and provenance.json, where
 * there is something to train. */
enum tsl_status tsl__provenance_write(const struct tsl_store *store,
                                      const struct tsl__provenance *provenance,
                                      struct tsl_error *err);
/* job.used.yaml and provenance.json as a start found them and as it left them, for one
 * that is refused when they are written. */
struct tsl__provenance_copy {
  char *found[2], *left[2]; /* NULL: there was none */
  size_t found_count[2], left_count[2];
};
/* Local, one rank: before and after tsl__provenance_write. What cannot be read is not put
 * back. */
void tsl__provenance_keep_found(const struct tsl_store *store,
                                struct tsl__provenance_copy *copy);
void tsl__provenance_keep_left(const struct tsl_store *store,
                               struct tsl__provenance_copy *copy);
/* Local, one rank: puts back what was found, where nobody has changed what was left. */
void tsl__provenance_put_back(const struct tsl_store *store,
                              const struct tsl__provenance_copy *copy);
void tsl__provenance_copy_release(struct tsl__provenance_copy *copy);
/* Local, one rank: writes job.used.yaml where it changed. */
enum tsl_status tsl__job_record(const struct tsl_store *store, const struct tsl_job *job,
                                struct tsl_error *err);
/* Local, one rank: writes job.used.yaml where it changed, for a command that was given
 * --set on a results folder. TSL_BAD_INPUT when no run of the job is finished there: then
 * an option of scope run was set, which makes other runs. */
enum tsl_status tsl__settings_record(const struct tsl_store *store,
                                     const struct tsl_job *job, struct tsl_error *err);
/* Local. TSL_BAD_INPUT when the folder holds results of other data. */
enum tsl_status tsl__data_check(const struct tsl_store *store,
                                const struct tsl_dataset *dataset, struct tsl_error *err);
/* Local. TSL_BAD_INPUT when the folder holds another job's results, or results of other
 * data. */
enum tsl_status tsl__provenance_check(const struct tsl_store *store,
                                      const struct tsl_job *job,
                                      const struct tsl_dataset *dataset,
                                      struct tsl_error *err);
/* Local. The first of these alone, which needs no data. */
enum tsl_status tsl__provenance_check_name(const struct tsl_store *store,
                                           const struct tsl_job *job,
                                           struct tsl_error *err);

#endif
