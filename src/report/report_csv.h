/* report_csv.h - a small CSV file in memory: a header, then lines of as many cells. */
#ifndef TEASEL_REPORT_CSV_H
#define TEASEL_REPORT_CSV_H

#include "teasel/status.h"

struct tsl__csv {
  const char *path; /* for messages; borrowed */
  char *bytes;      /* the file, cut into cells */
  int columns, rows;
  char **cells; /* (rows, columns); row 0 is the header */
  int *lines;   /* (rows): in the file, 1 the first */
};

/* Local. Cells between commas; one in quotes may hold commas, line ends, and two quotes
 * for one. Empty lines count for nothing. TSL_BAD_INPUT names file and line where a line
 * has not as many cells as the header. */
enum tsl_status tsl__csv_read(const char *path, struct tsl__csv *out,
                              struct tsl_error *err);
void tsl__csv_release(struct tsl__csv *csv);
/* Local. The column of that name, -1 when there is none. */
int tsl__csv_column(const struct tsl__csv *csv, const char *name);
/* Local. "" where there is no such column. */
const char *tsl__csv_cell(const struct tsl__csv *csv, int row, const char *column);
/* Local. NaN for an empty cell; TSL_BAD_INPUT names file and line where it is no number.
 */
enum tsl_status tsl__csv_number(const struct tsl__csv *csv, int row, const char *column,
                                double *out, struct tsl_error *err);

#endif
