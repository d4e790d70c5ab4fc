/* SAP for discrete factors (Kumar et al. 2018): the gap of test accuracies of linear
 * support vector machines that see one latent each, C = 0.01, balanced classes.
 *
 * The machine is liblinear's: one class against the rest, min over w, b of (w^2 + b^2)/2
 * + sum_i C_i max(0, 1 - t_i (w x_i + b))^2, the intercept penalised too; C_i is C times
 * the class's weight for its own points and C for the rest (with two classes both have
 * their weights). Newton's method on this piecewise quadratic ends at its minimum. */
#include "metric/factor.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

static const double STRENGTH = 0.01;

struct machine {
  const double *x; /* (points), stride apart */
  int64_t stride, points;
  const int32_t *group; /* (points) */
  int32_t positive;
  double positive_strength, negative_strength;
};

static double margin(const struct machine *m, int64_t i, double w, double b, double *t,
                     double *strength) {
  bool own = m->group[i] == m->positive;
  *t = own ? 1 : -1;
  *strength = own ? m->positive_strength : m->negative_strength;
  return 1 - *t * (w * m->x[i * m->stride] + b);
}

static double objective(const struct machine *m, double w, double b) {
  double sum = (w * w + b * b) / 2, t, strength;
  for (int64_t i = 0; i < m->points; i++) {
    double left = margin(m, i, w, b, &t, &strength);
    sum += left > 0 ? strength * left * left : 0;
  }
  return sum;
}

/* Newton's step from (w, b); returns the gradient's size. */
static double newton_step(const struct machine *m, double w, double b, double step[2]) {
  double g_w = w, g_b = b, h_ww = 1, h_wb = 0, h_bb = 1, t, strength;
  for (int64_t i = 0; i < m->points; i++) {
    double left = margin(m, i, w, b, &t, &strength);
    if (left <= 0)
      continue;
    double x = m->x[i * m->stride];
    g_w -= 2 * strength * t * left * x;
    g_b -= 2 * strength * t * left;
    h_ww += 2 * strength * x * x;
    h_wb += 2 * strength * x;
    h_bb += 2 * strength;
  }
  double determinant = h_ww * h_bb - h_wb * h_wb;
  step[0] = (h_bb * g_w - h_wb * g_b) / determinant;
  step[1] = (h_ww * g_b - h_wb * g_w) / determinant;
  return fmax(fabs(g_w), fabs(g_b));
}

static void train(const struct machine *m, double *w, double *b) {
  enum { STEPS = 200, HALVINGS = 50 };
  *w = *b = 0;
  double value = objective(m, 0, 0), start = -1;
  for (int k = 0; k < STEPS; k++) {
    double step[2];
    double slope = newton_step(m, *w, *b, step);
    start = start < 0 ? slope : start;
    if (slope <= 1e-13 * start || slope == 0)
      return;
    double length = 1;
    int halving = 0;
    for (; halving < HALVINGS; halving++, length /= 2) {
      double next = objective(m, *w - length * step[0], *b - length * step[1]);
      if (next < value) {
        value = next;
        break;
      }
    }
    if (halving == HALVINGS) /* flat to the last bit */
      return;
    *w -= length * step[0];
    *b -= length * step[1];
  }
}

/* One latent's machines for one factor: (machines) each. */
static int train_all(const struct tsl_metric_input *input, int64_t a,
                     const struct tsl__partition *truth, double *w, double *b) {
  struct machine m = {.x = input->codes + a,
                      .stride = input->latent,
                      .points = input->points,
                      .group = truth->group};
  int machines = truth->count == 2 ? 1 : truth->count;
  for (int k = 0; k < machines; k++) {
    m.positive = truth->count == 2 ? 1 : k;
    double share = (double)input->points / truth->count;
    m.positive_strength = STRENGTH * share / (double)truth->sizes[m.positive];
    m.negative_strength =
        truth->count == 2 ? STRENGTH * share / (double)truth->sizes[0] : STRENGTH;
    train(&m, &w[k], &b[k]);
  }
  return machines;
}

/* Equally frequent classes tie on a latent that tells nothing: the lowest wins then, not
 * the last bit. */
static bool beats(double value, double other) {
  return value - other > 1e-12 * (fabs(value) + fabs(other));
}

static double accuracy(const struct tsl_metric_input *input, int64_t a, int j,
                       const struct tsl__partition *truth, double *w, double *b) {
  int machines = train_all(input, a, truth, w, b);
  int64_t right = 0;
  for (int64_t i = 0; i < input->test_points; i++) {
    double x = input->test_codes[i * input->latent + a];
    int best = machines == 1 && w[0] * x + b[0] > 0;
    for (int k = 1; k < machines; k++)
      best = beats(w[k] * x + b[k], w[best] * x + b[best]) ? k : best;
    right +=
        truth->labels[best] == (int32_t)input->test_factors[i * input->factor_count + j];
  }
  return (double)right / (double)input->test_points;
}

/* Accuracy of every latent for factor j. */
static enum tsl_status fill_column(const struct tsl_metric_input *input, int j,
                                   double *matrix, struct tsl_error *err) {
  struct tsl__partition truth = {0};
  int32_t *values = NULL;
  double *weights = NULL;
  enum tsl_status status =
      tsl_allocate((void **)&values, (size_t)input->points, sizeof *values, err);
  if (status != TSL_OK)
    return status;
  for (int64_t i = 0; i < input->points; i++)
    values[i] = (int32_t)input->factors[i * input->factor_count + j];
  status = tsl__partition_init(&truth, values, input->points, err);
  if (status == TSL_OK)
    status =
        tsl_allocate((void **)&weights, 2 * (size_t)truth.count, sizeof(double), err);
  for (int64_t a = 0; a < input->latent && status == TSL_OK; a++)
    matrix[a * input->factor_count + j] =
        accuracy(input, a, j, &truth, weights, weights + truth.count);
  free(weights);
  free(values);
  tsl__partition_release(&truth);
  return status;
}

enum tsl_status tsl__sap_discrete_matrix(const struct tsl_metric_input *input,
                                         double **out, struct tsl_error *err) {
  TSL_TRY(tsl_allocate((void **)out, (size_t)input->latent,
                       (size_t)input->factor_count * sizeof(double), err));
  enum tsl_status status = TSL_OK;
  for (int j = 0; j < input->factor_count && status == TSL_OK; j++)
    status = fill_column(input, j, *out, err);
  if (status != TSL_OK) {
    free(*out);
    *out = NULL;
  }
  return status;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  double *matrix = NULL;
  *out = (double)NAN;
  for (int j = 0; input->factor_sizes != NULL && j < input->factor_count; j++) {
    if (input->factor_sizes[j] == 0) {
      tsl_text_format(reason, "factor %d is continuous", j);
      return TSL_OK;
    }
  }
  if (!tsl__gap_defined(input, reason))
    return TSL_OK;
  TSL_TRY(tsl__sap_discrete_matrix(input, &matrix, err));
  *out = tsl__mean_gap(matrix, input->latent, input->factor_count, NULL);
  free(matrix);
  return TSL_OK;
}

const struct tsl_metric tsl_metric_sap_discrete = {
    .name = "sap_discrete",
    .summary = "SAP: mean gap of the two best test accuracies of linear support vector "
               "machines on single latents, C = 0.01, balanced (Kumar et al. 2018).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_FACTORS | TSL_METRIC_NEEDS_TEST,
    .compute = compute};
