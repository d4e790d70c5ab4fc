#include "report/correlation_data.h"

#include <math.h>

static bool is_half(enum tsl_similarity similarity) {
  return similarity == TSL_SPEARMAN;
}

bool tsl__pair_is_kept(const struct tsl__report_data *data, enum tsl__report_pairs scope,
                       int other, int target) {
  const struct tsl__report_run *a = &data->runs[other], *b = &data->runs[target];
  if (scope == TSL__PAIRS_FAMILY)
    return a->family == b->family;
  return scope == TSL__PAIRS_ALL || a->setting == b->setting;
}

/* The informative ones of those that are shown; out: (TSL__LATENTS_SHOWN). */
static int list_informative(const struct tsl__report_data *data, int run, int *out) {
  int shown[TSL__LATENTS_SHOWN], informative = 0;
  int count = tsl__report_latents_shown(data, run, shown);
  for (int a = 0; a < count; a++)
    if (tsl__report_is_informative(data, run, shown[a]))
      out[informative++] = shown[a];
  return informative;
}

static int informative_count(const struct tsl__report_data *data, int run) {
  int informative[TSL__LATENTS_SHOWN];
  return list_informative(data, run, informative);
}

static int64_t value_count(const struct tsl__report_data *data,
                           enum tsl_similarity similarity, enum tsl__report_pairs scope,
                           const int *order, int count) {
  int64_t values = 0;
  for (int k = 0; k < count; k++)
    for (int i = is_half(similarity) ? k : 0; i < count; i++)
      if (tsl__pair_is_kept(data, scope, order[k], order[i]))
        values += (int64_t)informative_count(data, order[k]) *
                  informative_count(data, order[i]);
  return values;
}

enum tsl__report_pairs tsl__pairs_scope(const struct tsl__report_data *data,
                                        enum tsl_similarity similarity, const int *order,
                                        int count) {
  if (data->pairs != TSL__PAIRS_AUTO)
    return data->pairs;
  for (int scope = TSL__PAIRS_ALL; scope < TSL__PAIRS_SETTING; scope++)
    if (value_count(data, similarity, (enum tsl__report_pairs)scope, order, count) <=
        TSL__PAIR_VALUES_MAX)
      return (enum tsl__report_pairs)scope;
  return TSL__PAIRS_SETTING;
}

/* What a byte counts: the two digits that the page shows, or more where values pass 2.55,
 * as Lasso's weights may. */
static double step_of(const struct tsl__report_data *data,
                      enum tsl_similarity similarity) {
  const float *values = data->scores.matrices[similarity];
  size_t latents = (size_t)data->scores.latent_max;
  size_t runs = (size_t)data->scores.run_count;
  double most = 0;
  for (size_t i = 0; values != NULL && i < runs * runs * latents * latents; i++)
    if (isfinite((double)values[i]))
      most = fmax(most, (double)values[i]);
  return fmax(0.01, most / 255);
}

static void add_matrix(const struct tsl__report_data *data,
                       enum tsl_similarity similarity, int other, int target, double step,
                       struct tsl_text *bytes) {
  const float *matrix = tsl__report_matrix(data, similarity, other, target);
  int rows[TSL__LATENTS_SHOWN], columns[TSL__LATENTS_SHOWN];
  int row_count = list_informative(data, other, rows);
  int column_count = list_informative(data, target, columns);
  for (int a = 0; a < row_count; a++)
    for (int b = 0; b < column_count; b++) {
      double value = (double)matrix[rows[a] * data->scores.latent_max + columns[b]];
      unsigned char byte = (unsigned char)lround(fmin(fmax(value, 0) / step, 255));
      tsl_text_add_bytes(bytes, &byte, 1);
    }
}

void tsl__pairs_add(const struct tsl__report_data *data, enum tsl_similarity similarity,
                    const int *order, int count, struct tsl_text *out) {
  static const char *const scopes[] = {"auto", "all", "family", "setting"};
  enum tsl__report_pairs scope = tsl__pairs_scope(data, similarity, order, count);
  double step = step_of(data, similarity);
  struct tsl_text bytes = {0}, deflated = {0};
  for (int k = 0; k < count; k++)
    for (int i = is_half(similarity) ? k : 0; i < count; i++)
      if (tsl__pair_is_kept(data, scope, order[k], order[i]))
        add_matrix(data, similarity, order[k], order[i], step, &bytes);
  tsl_text_format(out, "\"%s\":{\"half\":%s,\"scope\":\"%s\",\"step\":",
                  tsl_similarity_word(similarity), is_half(similarity) ? "true" : "false",
                  scopes[scope]);
  tsl_text_add_json_number(out, step);
  tsl_text_add(out, ",\"base64\":\"");
  tsl_text_add_deflated(&deflated, bytes.bytes != NULL ? bytes.bytes : "", bytes.length);
  tsl_text_add_base64(out, deflated.bytes, deflated.length);
  tsl_text_add(out, "\"}");
  out->failed = out->failed || bytes.failed || deflated.failed;
  tsl_text_release(&bytes);
  tsl_text_release(&deflated);
}
