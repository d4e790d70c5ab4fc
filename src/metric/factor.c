#include "metric/factor.h"

#include "metric/partitions.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

/* Bins of numpy's histogram and digitize: edge k is k * width + least, the last bin is
 * closed. A constant lies in the middle of a range of 1. */
static void cut(const double *values, int64_t stride, int64_t points, int32_t *out) {
  double least = values[0], most = values[0];
  for (int64_t i = 0; i < points; i++) {
    least = fmin(least, values[i * stride]);
    most = fmax(most, values[i * stride]);
  }
  if (least == most) {
    least -= 0.5;
    most += 0.5;
  }
  double width = (most - least) / TSL__BINS;
  for (int64_t i = 0; i < points; i++) {
    int bin = 0;
    while (bin + 1 < TSL__BINS && values[i * stride] >= (bin + 1) * width + least)
      bin++;
    out[i] = bin;
  }
}

static enum tsl_status number_values(const double *values, int64_t stride, int64_t points,
                                     bool discrete, int32_t *scratch,
                                     struct tsl__partition *out, struct tsl_error *err) {
  if (discrete)
    for (int64_t i = 0; i < points; i++)
      scratch[i] = (int32_t)values[i * stride];
  else
    cut(values, stride, points, scratch);
  return tsl__partition_init(out, scratch, points, err);
}

static bool is_discrete(const struct tsl_metric_input *input, int factor) {
  return input->factor_sizes == NULL || input->factor_sizes[factor] > 0;
}

/* One column: every latent against one factor. */
static enum tsl_status inform(struct tsl__information *out,
                              const struct tsl_metric_input *input,
                              const struct tsl__partition *latents, int factor,
                              int32_t *scratch, struct tsl_error *err) {
  struct tsl__partition values = {0};
  enum tsl_status status =
      number_values(input->factors + factor, input->factor_count, input->points,
                    is_discrete(input, factor), scratch, &values, err);
  if (status == TSL_OK)
    out->entropy[factor] = tsl__entropy(values.sizes, values.count, input->points);
  for (int64_t a = 0; a < input->latent && status == TSL_OK; a++) {
    int64_t *counts = NULL;
    status = tsl__contingency(&latents[a], &values, input->points, &counts, err);
    if (status != TSL_OK)
      break;
    struct tsl__table table = {input->points, latents[a].count, values.count,
                               counts,        latents[a].sizes, values.sizes};
    out->information[a * input->factor_count + factor] = tsl__table_information(&table);
    free(counts);
  }
  tsl__partition_release(&values);
  return status;
}

enum tsl_status tsl__information_init(struct tsl__information *out,
                                      const struct tsl_metric_input *input,
                                      struct tsl_error *err) {
  struct tsl__information result = {.latent = input->latent,
                                    .factor_count = input->factor_count};
  struct tsl__partition *latents = NULL;
  int32_t *scratch = NULL;
  size_t latent = (size_t)input->latent, factors = (size_t)input->factor_count;
  enum tsl_status status =
      tsl_allocate((void **)&result.information, latent, factors * sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&result.entropy, factors, sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&scratch, (size_t)input->points, sizeof *scratch, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&latents, latent, sizeof *latents, err);
  for (int64_t a = 0; a < input->latent && status == TSL_OK; a++)
    status = number_values(input->codes + a, input->latent, input->points,
                           /*discrete=*/false, scratch, &latents[a], err);
  for (int j = 0; j < input->factor_count && status == TSL_OK; j++)
    status = inform(&result, input, latents, j, scratch, err);
  for (int64_t a = 0; latents != NULL && a < input->latent; a++)
    tsl__partition_release(&latents[a]);
  free(latents);
  free(scratch);
  if (status == TSL_OK)
    *out = result;
  else
    tsl__information_release(&result);
  return status;
}

void tsl__information_release(struct tsl__information *information) {
  free(information->information);
  free(information->entropy);
  *information = (struct tsl__information){0};
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

enum tsl_status tsl__index_values(double *values, int64_t stride, int64_t points,
                                  struct tsl_error *err) {
  double *sorted = NULL;
  size_t count = 0;
  TSL_TRY(tsl_allocate((void **)&sorted, (size_t)points, sizeof *sorted, err));
  for (int64_t i = 0; i < points; i++)
    sorted[i] = values[i * stride];
  qsort(sorted, (size_t)points, sizeof *sorted, compare_doubles);
  for (int64_t i = 0; i < points; i++)
    if (i == 0 || sorted[i] != sorted[count - 1])
      sorted[count++] = sorted[i];
  for (int64_t i = 0; i < points; i++) {
    const double *found =
        bsearch(&values[i * stride], sorted, count, sizeof *sorted, compare_doubles);
    values[i * stride] = (double)(found - sorted);
  }
  free(sorted);
  return TSL_OK;
}

double tsl__mean_gap(const double *matrix, int64_t rows, int columns,
                     const double *scale) {
  double total = 0;
  for (int j = 0; j < columns; j++) {
    double first = -(double)INFINITY, second = -(double)INFINITY;
    for (int64_t a = 0; a < rows; a++) {
      double value = matrix[a * columns + j];
      if (value > first) {
        second = first;
        first = value;
      } else {
        second = fmax(second, value);
      }
    }
    total += (first - second) / (scale != NULL ? scale[j] : 1);
  }
  return total / columns;
}

bool tsl__gap_defined(const struct tsl_metric_input *input, struct tsl_text *reason) {
  if (input->latent < 2) {
    tsl_text_add(reason, "a gap needs two latents");
    return false;
  }
  for (int j = 0; j < input->factor_count; j++) {
    bool constant = true;
    for (int64_t i = 1; i < input->points && constant; i++)
      constant = input->factors[i * input->factor_count + j] == input->factors[j];
    if (constant) {
      tsl_text_format(reason, "factor %d never changes in the points", j);
      return false;
    }
  }
  return true;
}
