#include "teasel/classify.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool tsl_cut_is_bad(const struct tsl_cut *cut, double value) {
  return cut->bad_above ? value > cut->threshold : value < cut->threshold;
}

/* ---- which points are labelled ---- */

struct tsl_stream tsl_classify_stream(int64_t seed) {
  return (struct tsl_stream){
      .seed = (uint64_t)seed, .purpose = TSL_PURPOSE_SCORE, .sub = 1000};
}

static enum tsl_status choose_labelled(const struct tsl_classify_request *request,
                                       struct tsl_classification *out,
                                       struct tsl_error *err) {
  int64_t counts[2] = {0, 0}, wanted = request->labels / 2;
  void *order = NULL, *labelled = NULL;
  for (int64_t i = 0; i < request->points; i++)
    counts[request->bad[i]]++;
  if (counts[0] <= wanted || counts[1] <= wanted)
    return tsl_error_set(
        err, TSL_BAD_INPUT, "--labels",
        "%lld labelled points of each class are asked for, but there are "
        "%lld good and %lld bad ones, and some must be left to judge by",
        (long long)wanted, (long long)counts[0], (long long)counts[1]);
  TSL_TRY(tsl_allocate(&labelled, (size_t)request->points, sizeof(bool), err));
  out->labelled = labelled;
  TSL_TRY(tsl_allocate(&order, (size_t)request->points, sizeof(int64_t), err));
  const int64_t *at = order;
  tsl_random_permutation(&request->stream, 0, request->points, order);
  int64_t taken[2] = {0, 0};
  for (int64_t i = 0; i < request->points; i++)
    if (taken[request->bad[at[i]]] < wanted) {
      taken[request->bad[at[i]]]++;
      out->labelled[at[i]] = true;
    }
  out->labelled_count = 2 * wanted;
  free(order);
  return TSL_OK;
}

/* ---- informative latents ---- */

static enum tsl_status find_informative(const struct tsl_classify_request *request,
                                        struct tsl_classification *out,
                                        struct tsl_error *err) {
  size_t latent = (size_t)request->latent;
  void *kl = NULL, *features = NULL;
  TSL_TRY(tsl_allocate(&kl, latent, sizeof(double), err));
  out->kl = kl;
  TSL_TRY(tsl_allocate(&features, latent, sizeof(int), err));
  out->features = features;
  for (size_t a = 0; a < latent; a++) {
    double sum = 0;
    for (int64_t i = 0; i < request->points; i++) {
      double mean = (double)request->mean[(size_t)i * latent + a];
      double log_variance = (double)request->log_variance[(size_t)i * latent + a];
      sum += (mean * mean + exp(log_variance) - log_variance - 1) / 2;
    }
    out->kl[a] = sum / (double)request->points;
    if (out->kl[a] > request->informative_kl && isfinite(out->kl[a]))
      out->features[out->cut_count++] = (int)a;
  }
  if (out->cut_count == 0)
    return tsl_error_set(err, TSL_BAD_INPUT, "--run",
                         "the run has no informative latent (mean KL above %g), so there "
                         "is nothing to classify by; choose another run",
                         request->informative_kl);
  return TSL_OK;
}

/* ---- one latent and a threshold ---- */

struct labelled_value {
  double value;
  bool bad;
};

static int by_value(const void *a, const void *b) {
  double left = ((const struct labelled_value *)a)->value;
  double right = ((const struct labelled_value *)b)->value;
  return (left > right) - (left < right);
}

/* The best threshold between two neighbouring values, in both directions; of equally good
 * ones that in the widest gap. values: (count), both classes with `half` points. */
