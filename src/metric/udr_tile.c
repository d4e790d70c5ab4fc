/* All pairs of two short ranges of models: one matrix product, then every Lasso from Gram
 * matrices. */
#include "metric/lasso.h"
#include "metric/product.h"
#include "teasel/arena.h"
#include "teasel/metric.h"

#include <math.h>
#include <stdlib.h>

/* 0.1 |w|_1: the weight of the penalty, as in disentanglement_lib. */
static const double PENALTY = 0.1;

/* The columns of a range of models, widened to whole panels. */
struct span {
  int begin, end;      /* models */
  int64_t first_panel; /* of all columns */
  int64_t panels;
};

struct tile {
  const struct tsl_udr *udr;
  struct span rows, columns;
  double *products; /* (rows, columns) of the widened spans */
  double *crossed;  /* the same, transposed: (columns, rows) */
  double *spearman; /* (rows, columns) */
  double *forward;  /* Lasso, rows predict columns: (rows, columns) */
  double *backward; /* columns predict rows: (columns, rows) */
  bool *settled;    /* (2, TSL_UDR_TILE): by direction and predictor */
  double *scratch;  /* of one Lasso */
  double *pair;     /* (2, latent_max, latent_max): what a visitor sees */
};

static struct span span_of(const struct tsl_udr *udr, int begin, int end) {
  struct span span = {.begin = begin, .end = end};
  span.first_panel = udr->begin[begin] / TSL__PANEL;
  span.panels = (udr->begin[end] - 1) / TSL__PANEL + 1 - span.first_panel;
  return span;
}

static int64_t width_of(const struct span *span) {
  return span->panels * TSL__PANEL;
}

/* Where a model's first latent stands in the span. */
static int64_t place_of(const struct tsl_udr *udr, const struct span *span, int model) {
  return udr->begin[model] - span->first_panel * TSL__PANEL;
}

static void multiply(const struct tile *tile, const double *data, double *out) {
  int64_t panel = tile->udr->points * TSL__PANEL;
  tsl__product(data + tile->rows.first_panel * panel, tile->rows.panels,
               data + tile->columns.first_panel * panel, tile->columns.panels,
               tile->udr->points, out);
}

/* |correlation| of ranks; an undefined one is 0. Columns of other models at the edges of
 * the spans are computed along and never looked at. */
static void correlate(const struct tile *tile) {
  multiply(tile, tile->udr->ranks, tile->spearman);
  const struct tsl_udr *udr = tile->udr;
  int64_t all = udr->begin[udr->model_count];
  int64_t width = width_of(&tile->columns);
  const double *squares = udr->rank_squares;
  for (int64_t r = 0; r < width_of(&tile->rows); r++) {
    int64_t row = r + tile->rows.first_panel * TSL__PANEL;
    for (int64_t c = 0; c < width; c++) {
      int64_t column = c + tile->columns.first_panel * TSL__PANEL;
      if (row >= all || column >= all)
        continue;
      double scale = squares[row] * squares[column];
      double *value = tile->spearman + r * width + c;
      *value = scale > 0 ? fabs(*value) / sqrt(scale) : 0;
    }
  }
}

/* Every model of `from` predicts every latent of `to`. moments: (from, to) */
static void regress(const struct tile *tile, const struct span *from,
                    const struct span *to, const double *moments, double *out,
                    bool *settled) {
  const struct tsl_udr *udr = tile->udr;
  int64_t width = width_of(to);
  for (int m = from->begin; m < from->end; m++) {
    int64_t count = udr->begin[m + 1] - udr->begin[m];
    int64_t place = place_of(udr, from, m) * width;
    settled[m - from->begin] =
        tsl__lasso(udr->grams + udr->gram_begin[m], count, moments + place, to->panels,
                   width, PENALTY, tile->scratch, out + place);
  }
}

static void regress_all(const struct tile *tile, bool square) {
  multiply(tile, tile->udr->standardised, tile->products);
  int64_t rows = width_of(&tile->rows), columns = width_of(&tile->columns);
  for (int64_t i = 0; i < rows * columns; i++)
    tile->products[i] /= (double)tile->udr->points;
  regress(tile, &tile->rows, &tile->columns, tile->products, tile->forward,
          tile->settled);
  if (square) /* the rows' directions are all there are */
    return;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++)
      tile->crossed[c * rows + r] = tile->products[r * columns + c];
  regress(tile, &tile->columns, &tile->rows, tile->crossed, tile->backward,
          tile->settled + TSL_UDR_TILE);
}

/* out: (latent of i, latent of j) from a block whose element (a, b) is at a * down + b *
 * along. */
