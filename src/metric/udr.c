/* Preparation: everything that belongs to one model alone is done once. */
#include "metric/product.h"
#include "metric/rank.h"
#include "teasel/arena.h"
#include "teasel/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double mean_at(const struct tsl_udr_model *model, int64_t place) {
  return model->mean != NULL ? (double)model->mean[place] : model->wide_mean[place];
}

static double log_variance_at(const struct tsl_udr_model *model, int64_t place) {
  return model->log_variance != NULL ? (double)model->log_variance[place]
                                     : model->wide_log_variance[place];
}

/* Fills values with the latent's means, zeros when something is not finite, and its KL
 * from the standard normal: mean over x of (mu^2 + exp(logvar) - logvar - 1) / 2. */
static void read_latent(struct tsl_udr *udr, const struct tsl_udr_model *model,
                        int64_t latent, int64_t column, double *values) {
  bool finite = true;
  double sum = 0;
  for (int64_t i = 0; i < udr->points; i++) {
    double mu = mean_at(model, i * model->latent + latent);
    double log_variance = log_variance_at(model, i * model->latent + latent);
    finite = finite && isfinite(mu) && isfinite(log_variance);
    sum += mu * mu + exp(log_variance) - log_variance - 1;
    values[i] = mu;
  }
  udr->finite[column] = finite;
  udr->kl[column] = finite ? sum / 2 / (double)udr->points : (double)NAN;
  if (!finite)
    memset(values, 0, (size_t)udr->points * sizeof *values);
}

/* Mean 0 and population deviation 1; a constant becomes zeros. */
static void standardise(const double *values, int64_t points, double *out) {
  double least = values[0], most = values[0], sum = 0, square = 0;
  for (int64_t i = 0; i < points; i++) {
    least = values[i] < least ? values[i] : least;
    most = values[i] > most ? values[i] : most;
    sum += values[i];
  }
  /* Not by the deviation: rounding in the mean would leave a constant some. */
  bool constant = least == most;
  double mean = sum / (double)points;
  for (int64_t i = 0; i < points; i++)
    square += (values[i] - mean) * (values[i] - mean);
  double deviation = sqrt(square / (double)points);
  for (int64_t i = 0; i < points; i++)
    out[i * TSL__PANEL] = constant ? 0 : (values[i] - mean) / deviation;
}

/* Place of a column's first point in an array of panels. */
static int64_t column_place(const struct tsl_udr *udr, int64_t column) {
  return column / TSL__PANEL * udr->points * TSL__PANEL + column % TSL__PANEL;
}

static void prepare_column(struct tsl_udr *udr, int64_t column, const double *values,
                           struct tsl__rank_item *items) {
  int64_t place = column_place(udr, column);
  if (udr->standardised != NULL)
    standardise(values, udr->points, udr->standardised + place);
  if (udr->ranks == NULL)
    return;
  double *ranks = udr->ranks + place;
  tsl__ranks(values, udr->points, items, ranks, TSL__PANEL);
  for (int64_t i = 0; i < udr->points; i++)
    udr->rank_squares[column] += ranks[i * TSL__PANEL] * ranks[i * TSL__PANEL];
}

static void prepare_models(struct tsl_udr *udr, const struct tsl_udr_model *models,
                           double informative_kl, double *values,
                           struct tsl__rank_item *items) {
  for (int m = 0; m < udr->model_count; m++) {
    for (int64_t a = 0; a < models[m].latent; a++) {
      int64_t column = udr->begin[m] + a;
      read_latent(udr, &models[m], a, column, values);
      udr->informative[column] = udr->finite[column] && udr->kl[column] > informative_kl;
      udr->informative_count[m] += udr->informative[column];
      prepare_column(udr, column, values, items);
    }
  }
}

/* Each model's X'X/n from the panels that it touches; zero for latents that are not
 * informative, which leaves them out of the Lasso's predictors. */
