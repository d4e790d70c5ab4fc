#include "report/report_csv.h"

#include "teasel/store.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What is being cut. */
struct cutting {
  struct tsl__csv *csv;
  char *at;   /* what is read next */
  int cells;  /* of the present line so far */
  int number; /* of the present line */
};

/* Cuts off a cell in place and returns it; *end: what stood behind it, ',' or '\n' or
 * '\0'. */
static char *take_cell(struct cutting *cutting, char *end) {
  char *cell = cutting->at, *to = cell, *from = cell;
  bool quoted = false;
  for (; *from != '\0' && (quoted || (*from != ',' && *from != '\n')); from++) {
    if (*from == '"' && quoted && from[1] == '"')
      *to++ = *from++;
    else if (*from == '"')
      quoted = !quoted;
    else if (*from != '\r')
      *to++ = *from;
    cutting->number += quoted && *from == '\n';
  }
  *end = *from;
  cutting->at = *from == '\0' ? from : from + 1;
  *to = '\0';
  return cell;
}

static enum tsl_status keep_cell(struct cutting *cutting, char *cell,
                                 struct tsl_error *err) {
  struct tsl__csv *csv = cutting->csv;
  size_t count = (size_t)csv->rows * (size_t)csv->columns + (size_t)cutting->cells;
  char **cells = realloc(csv->cells, (count + 1) * sizeof *cells);
  if (cells == NULL)
    return tsl_error_set(err, TSL_MEMORY, csv->path, "no memory for its cells");
  csv->cells = cells;
  cells[count] = cell;
  cutting->cells++;
  if (csv->rows == 0 || cutting->cells <= csv->columns)
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, csv->path,
                       "line %d has more than the header's %d cells", cutting->number,
                       csv->columns);
}

static enum tsl_status end_line(struct cutting *cutting, int number,
                                struct tsl_error *err) {
  struct tsl__csv *csv = cutting->csv;
  if (csv->rows == 0)
    csv->columns = cutting->cells;
  if (cutting->cells != csv->columns)
    return tsl_error_set(err, TSL_BAD_INPUT, csv->path,
                         "line %d has %d cells, the header %d", number, cutting->cells,
                         csv->columns);
  int *lines = realloc(csv->lines, (size_t)(csv->rows + 1) * sizeof *lines);
  if (lines == NULL)
    return tsl_error_set(err, TSL_MEMORY, csv->path, "no memory for its lines");
  csv->lines = lines;
  lines[csv->rows++] = number;
  return TSL_OK;
}

static enum tsl_status cut(struct tsl__csv *csv, struct tsl_error *err) {
  struct cutting cutting = {.csv = csv, .at = csv->bytes, .number = 1};
  while (*cutting.at != '\0') {
    int number = cutting.number;
    char end = ',';
    cutting.cells = 0;
    while (end == ',') {
      char *cell = take_cell(&cutting, &end);
      if (end != ',' && cutting.cells == 0 && cell[0] == '\0')
        break; /* an empty line */
      TSL_TRY(keep_cell(&cutting, cell, err));
    }
    if (cutting.cells > 0)
      TSL_TRY(end_line(&cutting, number, err));
    cutting.number++;
  }
  return TSL_OK;
}

enum tsl_status tsl__csv_read(const char *path, struct tsl__csv *out,
                              struct tsl_error *err) {
  size_t length = 0;
  *out = (struct tsl__csv){.path = path};
  enum tsl_status status = tsl_file_read(path, &out->bytes, &length, err);
  if (status == TSL_OK)
    status = cut(out, err);
  if (status != TSL_OK)
    tsl__csv_release(out);
  return status;
}

void tsl__csv_release(struct tsl__csv *csv) {
  free(csv->bytes);
  free(csv->cells);
  free(csv->lines);
  *csv = (struct tsl__csv){0};
}

int tsl__csv_column(const struct tsl__csv *csv, const char *name) {
  for (int c = 0; c < csv->columns; c++)
    if (strcmp(csv->cells[c], name) == 0)
      return c;
  return -1;
}

const char *tsl__csv_cell(const struct tsl__csv *csv, int row, const char *column) {
  int at = tsl__csv_column(csv, column);
  return at < 0 ? "" : csv->cells[row * csv->columns + at];
}

enum tsl_status tsl__csv_number(const struct tsl__csv *csv, int row, const char *column,
                                double *out, struct tsl_error *err) {
  const char *text = tsl__csv_cell(csv, row, column);
  char *end = NULL;
  *out = (double)NAN;
  if (text[0] == '\0')
    return TSL_OK;
  *out = strtod(text, &end);
  if (*end == '\0')
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, csv->path, "line %d: '%s' is no number",
                       csv->lines[row], text);
}
