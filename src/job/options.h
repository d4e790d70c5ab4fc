/* options.h - the tables of src/job: every word of a job file is a row of one of them, or
 * of a family's or a reader's. */
#ifndef TEASEL_JOB_OPTIONS_H
#define TEASEL_JOB_OPTIONS_H

#include "job/option_value.h"

#include "teasel/job.h"

extern const struct tsl__table tsl__run_table; /* struct tsl_run_options */
extern const struct tsl__table tsl__job_table; /* struct tsl_job_options */

/* Words that are no option of one value: what stands around the options. */
struct tsl__word {
  const char *name;
  const char *help;
};
extern const struct tsl__word tsl__job_words[]; /* ends with name NULL */

/* The entries of a network file, struct tsl_network_entry. A scalar in place of the map
 * stands for the first option. */
struct tsl__entry_table {
  const char *name;
  enum tsl_entry_kind kind;
  struct tsl__table table; /* no rows: reshape, whose value is a list */
  const char *help;
};
enum { TSL__ENTRY_TABLES = 7 };
extern const struct tsl__entry_table tsl__entry_tables[TSL__ENTRY_TABLES];

#endif
