/* From R to U to UDR_i: the score forms and the medians over groups. */
#include "teasel/arena.h"
#include "teasel/metric.h"

#include <math.h>
#include <stdlib.h>

/* Sum over informative lines of max^2 / sum along the line; 0/0 is 0. A line is a column
 * (over the rows' latents) or a row: element (line, k) is r[line * step + k * along].
 * inner: NULL takes all k, else only those that are informative. */
struct lines {
  const double *r;
  int64_t step, along;
  const bool *outer, *inner;
  int64_t outer_count, inner_count;
};

static double sum_of_lines(const struct lines *lines) {
  double total = 0;
  for (int64_t line = 0; line < lines->outer_count; line++) {
    if (!lines->outer[line])
      continue;
    double most = 0, sum = 0;
    for (int64_t k = 0; k < lines->inner_count; k++) {
      if (lines->inner != NULL && !lines->inner[k])
        continue;
      double value = lines->r[line * lines->step + k * lines->along];
      most = value > most ? value : most;
      sum += value;
    }
    total += sum > 0 ? most * most / sum : 0;
  }
  return total;
}

static int64_t count_true(const bool *flags, int64_t count) {
  int64_t sum = 0;
  for (int64_t i = 0; i < count; i++)
    sum += flags[i];
  return sum;
}

double tsl_udr_score(enum tsl_udr_form form, const double *r, const bool *row_informative,
                     int64_t rows, const bool *column_informative, int64_t columns) {
  bool full = form == TSL_UDR_EQ2FULL;
  const struct lines by_column = {
      r, 1, columns, column_informative, full ? NULL : row_informative, columns, rows};
  const struct lines by_row = {
      r, columns, 1, row_informative, full ? NULL : column_informative, rows, columns};
  double d_rows = (double)count_true(row_informative, rows);
  double d_columns = (double)count_true(column_informative, columns);
  if (d_rows == 0 || d_columns == 0) /* eq2full would find something among the rest */
    return 0;
  double columns_sum = sum_of_lines(&by_column), rows_sum = sum_of_lines(&by_row);
  if (form == TSL_UDR_LIB)
    return (columns_sum / d_columns + rows_sum / d_rows) / 2;
  return (columns_sum + rows_sum) / (d_rows + d_columns);
}

/* Moves the value of rank k to its place, none above it before and none below it behind
 * (Hoare's FIND). */
static void select_rank(double *values, int64_t count, int64_t k) {
  for (int64_t first = 0, last = count - 1; first < last;) {
    double pivot = values[k];
    int64_t i = first, j = last;
    while (i <= j) {
      while (values[i] < pivot)
        i++;
      while (pivot < values[j])
        j--;
      if (i > j)
        break;
      double held = values[i];
      values[i++] = values[j];
      values[j--] = held;
    }
    if (j < k)
      first = i;
    if (k < i)
      last = j;
  }
}

double tsl_median(double *values, int64_t count) {
  int64_t kept = 0;
  for (int64_t i = 0; i < count; i++)
    if (!isnan(values[i]))
      values[kept++] = values[i];
  if (kept == 0)
    return (double)NAN;
  int64_t middle = kept / 2;
  select_rank(values, kept, middle);
  if (kept % 2 == 1)
    return values[middle];
  double lower = values[0];
  for (int64_t i = 1; i < middle; i++)
    lower = values[i] > lower ? values[i] : lower;
  return (lower + values[middle]) / 2;
}

/* Moves `comparisons` values, drawn without repetition, to the front (Fisher-Yates). */
static void sample(double *values, int64_t count, int64_t comparisons,
                   const struct tsl_stream *stream) {
  for (int64_t i = 0; i < comparisons; i++) {
    int64_t j =
        i + (int64_t)tsl_random_below(stream, 0, (uint32_t)i, 0, (uint64_t)(count - i));
    double held = values[i];
    values[i] = values[j];
    values[j] = held;
  }
}

enum tsl_status tsl_udr_reduce(const double *pairwise, int count, const int *group,
                               int64_t comparisons, const struct tsl_stream *streams,
                               double *out, struct tsl_error *err) {
  double *values = NULL;
  TSL_TRY(tsl_allocate((void **)&values, (size_t)count, sizeof *values, err));
  for (int i = 0; i < count; i++) {
    int64_t found = 0;
    for (int k = 0; k < count; k++)
      if (k != i && group[k] == group[i])
        values[found++] = pairwise[(int64_t)k * count + i];
    if (comparisons > 0 && comparisons < found) {
      sample(values, found, comparisons, &streams[i]);
      found = comparisons;
    }
    out[i] = tsl_median(values, found);
  }
  free(values);
  return TSL_OK;
}
