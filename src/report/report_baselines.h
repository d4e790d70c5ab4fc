/* report_baselines.h - what clusters.csv holds, for the table of accuracies. */
#ifndef TEASEL_REPORT_BASELINES_H
#define TEASEL_REPORT_BASELINES_H

#include "report/report_reference.h"

#include "teasel/store.h"

/* Clusterings of one kind of thing by one method: the data once, or a setting's seeds. */
enum { TSL__BASELINE_RUNS_MAX = 64 }; /* more are counted */
struct tsl__baseline_group {
  char family[48];      /* "" : the data themselves */
  char parameters[160]; /* of the setting */
  char method[32];      /* "kmeans" */
  int clusters;
  int runs;
  int left_out;                                                /* runs besides */
  double values[TSL__CLUSTER_METRICS][TSL__BASELINE_RUNS_MAX]; /* the first `runs` */
};

/* Local. Groups of clusters.csv in its order; *count 0 where there is no such file. Free
 * *out. TSL_BAD_INPUT when it is not as teasel writes it. */
enum tsl_status tsl__baselines_read(const struct tsl_store *store,
                                    struct tsl__baseline_group **out, int *count,
                                    struct tsl_error *err);

#endif
