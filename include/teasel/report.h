/* report.h - stage: everything in the results folder -> report.html and figures/. */
#ifndef TEASEL_REPORT_H
#define TEASEL_REPORT_H

#include "teasel/compare.h"
#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/store.h"

/* Local. One self-contained HTML file and the same figures as SVG and PNG. */
enum tsl_status tsl_report_write(struct tsl_store *store, const struct tsl_job *job,
                                 const struct tsl_dataset *dataset,
                                 struct tsl_error *err);

#endif