static struct tsl_cut best_cut(struct labelled_value *values, int64_t count, int latent) {
  struct tsl_cut best = {.latent = latent, .threshold = values[0].value};
  int64_t best_right = -1, bad_below = 0, bad = 0;
  double best_gap = 0;
  qsort(values, (size_t)count, sizeof *values, by_value);
  for (int64_t i = 0; i < count; i++)
    bad += values[i].bad;
  for (int64_t i = 0; i + 1 < count; i++) {
    bad_below += values[i].bad;
    double gap = values[i + 1].value - values[i].value;
    if (!(gap > 0))
      continue;
    /* Classes are of one size, so balanced accuracy is right / count. */
    int64_t good_below = i + 1 - bad_below;
    int64_t right_above = good_below + (bad - bad_below);
    for (int above = 0; above < 2; above++) {
      int64_t right = above ? right_above : count - right_above;
      if (right < best_right || (right == best_right && !(gap > best_gap)))
        continue;
      best_right = right;
      best_gap = gap;
      best.bad_above = above;
      best.threshold = values[i].value + gap / 2;
    }
  }
  return best;
}

static void judge_cut(const struct tsl_classify_request *request,
                      const struct tsl_classification *out, struct tsl_cut *cut) {
  for (int64_t i = 0; i < request->points; i++) {
    double value = (double)request->mean[i * request->latent + cut->latent];
    tsl_confusion_add(out->labelled[i] ? &cut->labelled : &cut->rest, request->bad[i],
                      tsl_cut_is_bad(cut, value));
  }
}

/* Falling balanced accuracy of the labelled points, then rising latent. */
static int by_merit(const void *a, const void *b) {
  const struct tsl_cut *left = a, *right = b;
  double one = tsl_confusion_balanced_accuracy(&left->labelled);
  double other = tsl_confusion_balanced_accuracy(&right->labelled);
  if (one != other)
    return one < other ? 1 : -1;
  return left->latent - right->latent;
}

static enum tsl_status find_cuts(const struct tsl_classify_request *request,
                                 struct tsl_classification *out, struct tsl_error *err) {
  void *memory = NULL, *cuts = NULL;
  TSL_TRY(tsl_allocate(&cuts, (size_t)out->cut_count, sizeof *out->cuts, err));
  out->cuts = cuts;
  TSL_TRY(tsl_allocate(&memory, (size_t)out->labelled_count,
                       sizeof(struct labelled_value), err));
  struct labelled_value *values = memory;
  for (int k = 0; k < out->cut_count; k++) {
    int64_t count = 0;
    for (int64_t i = 0; i < request->points; i++)
      if (out->labelled[i])
        values[count++] = (struct labelled_value){
            (double)request->mean[i * request->latent + out->features[k]],
            request->bad[i]};
    out->cuts[k] = best_cut(values, count, out->features[k]);
    judge_cut(request, out, &out->cuts[k]);
  }
  qsort(out->cuts, (size_t)out->cut_count, sizeof *out->cuts, by_merit);
  free(values);
  return TSL_OK;
}

/* ---- logistic regression on all informative latents ---- */

static void measure_features(const struct tsl_classify_request *request,
                             struct tsl_classification *out) {
  double n = (double)out->labelled_count;
  for (int k = 0; k < out->cut_count; k++) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < request->points; i++)
      if (out->labelled[i])
        sum += (double)request->mean[i * request->latent + out->features[k]];
    double mean = sum / n;
    for (int64_t i = 0; i < request->points; i++)
      if (out->labelled[i]) {
        double d = (double)request->mean[i * request->latent + out->features[k]] - mean;
        square += d * d;
      }
    out->feature_mean[k] = mean;
    out->feature_deviation[k] = square > 0 ? sqrt(square / n) : 1;
  }
}

/* x: (points, cut_count), standardised; the labelled ones first in train_x, train_y. */
static enum tsl_status fit_logistic(const struct tsl_classify_request *request,
                                    struct tsl_classification *out, double *x,
                                    double *train_x, int32_t *train_y,
                                    double *probabilities, struct tsl_error *err) {
  int64_t features = out->cut_count, count = 0;
  for (int64_t i = 0; i < request->points; i++) {
    for (int64_t k = 0; k < features; k++)
      x[i * features + k] =
          ((double)request->mean[i * request->latent + out->features[k]] -
           out->feature_mean[k]) /
          out->feature_deviation[k];
    if (!out->labelled[i])
      continue;
    memcpy(train_x + count * features, x + i * features, (size_t)features * sizeof *x);
    train_y[count++] = request->bad[i];
  }
  struct tsl_logistic_request fit = {.x = train_x,
                                     .y = train_y,
                                     .points = count,
                                     .features = features,
                                     .classes = 2,
                                     .strength = 1};
  TSL_TRY(tsl_logistic_fit(&fit, &out->logistic, err));
  tsl_logistic_probabilities(&out->logistic, x, request->points, probabilities);
  for (int64_t i = 0; i < request->points; i++) {
    out->bad_probability[i] = probabilities[2 * i + 1];
    tsl_confusion_add(out->labelled[i] ? &out->logistic_labelled : &out->logistic_rest,
                      request->bad[i], out->bad_probability[i] > 0.5);
  }
  return TSL_OK;
}

