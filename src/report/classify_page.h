/* classify_page.h - pieces of a page about good and bad, one file each. */
#ifndef TEASEL_REPORT_CLASSIFY_PAGE_H
#define TEASEL_REPORT_CLASSIFY_PAGE_H

#include "report/chart.h"
#include "report/classify_view.h"
#include "report/html.h"

enum { TSL__SHEET_COLUMNS = 10 }; /* pictures side by side */

/* Local. "latent 3 above 0.52 is bad". Returns the buffer. */
char *tsl__cut_print(const struct tsl_cut *cut, const char *bad, char *buffer,
                     size_t bytes);
/* What was done, and a table with a line a classifier. */
void tsl__classify_result(const struct tsl__classify_view *view, struct tsl__page *page);
/* The best latent against the second best, with the threshold. */
void tsl__classify_scatter(const struct tsl__classify_view *view, struct tsl__page *page);
/* Pictures that the best cut gets wrong, both ways. */
enum tsl_status tsl__classify_sheets(const struct tsl__classify_view *view,
                                     struct tsl__page *page, struct tsl_error *err);
/* One line a classifier. */
void tsl__classify_csv(const struct tsl_classification *result, struct tsl_text *out);

#endif