static const double *copy_block(const double *block, int64_t down, int64_t along,
                                int64_t rows, int64_t columns, double *out) {
  if (block == NULL)
    return NULL;
  for (int64_t a = 0; a < rows; a++)
    for (int64_t b = 0; b < columns; b++)
      out[a * columns + b] = block[a * down + b * along];
  return out;
}

static const double *offset(const double *base, int64_t by) {
  return base == NULL ? NULL : base + by;
}

/* Row model i against column model j, one direction. */
static void visit_pair(const struct tile *tile, int i, int j, bool backward,
                       void (*visit)(void *context, const struct tsl_udr_pair *pair),
                       void *context) {
  const struct tsl_udr *udr = tile->udr;
  int64_t d_i = udr->begin[i + 1] - udr->begin[i],
          d_j = udr->begin[j + 1] - udr->begin[j];
  int64_t rows = width_of(&tile->rows), columns = width_of(&tile->columns);
  int64_t row = place_of(udr, &tile->rows, i), column = place_of(udr, &tile->columns, j);
  double *second = tile->pair + udr->latent_max * udr->latent_max;
  const double *spearman = offset(tile->spearman, row * columns + column);
  struct tsl_udr_pair pair = {.settled = true};
  if (backward) {
    pair.i = j;
    pair.j = i;
    pair.r[TSL_SPEARMAN] = copy_block(spearman, 1, columns, d_j, d_i, tile->pair);
    pair.r[TSL_LASSO] = copy_block(offset(tile->backward, column * rows + row), rows, 1,
                                   d_j, d_i, second);
    if (pair.r[TSL_LASSO] != NULL)
      pair.settled = tile->settled[TSL_UDR_TILE + j - tile->columns.begin];
  } else {
    pair.i = i;
    pair.j = j;
    pair.r[TSL_SPEARMAN] = copy_block(spearman, columns, 1, d_i, d_j, tile->pair);
    pair.r[TSL_LASSO] = copy_block(offset(tile->forward, row * columns + column), columns,
                                   1, d_i, d_j, second);
    if (pair.r[TSL_LASSO] != NULL)
      pair.settled = tile->settled[i - tile->rows.begin];
  }
  visit(context, &pair);
}

/* One block of memory cut into the tile's arrays. */
static enum tsl_status cut(struct tile *tile, double **memory, struct tsl_error *err) {
  const struct tsl_udr *udr = tile->udr;
  size_t area = (size_t)(width_of(&tile->rows) * width_of(&tile->columns));
  size_t latent = (size_t)udr->latent_max;
  size_t lasso = udr->standardised != NULL ? 4 * area : 0;
  size_t spearman = udr->ranks != NULL ? area : 0;
  size_t scratch = 2 * (size_t)TSL__LASSO_TOGETHER * TSL__LASSO_LANES * latent;
  TSL_TRY(tsl_allocate((void **)memory, lasso + spearman + scratch + 2 * latent * latent,
                       sizeof(double), err));
  double *next = *memory;
  if (lasso > 0) {
    tile->products = next;
    tile->crossed = next + area;
    tile->forward = next + 2 * area;
    tile->backward = next + 3 * area;
    next += lasso;
  }
  if (spearman > 0) {
    tile->spearman = next;
    next += spearman;
  }
  tile->scratch = next;
  tile->pair = next + scratch;
  return TSL_OK;
}

enum tsl_status
tsl_udr_tile_compute(const struct tsl_udr *udr, const struct tsl_udr_tile *request,
                     void (*visit)(void *context, const struct tsl_udr_pair *pair),
                     void *context, struct tsl_error *err) {
  bool settled[2 * TSL_UDR_TILE] = {0};
  struct tile tile = {.udr = udr,
                      .rows = span_of(udr, request->row_begin, request->row_end),
                      .columns = span_of(udr, request->column_begin, request->column_end),
                      .settled = settled};
  if (request->row_end - request->row_begin > TSL_UDR_TILE ||
      request->column_end - request->column_begin > TSL_UDR_TILE)
    TSL_BUG("a tile holds at most %d models a side", TSL_UDR_TILE);
  bool square = request->row_begin == request->column_begin;
  double *memory = NULL;
  TSL_TRY(cut(&tile, &memory, err));
  if (tile.spearman != NULL)
    correlate(&tile);
  if (tile.forward != NULL)
    regress_all(&tile, square);
  for (int i = request->row_begin; i < request->row_end; i++) {
    for (int j = request->column_begin; j < request->column_end; j++) {
      visit_pair(&tile, i, j, /*backward=*/false, visit, context);
      if (!square)
        visit_pair(&tile, i, j, /*backward=*/true, visit, context);
    }
  }
  free(memory);
  return TSL_OK;
}