static enum tsl_status classify_together(const struct tsl_classify_request *request,
                                         struct tsl_classification *out,
                                         struct tsl_error *err) {
  size_t points = (size_t)request->points, features = (size_t)out->cut_count;
  size_t labelled = (size_t)out->labelled_count;
  void *mean = NULL, *deviation = NULL, *bad = NULL, *x = NULL, *train_x = NULL;
  void *train_y = NULL, *probabilities = NULL;
  TSL_TRY(tsl_allocate(&mean, features, sizeof(double), err));
  out->feature_mean = mean;
  TSL_TRY(tsl_allocate(&deviation, features, sizeof(double), err));
  out->feature_deviation = deviation;
  TSL_TRY(tsl_allocate(&bad, points, sizeof(double), err));
  out->bad_probability = bad;
  measure_features(request, out);
  enum tsl_status status = tsl_allocate(&x, points * features, sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate(&train_x, labelled * features, sizeof(double), err);
  if (status == TSL_OK)
    status = tsl_allocate(&train_y, labelled, sizeof(int32_t), err);
  if (status == TSL_OK)
    status = tsl_allocate(&probabilities, 2 * points, sizeof(double), err);
  if (status == TSL_OK)
    status = fit_logistic(request, out, x, train_x, train_y, probabilities, err);
  free(x);
  free(train_x);
  free(train_y);
  free(probabilities);
  return status;
}

/* ---- the face ---- */

enum tsl_status tsl_classify(const struct tsl_classify_request *request,
                             struct tsl_classification *out, struct tsl_error *err) {
  struct tsl_classification made = {.points = request->points, .latent = request->latent};
  enum tsl_status status = choose_labelled(request, &made, err);
  if (status == TSL_OK)
    status = find_informative(request, &made, err);
  if (status == TSL_OK)
    status = find_cuts(request, &made, err);
  if (status == TSL_OK)
    status = classify_together(request, &made, err);
  if (status == TSL_OK)
    *out = made;
  else
    tsl_classification_release(&made);
  return status;
}

void tsl_classification_release(struct tsl_classification *classification) {
  free(classification->labelled);
  free(classification->kl);
  free(classification->cuts);
  free(classification->features);
  free(classification->feature_mean);
  free(classification->feature_deviation);
  free(classification->bad_probability);
  tsl_logistic_release(&classification->logistic);
  *classification = (struct tsl_classification){0};
}

/* A narrower group counts before a wider one, as UDR is at most 1. */
static double merit(const struct tsl_scores *scores, enum tsl_udr_form form, int run) {
  for (int similarity = 0; similarity < TSL_SIMILARITY_COUNT; similarity++)
    for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++) {
      const double *udr = scores->udr[similarity][form][group];
      if (udr == NULL && form != TSL_UDR_LIB)
        udr = scores->udr[similarity][TSL_UDR_LIB][group];
      if (udr != NULL && isfinite(udr[run]))
        return udr[run] + (TSL_UDR_GROUP_COUNT - 1 - group);
    }
  return -1;
}

int tsl_scores_best_run(const struct tsl_scores *scores, enum tsl_udr_form form) {
  const char *diverged = tsl_outcome_word(TSL_OUTCOME_DIVERGED);
  int best = -1;
  for (int run = 0; run < scores->run_count; run++)
    if (strcmp(scores->runs[run].outcome, diverged) != 0 &&
        merit(scores, form, run) >= 0 &&
        (best < 0 || merit(scores, form, run) > merit(scores, form, best)))
      best = run;
  return best;
}
