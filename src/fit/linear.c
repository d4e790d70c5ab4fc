#include "fit/linear.h"

#include <math.h>

bool tsl__cholesky(double *a, int64_t size) {
  for (int64_t j = 0; j < size; j++) {
    double *row = a + j * size;
    for (int64_t i = 0; i <= j; i++) {
      const double *other = a + i * size;
      double sum = row[i];
      for (int64_t k = 0; k < i; k++)
        sum -= row[k] * other[k];
      if (i < j) {
        row[i] = sum / other[i];
      } else {
        if (!(sum > 0) || !isfinite(sum))
          return false;
        row[j] = sqrt(sum);
      }
    }
  }
  return true;
}

void tsl__forward_solve(const double *factor, int64_t size, double *b) {
  for (int64_t i = 0; i < size; i++) {
    double sum = b[i];
    for (int64_t k = 0; k < i; k++)
      sum -= factor[i * size + k] * b[k];
    b[i] = sum / factor[i * size + i];
  }
}

void tsl__cholesky_solve(const double *factor, int64_t size, double *b) {
  tsl__forward_solve(factor, size, b);
  for (int64_t i = size - 1; i >= 0; i--) {
    double sum = b[i];
    for (int64_t k = i + 1; k < size; k++)
      sum -= factor[k * size + i] * b[k];
    b[i] = sum / factor[i * size + i];
  }
}

/* Turns rows and columns p and q so that a(p, q) becomes 0. */
static void rotate(double *a, double *vectors, int64_t size, int64_t p, int64_t q) {
  double off = a[p * size + q];
  if (off == 0)
    return;
  double theta = (a[q * size + q] - a[p * size + p]) / (2 * off);
  double t = (theta >= 0 ? 1.0 : -1.0) / (fabs(theta) + sqrt(theta * theta + 1));
  double c = 1 / sqrt(t * t + 1), s = t * c;
  for (int64_t k = 0; k < size; k++) {
    double x = a[k * size + p], y = a[k * size + q];
    a[k * size + p] = c * x - s * y;
    a[k * size + q] = s * x + c * y;
  }
  for (int64_t k = 0; k < size; k++) {
    double x = a[p * size + k], y = a[q * size + k];
    a[p * size + k] = c * x - s * y;
    a[q * size + k] = s * x + c * y;
  }
  for (int64_t k = 0; k < size; k++) {
    double x = vectors[p * size + k], y = vectors[q * size + k];
    vectors[p * size + k] = c * x - s * y;
    vectors[q * size + k] = s * x + c * y;
  }
}

static void sort_descending(double *values, double *vectors, int64_t size) {
  for (int64_t i = 0; i < size; i++) {
    int64_t best = i;
    for (int64_t j = i + 1; j < size; j++)
      best = values[j] > values[best] ? j : best;
    double held = values[i];
    values[i] = values[best];
    values[best] = held;
    for (int64_t k = 0; k < size; k++) {
      held = vectors[i * size + k];
      vectors[i * size + k] = vectors[best * size + k];
      vectors[best * size + k] = held;
    }
  }
}

void tsl__eigen_symmetric(double *a, int64_t size, double *values, double *vectors) {
  enum { SWEEPS = 60 }; /* convergence is quadratic: about 10 are enough */
  for (int64_t i = 0; i < size * size; i++)
    vectors[i] = i % (size + 1) == 0;
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    double off = 0, all = 0;
    for (int64_t i = 0; i < size; i++) {
      for (int64_t j = 0; j < size; j++) {
        double square = a[i * size + j] * a[i * size + j];
        all += square;
        off += i == j ? 0 : square;
      }
    }
    if (off <= 1e-32 * all)
      break;
    for (int64_t p = 0; p < size; p++)
      for (int64_t q = p + 1; q < size; q++)
        rotate(a, vectors, size, p, q);
  }
  for (int64_t i = 0; i < size; i++)
    values[i] = a[i * size + i];
  sort_descending(values, vectors, size);
}
