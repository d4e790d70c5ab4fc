/* report_reference.h - numbers of others, beside which the page shows its own. */
#ifndef TEASEL_REPORT_REFERENCE_H
#define TEASEL_REPORT_REFERENCE_H

#include "teasel/job.h"
#include "teasel/text.h"

/* What is told of clusters, as log.csv names it; `clusters` counts those in use. */
enum { TSL__CLUSTER_METRICS = 4 };
extern const char *const tsl__cluster_metrics[TSL__CLUSTER_METRICS];

/* What somebody found for a setting; NaN: not told. */
struct tsl__reference {
  int setting;      /* the job's number */
  char metric[48];  /* one of tsl__cluster_metrics */
  char source[160]; /* "Dilokthanakul et al. 2016, table 1" */
  double best, mean, deviation;
  double runs;
};

struct tsl__references {
  int count;
  struct tsl__reference *list; /* (count) */
  /* What of the file is not shown, a line each with its end; bytes NULL: all is. */
  struct tsl_text notes;
};

/* Local. The lines of the CSV file at `path` whose options have the values of one of the
 * job's settings, once a setting. Columns `metric`, `best`, `mean`, `deviation`, `runs`
 * and `source`; `model` names the family; every other column is a number option of it.
 * TSL_BAD_INPUT names file and line; then *out is empty. */
enum tsl_status tsl__references_read(const char *path, const struct tsl_job *job,
                                     struct tsl__references *out, struct tsl_error *err);
void tsl__references_release(struct tsl__references *references);
/* Local. A line in the log for each note. */
void tsl__references_log(const char *path, const struct tsl__references *references);

#endif
