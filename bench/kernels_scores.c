/* kernels_scores: our own kernels that no layer has: exponentials beside libm's, and
 * those of the scores beside what OpenBLAS makes of them. */
#include "kernels.h"

#include "metric/distances.h"
#include "metric/product.h"
#include "nn/vector.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* ---- exponentials, and the products of UDR ---- */

enum { EXPONENTIALS = 1 << 16, COLUMNS = 160, POINTS = 1000 };

struct plain {
  float *x, *y;
  double *a, *out; /* (COLUMNS / 8, POINTS, 8) and as (POINTS, COLUMNS) */
};

TSL__VECTOR static void exponentials(const float *restrict x, float *restrict y) {
  for (int i = 0; i < EXPONENTIALS; i++)
    y[i] = tsl__exp(x[i]);
}

static void exp_ours(void *context) {
  const struct plain *p = context;
  exponentials(p->x, p->y);
}

static void exp_library(void *context) {
  const struct plain *p = context;
  for (int i = 0; i < EXPONENTIALS; i++)
    p->y[i] = expf(p->x[i]);
}

static void product_ours(void *context) {
  const struct plain *p = context;
  tsl__product(p->a, COLUMNS / TSL__PANEL, p->a, COLUMNS / TSL__PANEL, POINTS, p->out);
}

static void product_library(void *context) {
  const struct plain *p = context;
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, COLUMNS, COLUMNS, POINTS, 1, p->a,
              COLUMNS, p->a, COLUMNS, 0, p->out, COLUMNS);
}

static void time_plain(void) {
  struct plain p = {.x = numbers(EXPONENTIALS), .y = numbers(EXPONENTIALS)};
  p.a = calloc((size_t)POINTS * COLUMNS, sizeof *p.a);
  p.out = calloc((size_t)COLUMNS * COLUMNS, sizeof *p.out);
  if (p.a == NULL || p.out == NULL)
    exit(1);
  for (int i = 0; i < POINTS * COLUMNS; i++)
    p.a[i] = (double)p.x[i % EXPONENTIALS];
  print("exponential", take_turns(exp_ours, exp_library, &p));
  print("scores", take_turns(product_ours, product_library, &p));
  free(p.x);
  free(p.y);
  free(p.a);
  free(p.out);
}

/* ---- the distances of the silhouette: a block against another ---- */

enum {
  BLOCK = 512,
  LATENT = 20,
  PANEL = TSL__DISTANCE_PANEL,
  WIDE = TSL__DISTANCE_LANES
};

struct distances {
  double *rows;                         /* (BLOCK, LATENT) */
  double *panels;                       /* (BLOCK / PANEL, LATENT, PANEL), the columns */
  double *columns;                      /* (BLOCK, LATENT), the same */
  double *row_sums, *column_sums;       /* (BLOCK, WIDE), (BLOCK) */
  double *row_squares, *column_squares; /* (BLOCK) */
  double *products;                     /* (BLOCK, BLOCK) */
};

static void distances_ours(void *context) {
  const struct distances *d = context;
  for (int p = 0; p < BLOCK / PANEL; p++) {
    const struct tsl__distances request = {.row_count = BLOCK,
                                           .column_count = PANEL,
                                           .latent = LATENT,
                                           .rows = d->rows,
                                           .panel = d->panels + p * LATENT * PANEL,
                                           .row_sums = d->row_sums,
                                           .column_sums = d->column_sums + p * PANEL};
    tsl__distances_add(&request);
  }
}

/* squares + other's squares - 2 products, and their roots along and down. */
TSL__VECTOR static void add_roots(const double *restrict products,
                                  const double *restrict row_squares,
                                  const double *restrict column_squares,
                                  double *restrict row_sums,
                                  double *restrict column_sums) {
  for (int i = 0; i < BLOCK; i++) {
    double *sums = row_sums + (ptrdiff_t)i * WIDE;
    const double *row = products + (ptrdiff_t)i * BLOCK;
    for (int j = 0; j < BLOCK; j += WIDE) {
      for (int t = 0; t < WIDE; t++) {
        double square = row_squares[i] + column_squares[j + t] - 2 * row[j + t];
        double distance = sqrt(square > 0 ? square : 0);
        sums[t] += distance;
        column_sums[j + t] += distance;
      }
    }
  }
}

static void distances_library(void *context) {
  const struct distances *d = context;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, BLOCK, BLOCK, LATENT, 1, d->rows,
              LATENT, d->columns, LATENT, 0, d->products, BLOCK);
  add_roots(d->products, d->row_squares, d->column_squares, d->row_sums, d->column_sums);
}

static double *doubles(size_t count) {
  double *made = aligned_alloc(64, count * sizeof *made);
  if (made == NULL)
    exit(1);
  memset(made, 0, count * sizeof *made);
  return made;
}

static void time_distances(void) {
  struct distances d = {.rows = doubles((size_t)BLOCK * LATENT),
                        .panels = doubles((size_t)BLOCK * LATENT),
                        .columns = doubles((size_t)BLOCK * LATENT),
                        .row_sums = doubles((size_t)BLOCK * WIDE),
                        .column_sums = doubles(BLOCK),
                        .row_squares = doubles(BLOCK),
                        .column_squares = doubles(BLOCK),
                        .products = doubles((size_t)BLOCK * BLOCK)};
  float *some = numbers((size_t)2 * BLOCK * LATENT);
  for (int i = 0; i < BLOCK; i++) {
    for (int k = 0; k < LATENT; k++) {
      double row = (double)some[i * LATENT + k];
      double column = (double)some[(BLOCK + i) * LATENT + k];
      d.rows[i * LATENT + k] = row;
      d.columns[i * LATENT + k] = column;
      d.panels[(i / PANEL * LATENT + k) * PANEL + i % PANEL] = column;
      d.row_squares[i] += row * row;
      d.column_squares[i] += column * column;
    }
  }
  print("distances", take_turns(distances_ours, distances_library, &d));
  double *all[] = {d.rows,        d.panels,      d.columns,        d.row_sums,
                   d.column_sums, d.row_squares, d.column_squares, d.products};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    free(all[i]);
  free(some);
}

int main(void) {
  openblas_set_num_threads(1);
  time_plain();
  time_distances();
  return 0;
}
