#include "report/figure_log.h"

#include <math.h>
#include <stdio.h>

void tsl__log_series_read(const struct tsl_table *log, int column, int wanted,
                          struct tsl__log_series *out) {
  int steps = tsl__report_log_column(log, "step");
  out->count = 0;
  if (column < 0 || steps < 0 || log->rows < 1)
    return;
  int64_t buckets = wanted < TSL__LOG_POINTS_MAX ? wanted : TSL__LOG_POINTS_MAX;
  if (buckets > log->rows)
    buckets = log->rows;
  for (int64_t b = 0; b < buckets; b++) {
    int64_t begin = b * log->rows / buckets, end = (b + 1) * log->rows / buckets;
    double step = 0, value = 0;
    int64_t finite = 0;
    for (int64_t row = begin; row < end; row++) {
      double v = log->values[row * log->columns + column];
      if (!isfinite(v))
        continue;
      step += log->values[row * log->columns + steps];
      value += v;
      finite++;
    }
    out->step[out->count] = finite > 0 ? step / (double)finite : (double)NAN;
    out->value[out->count++] = finite > 0 ? value / (double)finite : (double)NAN;
  }
}

void tsl__log_series_read_sparse(const struct tsl_table *log, int column, int wanted,
                                 struct tsl__log_series *out) {
  int steps = tsl__report_log_column(log, "step");
  int64_t finite = 0, seen = 0;
  double step = 0, value = 0;
  out->count = 0;
  for (int64_t row = 0; column >= 0 && row < log->rows; row++)
    finite += isfinite(log->values[row * log->columns + column]) != 0;
  if (column < 0 || steps < 0 || finite == 0)
    return;
  int64_t most = wanted < TSL__LOG_POINTS_MAX ? wanted : TSL__LOG_POINTS_MAX;
  int64_t together = (finite + most - 1) / most; /* lines averaged to one point */
  for (int64_t row = 0; row < log->rows; row++) {
    double v = log->values[row * log->columns + column];
    if (!isfinite(v))
      continue;
    step += log->values[row * log->columns + steps];
    value += v;
    seen++;
    if (seen % together != 0 && seen != finite)
      continue;
    int64_t count = seen % together == 0 ? together : seen % together;
    out->step[out->count] = step / (double)count;
    out->value[out->count++] = value / (double)count;
    step = value = 0;
  }
}

double tsl__log_last(const struct tsl_table *log, const char *name) {
  int column = tsl__report_log_column(log, name);
  for (int64_t row = log->rows - 1; column >= 0 && row >= 0; row--)
    if (isfinite(log->values[row * log->columns + column]))
      return log->values[row * log->columns + column];
  return (double)NAN;
}

int tsl__log_latent_column(const struct tsl_table *log, int latent) {
  char name[16];
  snprintf(name, sizeof name, "kl_%d", latent);
  return tsl__report_log_column(log, name);
}

int tsl__log_latent_count(const struct tsl_table *log) {
  int count = 0;
  while (tsl__log_latent_column(log, count) >= 0)
    count++;
  return count;
}

double tsl__log_informative_from(const struct tsl_table *log, int latent,
                                 double threshold) {
  int column = tsl__log_latent_column(log, latent);
  int steps = tsl__report_log_column(log, "step");
  double from = NAN;
  if (column < 0 || steps < 0)
    return NAN;
  for (int64_t row = 0; row < log->rows; row++) {
    bool above = log->values[row * log->columns + column] > threshold;
    if (!above)
      from = NAN;
    else if (isnan(from))
      from = log->values[row * log->columns + steps];
  }
  return from;
}