static enum tsl_status prepare_grams(struct tsl_udr *udr, struct tsl_error *err) {
  int64_t panels_max = udr->latent_max / TSL__PANEL + 2, width = panels_max * TSL__PANEL;
  double *products = NULL;
  TSL_TRY(tsl_allocate((void **)&products, (size_t)(width * width), sizeof(double), err));
  for (int m = 0; m < udr->model_count; m++) {
    int64_t first = udr->begin[m] / TSL__PANEL;
    int64_t panels = (udr->begin[m + 1] - 1) / TSL__PANEL + 1 - first;
    const double *data = udr->standardised + first * udr->points * TSL__PANEL;
    tsl__product(data, panels, data, panels, udr->points, products);
    int64_t skip = udr->begin[m] - first * TSL__PANEL;
    int64_t count = udr->begin[m + 1] - udr->begin[m];
    double *gram = udr->grams + udr->gram_begin[m];
    const bool *informative = udr->informative + udr->begin[m];
    for (int64_t a = 0; a < count; a++)
      for (int64_t b = 0; b < count; b++)
        if (informative[a] && informative[b])
          gram[a * count + b] =
              products[(skip + a) * panels * TSL__PANEL + skip + b] / (double)udr->points;
  }
  free(products);
  return TSL_OK;
}

static enum tsl_status allocate(struct tsl_udr *udr, unsigned similarities,
                                struct tsl_error *err) {
  size_t models = (size_t)udr->model_count;
  size_t columns = (size_t)udr->begin[models];
  size_t gram_count = 0;
  size_t panels = (columns + TSL__PANEL - 1) / TSL__PANEL;
  size_t values = (size_t)udr->points * TSL__PANEL * sizeof(double);
  TSL_TRY(tsl_allocate((void **)&udr->kl, columns, sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&udr->finite, columns, sizeof(bool), err));
  TSL_TRY(tsl_allocate((void **)&udr->informative, columns, sizeof(bool), err));
  TSL_TRY(tsl_allocate((void **)&udr->informative_count, models, sizeof(int), err));
  TSL_TRY(tsl_allocate((void **)&udr->gram_begin, models, sizeof(int64_t), err));
  for (size_t m = 0; m < models; m++) {
    size_t count = (size_t)(udr->begin[m + 1] - udr->begin[m]);
    udr->gram_begin[m] = (int64_t)gram_count;
    gram_count += count * count;
  }
  if (similarities >> TSL_LASSO & 1u) {
    TSL_TRY(tsl_allocate((void **)&udr->standardised, panels, values, err));
    TSL_TRY(tsl_allocate((void **)&udr->grams, gram_count, sizeof(double), err));
  }
  if (similarities >> TSL_SPEARMAN & 1u) {
    TSL_TRY(tsl_allocate((void **)&udr->ranks, panels, values, err));
    TSL_TRY(tsl_allocate((void **)&udr->rank_squares, columns, sizeof(double), err));
  }
  return TSL_OK;
}

enum tsl_status tsl_udr_init(struct tsl_udr *out, const struct tsl_udr_model *models,
                             int model_count, int64_t points, unsigned similarities,
                             double informative_kl, struct tsl_error *err) {
  struct tsl_udr udr = {.points = points, .model_count = model_count};
  double *values = NULL;
  struct tsl__rank_item *items = NULL;
  enum tsl_status status =
      tsl_allocate((void **)&udr.begin, (size_t)model_count + 1, sizeof *udr.begin, err);
  if (status != TSL_OK)
    goto done;
  for (int m = 0; m < model_count; m++) {
    udr.begin[m + 1] = udr.begin[m] + models[m].latent;
    udr.latent_max =
        udr.latent_max > models[m].latent ? udr.latent_max : models[m].latent;
  }
  status = allocate(&udr, similarities, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&values, (size_t)points, sizeof *values, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&items, 2 * (size_t)points, sizeof *items, err);
  if (status != TSL_OK)
    goto done;
  prepare_models(&udr, models, informative_kl, values, items);
  if (udr.grams != NULL)
    status = prepare_grams(&udr, err);
  if (status != TSL_OK)
    goto done;
  *out = udr;
  udr = (struct tsl_udr){0};
done:
  free(values);
  free(items);
  tsl_udr_release(&udr);
  return status;
}

void tsl_udr_release(struct tsl_udr *udr) {
  free(udr->begin);
  free(udr->kl);
  free(udr->finite);
  free(udr->informative);
  free(udr->informative_count);
  free(udr->standardised);
  free(udr->grams);
  free(udr->gram_begin);
  free(udr->ranks);
  free(udr->rank_squares);
  *udr = (struct tsl_udr){0};
}
