/* figure_log.h - log.csv as series that can be drawn. */
#ifndef TEASEL_REPORT_FIGURE_LOG_H
#define TEASEL_REPORT_FIGURE_LOG_H

#include "report/figure.h"

enum { TSL__LOG_POINTS_MAX = 256 };

/* A column over steps, neighbouring lines averaged to at most `wanted` points. */
struct tsl__log_series {
  int count;
  double step[TSL__LOG_POINTS_MAX];
  double value[TSL__LOG_POINTS_MAX];
};
/* Local. column -1, or no lines: count 0. */
void tsl__log_series_read(const struct tsl_table *log, int column, int wanted,
                          struct tsl__log_series *out);
/* Local. The same of a column that few lines have, such as evaluations. */
void tsl__log_series_read_sparse(const struct tsl_table *log, int column, int wanted,
                                 struct tsl__log_series *out);
/* Local. The last finite value that the log has of the column; NaN: none. */
double tsl__log_last(const struct tsl_table *log, const char *name);
/* Local. Column of a latent's KL ("kl_3"), -1 when there is none. */
int tsl__log_latent_column(const struct tsl_table *log, int latent);
int tsl__log_latent_count(const struct tsl_table *log);
/* Local. First logged step from which on the latent's KL stays above the threshold; NaN:
 * never. */
double tsl__log_informative_from(const struct tsl_table *log, int latent,
                                 double threshold);

#endif
