/* Accuracy under the best one-to-one assignment of clusters to labels, found by the
 * Hungarian method with potentials (Kuhn 1955; shortest augmenting paths after Jonker and
 * Volgenant 1987). */
#include "metric/partitions.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

/* Rows 1..rows are assigned to columns 1..columns, rows <= columns; index 0 is the row
 * that is being placed. */
struct assignment {
  int rows, columns;
  const int64_t *counts;
  int64_t down, along; /* element (r, c) of counts, from 0, is at r * down + c * along */
  double *row_potential, *column_potential, *slack; /* (columns + 1) */
  int *row_of, *way;                                /* (columns + 1) */
  bool *used;                                       /* (columns + 1) */
};

static double cost(const struct assignment *a, int row, int column) {
  return -(double)a->counts[(row - 1) * a->down + (column - 1) * a->along];
}

/* Grows the tree of alternating paths by the cheapest column; returns it. */
static int grow(struct assignment *a, int column) {
  int next = 0;
  double least = (double)INFINITY;
  a->used[column] = true;
  int row = a->row_of[column];
  for (int j = 1; j <= a->columns; j++) {
    if (a->used[j])
      continue;
    double reduced = cost(a, row, j) - a->row_potential[row] - a->column_potential[j];
    if (reduced < a->slack[j]) {
      a->slack[j] = reduced;
      a->way[j] = column;
    }
    if (a->slack[j] < least) {
      least = a->slack[j];
      next = j;
    }
  }
  for (int j = 0; j <= a->columns; j++) {
    if (a->used[j]) {
      a->row_potential[a->row_of[j]] += least;
      a->column_potential[j] -= least;
    } else {
      a->slack[j] -= least;
    }
  }
  return next;
}

static void place_row(struct assignment *a, int row) {
  for (int j = 0; j <= a->columns; j++) {
    a->slack[j] = (double)INFINITY;
    a->used[j] = false;
  }
  a->row_of[0] = row;
  int column = 0;
  do {
    column = grow(a, column);
  } while (a->row_of[column] != 0);
  while (column != 0) {
    a->row_of[column] = a->row_of[a->way[column]];
    column = a->way[column];
  }
}

static enum tsl_status score(const struct tsl__table *table, double *out,
                             struct tsl_error *err) {
  bool wide = table->rows <= table->columns;
  struct assignment a = {.rows = wide ? table->rows : table->columns,
                         .columns = wide ? table->columns : table->rows,
                         .counts = table->counts,
                         .down = wide ? table->columns : 1,
                         .along = wide ? 1 : table->columns};
  size_t size = (size_t)a.columns + 1;
  double *numbers = NULL;
  int *indices = NULL;
  enum tsl_status status =
      tsl_allocate((void **)&numbers, 3 * size, sizeof *numbers, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&indices, 2 * size, sizeof *indices, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&a.used, size, sizeof *a.used, err);
  if (status != TSL_OK)
    goto done;
  a.row_potential = numbers;
  a.column_potential = numbers + size;
  a.slack = numbers + 2 * size;
  a.row_of = indices;
  a.way = indices + size;
  for (int row = 1; row <= a.rows; row++)
    place_row(&a, row);
  double right = 0;
  for (int j = 1; j <= a.columns; j++)
    right -= a.row_of[j] != 0 ? cost(&a, a.row_of[j], j) : 0;
  *out = right / (double)table->points;
done:
  free(numbers);
  free(indices);
  free(a.used);
  return status;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  (void)reason;
  return tsl__partitions_score(input, score, out, err);
}

const struct tsl_metric tsl_metric_acc_hungarian = {
    .name = "acc_hungarian",
    .summary = "Accuracy under the best one-to-one assignment of clusters to labels.",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_CLUSTERS | TSL_METRIC_NEEDS_LABELS,
    .compute = compute};
