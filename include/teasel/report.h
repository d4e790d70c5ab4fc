/* report.h - stage: everything in the results folder -> report.html and figures/. */
#ifndef TEASEL_REPORT_H
#define TEASEL_REPORT_H

#include "teasel/classify.h"
#include "teasel/compare.h"
#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/stop.h"
#include "teasel/store.h"

/* Local. One self-contained HTML file and the same figures as SVG and PNG. stop: NULL
 * allowed; between two figures, then TSL_INTERRUPTED and the earlier report as it was. */
enum tsl_status tsl_report_write(struct tsl_store *store, const struct tsl_job *job,
                                 const struct tsl_dataset *dataset,
                                 const struct tsl_stop *stop, struct tsl_error *err);

/* Local. Before anything is trained: the file that report.reference names can be read, or
 * TSL_BAD_INPUT; what of it the page will not show is told in the log. */
enum tsl_status tsl_report_check(const struct tsl_job *job, struct tsl_error *err);

/* What the page about good and bad shows; everything is borrowed. */
struct tsl_classify_report {
  const struct tsl_classification *result;
  const float *mean; /* (points, latent), by the data set's sample numbers */
  const bool *bad;   /* (points) */
  const struct tsl_dataset *dataset;
  const char *run;
  const char *good, *bad_name; /* names of the classes */
};
/* Local. classify.html, classify.csv, scatter.svg and sheets of misclassified pictures
 * (PNG) into the folder, which is made. */
enum tsl_status tsl_classify_write(const struct tsl_classify_report *report,
                                   const char *folder, struct tsl_error *err);

#endif
