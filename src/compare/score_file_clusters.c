#include "compare/score_file.h"

#include "metric/cluster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct inputs {
  struct tsl_array codes;            /* (n, d) */
  struct tsl_array clusters, labels; /* (n) */
  struct tsl_array responsibilities; /* (n, clusters), data NULL when there are none */
};

static enum tsl_status read_inputs(struct tsl__score_file *file, struct inputs *in,
                                   struct tsl_error *err) {
  int64_t dims[2] = {-1, -1};
  TSL_TRY(tsl__score_file_read(file, "/x", TSL_ARRAY_F64, 2, dims, &in->codes, err));
  TSL_TRY(tsl__score_file_finite(file, &in->codes, err));
  TSL_TRY(
      tsl__score_file_read(file, "/pred", TSL_ARRAY_I32, 1, dims, &in->clusters, err));
  TSL_TRY(tsl__score_file_read(file, "/true", TSL_ARRAY_I32, 1, dims, &in->labels, err));
  if (!tsl_h5_has(file->reader, "/q"))
    return TSL_OK;
  dims[1] = -1;
  TSL_TRY(tsl__score_file_read(file, "/q", TSL_ARRAY_F64, 2, dims, &in->responsibilities,
                               err));
  /* Logits of -infinity (a probability of 0) are fine, NaN has no order. */
  const double *q = in->responsibilities.data;
  for (int64_t i = 0; i < dims[0] * dims[1]; i++)
    if (isnan(q[i]))
      return tsl_error_set(err, TSL_BAD_INPUT, file->path, "/q holds NaN in row %lld",
                           (long long)(i / dims[1]));
  return TSL_OK;
}

static enum tsl_status compute(struct tsl__score_file *file, const char *name,
                               const struct tsl_metric_input *input, double *value,
                               struct tsl_text *reason, struct tsl_error *err) {
  if (strcmp(name, "silhouette") == 0) /* of every pair of points */
    return tsl__score_file_silhouette(file, input, value, reason, err);
  return tsl_metric_find(name)->compute(input, value, reason, err);
}

static enum tsl_status write_metric(struct tsl__score_file *file, const char *name,
                                    const struct tsl_metric_input *input, double *value,
                                    struct tsl_error *err) {
  struct tsl_text reason = {0};
  TSL_TRY(compute(file, name, input, value, &reason, err));
  if (reason.length > 0)
    tsl__score_file_note(file, "%s is null: %s", name, reason.bytes);
  tsl_text_release(&reason);
  tsl__json_key(&file->out, name);
  tsl__json_number(&file->out, *value);
  return TSL_OK;
}

static void write_counts(struct tsl_text *out, const char *key, const int64_t *values,
                         int count) {
  tsl__json_key(out, key);
  for (int i = 0; i < count; i++)
    tsl_text_format(out, "%s%lld", i > 0 ? ", " : "[", (long long)values[i]);
  tsl_text_add(out, "]");
}

static enum tsl_status write_makhzani(struct tsl__score_file *file,
                                      const struct tsl_metric_input *input,
                                      struct tsl_error *err) {
  struct tsl__makhzani result;
  struct tsl_error why = {0};
  enum tsl_status status = tsl__makhzani_init(&result, input, &why);
  if (status != TSL_OK)
    return tsl_error_set(err, status, file->path, "%s", why.text);
  tsl__json_key(&file->out, "makhzani");
  tsl_text_add(&file->out, "{");
  tsl__json_key(&file->out, "acc");
  tsl__json_number(&file->out, result.accuracy);
  write_counts(&file->out, "representatives", result.representatives,
               input->cluster_count);
  write_counts(&file->out, "ties_at_max", result.ties, input->cluster_count);
  tsl__json_key(&file->out, "acc_over_tie_choices");
  tsl__json_array(&file->out, (const double[]){result.least, result.most},
                  (const int64_t[]){2}, 1);
  tsl_text_add(&file->out, "}");
  tsl__json_key(&file->out, "acc_makhzani");
  tsl__json_number(&file->out, result.accuracy);
  if (result.least != result.most)
    tsl__score_file_note(file, "acc_makhzani depends on which of several points with the "
                               "same largest q stands for a cluster: score logits");
  tsl__makhzani_release(&result);
  return TSL_OK;
}

static enum tsl_status count_groups(const int32_t *labels, int64_t points, int *out,
                                    struct tsl_error *err) {
  struct tsl__partition partition;
  TSL_TRY(tsl__partition_init(&partition, labels, points, err));
  *out = partition.count;
  tsl__partition_release(&partition);
  return TSL_OK;
}

static enum tsl_status write_scores(struct tsl__score_file *file,
                                    const struct tsl_metric_input *input,
                                    struct tsl_error *err) {
  static const char *const internal[] = {"davies_bouldin", "calinski_harabasz"};
  static const char *const external[] = {"acc_majority", "acc_hungarian", "nmi", "ari"};
  struct tsl_text *out = &file->out;
  int clusters = 0, labels = 0;
  double value;
  TSL_TRY(count_groups(input->clusters, input->points, &clusters, err));
  TSL_TRY(count_groups(input->labels, input->points, &labels, err));
  bool defined = clusters >= 2 && clusters < input->points;
  tsl__json_key(out, "n");
  tsl_text_format(out, "%lld", (long long)input->points);
  tsl__json_key(out, "d");
  tsl_text_format(out, "%lld", (long long)input->latent);
  tsl__json_key(out, "status");
  tsl_text_add(out, defined ? "\"ok\"" : "\"undefined\"");
  TSL_TRY(write_metric(file, "silhouette", input, &value, err));
  tsl__json_key(out, "silhouette_direct");
  tsl__json_number(out, value);
  for (size_t i = 0; i < sizeof internal / sizeof *internal; i++)
    TSL_TRY(write_metric(file, internal[i], input, &value, err));
  for (size_t i = 0; i < sizeof external / sizeof *external; i++)
    TSL_TRY(write_metric(file, external[i], input, &value, err));
  tsl__json_key(out, "n_clusters_used");
  tsl_text_format(out, "%d", clusters);
  tsl__json_key(out, "n_true_labels");
  tsl_text_format(out, "%d", labels);
  return input->responsibilities != NULL ? write_makhzani(file, input, err) : TSL_OK;
}

enum tsl_status tsl__score_file_clusters(struct tsl__score_file *file,
                                         struct tsl_error *err) {
  struct inputs in = {0};
  enum tsl_status status = read_inputs(file, &in, err);
  if (status == TSL_OK) {
    struct tsl_metric_input input = {.points = in.codes.dims[0],
                                     .latent = in.codes.dims[1],
                                     .codes = in.codes.data,
                                     .clusters = in.clusters.data,
                                     .labels = in.labels.data,
                                     .responsibilities = in.responsibilities.data,
                                     .cluster_count = (int)in.responsibilities.dims[1]};
    status = write_scores(file, &input, err);
  }
  tsl_array_release(&in.codes);
  tsl_array_release(&in.clusters);
  tsl_array_release(&in.labels);
  tsl_array_release(&in.responsibilities);
  return status;
}
