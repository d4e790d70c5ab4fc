/* Accuracy by the protocol of Makhzani et al. (2015, adversarial autoencoders, section
 * 5): each cluster is called what its most certain point is called. */
#include "metric/cluster.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>

/* The first point with the largest value of column k, and how many have it. */
static void find_representative(const struct tsl_metric_input *input, int k,
                                int64_t *representative, int64_t *ties) {
  const double *q = input->responsibilities + k;
  int64_t best = 0, count = 0;
  for (int64_t i = 0; i < input->points; i++) {
    if (q[i * input->cluster_count] > q[best * input->cluster_count]) {
      best = i;
      count = 0;
    }
    count += q[i * input->cluster_count] == q[best * input->cluster_count];
  }
  *representative = best;
  *ties = count;
}

/* Points of cluster k that are right when it is called like this group of labels. */
static int64_t right_when(const int64_t *table, const struct tsl__partition *truth, int k,
                          int32_t group) {
  return table[(int64_t)k * truth->count + group];
}

static void score(struct tsl__makhzani *out, const struct tsl_metric_input *input,
                  const struct tsl__partition *truth, const int64_t *table) {
  int64_t right = 0, least = 0, most = 0;
  for (int k = 0; k < input->cluster_count; k++) {
    find_representative(input, k, &out->representatives[k], &out->ties[k]);
    int64_t chosen = out->representatives[k];
    int64_t low = INT64_MAX, high = 0;
    double top = input->responsibilities[chosen * input->cluster_count + k];
    for (int64_t i = chosen; i < input->points; i++) {
      if (input->responsibilities[i * input->cluster_count + k] != top)
        continue;
      int64_t here = right_when(table, truth, k, truth->group[i]);
      low = here < low ? here : low;
      high = here > high ? here : high;
    }
    right += right_when(table, truth, k, truth->group[chosen]);
    least += low;
    most += high;
  }
  out->accuracy = (double)right / (double)input->points;
  out->least = (double)least / (double)input->points;
  out->most = (double)most / (double)input->points;
}

enum tsl_status tsl__makhzani_init(struct tsl__makhzani *out,
                                   const struct tsl_metric_input *input,
                                   struct tsl_error *err) {
  struct tsl__makhzani result = {0};
  struct tsl__partition truth = {0};
  int64_t *table = NULL;
  size_t clusters = (size_t)input->cluster_count;
  TSL_TRY(tsl__partition_init(&truth, input->labels, input->points, err));
  enum tsl_status status =
      tsl_allocate((void **)&table, clusters, (size_t)truth.count * sizeof(int64_t), err);
  for (int64_t i = 0; i < input->points && status == TSL_OK; i++) {
    int32_t k = input->clusters[i];
    if (k < 0 || k >= input->cluster_count)
      status =
          tsl_error_set(err, TSL_BAD_INPUT, NULL,
                        "point %lld is in cluster %d, but there are responsibilities "
                        "of %d clusters, counted from 0",
                        (long long)i, k, input->cluster_count);
    else
      table[(int64_t)k * truth.count + truth.group[i]]++;
  }
  if (status == TSL_OK)
    status =
        tsl_allocate((void **)&result.representatives, clusters, sizeof(int64_t), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&result.ties, clusters, sizeof(int64_t), err);
  if (status == TSL_OK) {
    score(&result, input, &truth, table);
    *out = result;
    result = (struct tsl__makhzani){0};
  }
  tsl__makhzani_release(&result);
  free(table);
  tsl__partition_release(&truth);
  return status;
}

void tsl__makhzani_release(struct tsl__makhzani *result) {
  free(result->representatives);
  free(result->ties);
  *result = (struct tsl__makhzani){0};
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  (void)reason;
  struct tsl__makhzani result;
  TSL_TRY(tsl__makhzani_init(&result, input, err));
  *out = result.accuracy;
  tsl__makhzani_release(&result);
  return TSL_OK;
}

const struct tsl_metric tsl_metric_acc_makhzani = {
    .name = "acc_makhzani",
    .summary = "Accuracy when each cluster takes the label of its point with the highest "
               "q(cluster|x), lowest index on ties (Makhzani et al. 2015).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_CLUSTERS | TSL_METRIC_NEEDS_LABELS |
             TSL_METRIC_NEEDS_RESPONSIBILITIES,
    .compute = compute};
