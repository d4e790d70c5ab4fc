/* classify_page.h - pieces of the page about good and bad, one file each. */
#ifndef TEASEL_REPORT_CLASSIFY_PAGE_H
#define TEASEL_REPORT_CLASSIFY_PAGE_H

#include "report/chart.h"
#include "report/html.h"
#include "teasel/report.h"

/* Local. "latent 3 > 0.52 is bad". Returns the buffer. */
char *tsl__cut_print(const struct tsl_cut *cut, const char *bad, char *buffer,
                     size_t bytes);
/* The best latent against the second best, with the thresholds. */
void tsl__classify_scatter(const struct tsl_classify_report *report,
                           struct tsl__page *page);
/* Pictures that the best cut gets wrong, both ways. */
enum tsl_status tsl__classify_mistakes(const struct tsl_classify_report *report,
                                       struct tsl__page *page, struct tsl_error *err);
/* One line a classifier. */
void tsl__classify_csv(const struct tsl_classify_report *report, struct tsl_text *out);

#endif
