#include "compare/score_file.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is gathered from the pairs. */
struct gathered {
  const struct tsl_udr *udr;
  enum tsl_udr_form form;
  bool matrices;
  int64_t d;
  double *pairwise[TSL_SIMILARITY_COUNT]; /* (models, models); NULL: not scored */
  double *r[TSL_SIMILARITY_COUNT];        /* (models, models, d, d) or NULL */
  int64_t unsettled;                      /* ordered pairs whose Lasso did not end */
};

struct inputs {
  struct tsl_array mean, log_variance;    /* (models, n, d) */
  struct tsl_array family, setting, seed; /* (models) */
  int64_t dims[3];
};

static void gather(void *context, const struct tsl_udr_pair *pair) {
  struct gathered *g = context;
  int64_t models = g->udr->model_count, d = g->d;
  const bool *rows = g->udr->informative + g->udr->begin[pair->i];
  const bool *columns = g->udr->informative + g->udr->begin[pair->j];
  int64_t place = pair->i * models + pair->j;
  g->unsettled += !pair->settled;
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++) {
    if (pair->r[s] == NULL || g->pairwise[s] == NULL)
      continue;
    if (pair->i != pair->j)
      g->pairwise[s][place] = tsl_udr_score(g->form, pair->r[s], rows, d, columns, d);
    for (int64_t k = 0; g->r[s] != NULL && k < d * d; k++)
      g->r[s][place * d * d + k] = rows[k / d] && columns[k % d] ? pair->r[s][k] : 0;
  }
}

static enum tsl_status compute(struct gathered *g, struct tsl_error *err) {
  int models = g->udr->model_count;
  for (int row = 0; row < models; row += TSL_UDR_TILE) {
    for (int column = row; column < models; column += TSL_UDR_TILE) {
      struct tsl_udr_tile tile = {row, row + TSL_UDR_TILE, column, column + TSL_UDR_TILE};
      tile.row_end = tile.row_end < models ? tile.row_end : models;
      tile.column_end = tile.column_end < models ? tile.column_end : models;
      TSL_TRY(tsl_udr_tile_compute(g->udr, &tile, gather, g, err));
    }
  }
  return TSL_OK;
}

static void write_options(struct tsl_text *out, enum tsl_udr_form form) {
  tsl__json_key(out, "options");
  tsl_text_format(out,
                  "{\"score\": \"%s\", \"lasso\": \"exact\", \"alpha\": 0.1, "
                  "\"aggregate\": \"target\", \"nan_corr\": \"zero\", \"empty\": "
                  "\"zero\", \"threshold\": 0.01}",
                  tsl_udr_form_word(form));
}

/* kl, informative, n_informative, nonfinite_dims, degenerate_models. */
static enum tsl_status write_models(struct tsl__score_file *file,
                                    const struct tsl_udr *udr, int64_t d,
                                    struct tsl_error *err) {
  struct tsl_text *out = &file->out;
  int64_t models = udr->model_count, shape[2] = {models, d};
  double *flags = NULL;
  TSL_TRY(tsl_allocate((void **)&flags, (size_t)(models * d), sizeof *flags, err));
  for (int64_t i = 0; i < models * d; i++)
    flags[i] = udr->informative[i];
  tsl__json_key(out, "kl");
  tsl__json_array(out, udr->kl, shape, 2);
  tsl__json_key(out, "informative");
  tsl__json_array(out, flags, shape, 2);
  free(flags);
  tsl__json_key(out, "n_informative");
  for (int64_t m = 0; m < models; m++)
    tsl_text_format(out, "%s%d", m > 0 ? ", " : "[", udr->informative_count[m]);
  tsl_text_add(out, "]");
  tsl__json_key(out, "nonfinite_dims");
  const char *separator = "[";
  for (int64_t i = 0; i < models * d; i++) {
    if (udr->finite[i])
      continue;
    tsl_text_format(out, "%s[%lld, %lld]", separator, (long long)(i / d),
                    (long long)(i % d));
    tsl__score_file_note(file,
                         "latent %lld of model %lld has values that are not finite: "
                         "uninformative, its kl is null",
                         (long long)(i % d), (long long)(i / d));
    separator = ", ";
  }
  tsl_text_add(out, separator[0] == '[' ? "[]" : "]");
  tsl__json_key(out, "degenerate_models");
  separator = "[";
  for (int64_t m = 0; m < models; m++) {
    if (udr->informative_count[m] > 0)
      continue;
    tsl_text_format(out, "%s%lld", separator, (long long)m);
    tsl__score_file_note(file, "model %lld has no informative latent: it scores 0",
                         (long long)m);
    separator = ", ";
  }
  tsl_text_add(out, separator[0] == '[' ? "[]" : "]");
  return TSL_OK;
}

static int compare_ints(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

/* {"setting number": median over its models}, by rising number. */
static enum tsl_status write_medians(struct tsl_text *out, const int *setting, int models,
                                     const double *udr, struct tsl_error *err) {
  int *sorted = NULL;
  double *values = NULL;
  enum tsl_status status =
      tsl_allocate((void **)&sorted, (size_t)models, sizeof *sorted, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&values, (size_t)models, sizeof *values, err);
  if (status != TSL_OK)
    goto done;
  memcpy(sorted, setting, (size_t)models * sizeof *sorted);
  qsort(sorted, (size_t)models, sizeof *sorted, compare_ints);
  tsl_text_add(out, "{");
  for (int i = 0; i < models; i++) {
    if (i > 0 && sorted[i] == sorted[i - 1])
      continue;
    int count = 0;
    for (int m = 0; m < models; m++)
      if (setting[m] == sorted[i])
        values[count++] = udr[m];
    tsl_text_format(out, "%s\"%d\": ", i > 0 ? ", " : "", sorted[i]);
    tsl__json_number(out, tsl_median(values, count));
  }
  tsl_text_add(out, "}");
done:
  free(sorted);
  free(values);
  return status;
}

static enum tsl_status write_group(struct tsl__score_file *file, const double *pairwise,
                                   const int *group, const char *word, const int *setting,
                                   int models, struct tsl_error *err) {
  double *udr = NULL;
  char key[64];
  TSL_TRY(tsl_allocate((void **)&udr, (size_t)models, sizeof *udr, err));
  enum tsl_status status = tsl_udr_reduce(pairwise, models, group, 0, NULL, udr, err);
  if (status == TSL_OK) {
    snprintf(key, sizeof key, "udr_%s", word);
    tsl__json_key(&file->out, key);
    tsl__json_array(&file->out, udr, (const int64_t[]){models}, 1);
    snprintf(key, sizeof key, "median_by_setting_%s", word);
    tsl__json_key(&file->out, key);
    status = write_medians(&file->out, setting, models, udr, err);
  }
  free(udr);
  return status;
}

static void note_lone_models(struct tsl__score_file *file, const int *group,
                             const char *word, int models) {
  for (int i = 0; i < models; i++) {
    int others = -1;
    for (int k = 0; k < models; k++)
      others += group[k] == group[i];
    if (others == 0)
      tsl__score_file_note(file, "model %d is alone in its group: udr_%s is null", i,
                           word);
  }
}

static enum tsl_status write_similarity(struct tsl__score_file *file,
                                        const struct gathered *g, int similarity,
                                        int *const groups[TSL_UDR_GROUP_COUNT],
                                        struct tsl_error *err) {
  struct tsl_text *out = &file->out;
  int models = g->udr->model_count;
  tsl__json_key(out, tsl_similarity_word((enum tsl_similarity)similarity));
  tsl_text_add(out, "{");
  tsl__json_key(out, "pairwise");
  tsl__json_array(out, g->pairwise[similarity], (const int64_t[]){models, models}, 2);
  for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
    TSL_TRY(write_group(file, g->pairwise[similarity], groups[group],
                        tsl_udr_group_word((enum tsl_udr_group)group),
                        groups[TSL_UDR_SETTING], models, err));
  if (g->r[similarity] != NULL) {
    tsl__json_key(out, "R");
    tsl__json_array(out, g->r[similarity], (const int64_t[]){models, models, g->d, g->d},
                    4);
  }
  tsl_text_add(out, "}");
  return TSL_OK;
}

static enum tsl_status score(struct tsl__score_file *file, const struct inputs *in,
                             struct gathered *g, struct tsl_error *err) {
  int models = g->udr->model_count;
  int *all = NULL;
  TSL_TRY(compute(g, err));
  TSL_TRY(tsl_allocate((void **)&all, (size_t)models, sizeof *all, err));
  int *const groups[] = {in->setting.data, in->family.data, all};
  write_options(&file->out, g->form);
  tsl__json_key(&file->out, "shape");
  tsl_text_format(&file->out, "[%d, %lld, %lld]", models, (long long)in->dims[1],
                  (long long)g->d);
  enum tsl_status status = write_models(file, g->udr, g->d, err);
  for (int s = 0; s < TSL_SIMILARITY_COUNT && status == TSL_OK; s++)
    if (g->pairwise[s] != NULL)
      status = write_similarity(file, g, s, groups, err);
  for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
    note_lone_models(file, groups[group], tsl_udr_group_word((enum tsl_udr_group)group),
                     models);
  if (g->unsettled > 0)
    tsl__score_file_note(file,
                         "the Lasso of %lld ordered pairs stopped before its optimality "
                         "conditions held within 1e-10: nearly collinear latents",
                         (long long)g->unsettled);
  free(all);
  return status;
}

static enum tsl_status read_inputs(struct tsl__score_file *file, struct inputs *in,
                                   struct tsl_error *err) {
  struct tsl_array described = {0};
  enum tsl_array_type type = TSL_ARRAY_F64;
  if (tsl_h5_has(file->reader, "/mu") && tsl_h5_has(file->reader, "/logvar")) {
    TSL_TRY(tsl_h5_describe(file->reader, "/mu", &described, err));
    type = described.type;
    TSL_TRY(tsl_h5_describe(file->reader, "/logvar", &described, err));
    /* Floats stay floats; everything else is read as doubles. */
    if (type != TSL_ARRAY_F32 || described.type != TSL_ARRAY_F32)
      type = TSL_ARRAY_F64;
  }
  in->dims[0] = in->dims[1] = in->dims[2] = -1;
  TSL_TRY(tsl__score_file_read(file, "/mu", type, 3, in->dims, &in->mean, err));
  TSL_TRY(
      tsl__score_file_read(file, "/logvar", type, 3, in->dims, &in->log_variance, err));
  TSL_TRY(tsl__score_file_read(file, "/family", TSL_ARRAY_I32, 1, in->dims, &in->family,
                               err));
  TSL_TRY(tsl__score_file_read(file, "/setting", TSL_ARRAY_I32, 1, in->dims, &in->setting,
                               err));
  if (tsl_h5_has(file->reader, "/seed"))
    TSL_TRY(
        tsl__score_file_read(file, "/seed", TSL_ARRAY_I32, 1, in->dims, &in->seed, err));
  return TSL_OK;
}

static enum tsl_status prepare(const struct inputs *in, unsigned similarities,
                               struct tsl_udr *udr, struct tsl_error *err) {
  struct tsl_udr_model *models = NULL;
  int64_t size = in->dims[1] * in->dims[2];
  TSL_TRY(tsl_allocate((void **)&models, (size_t)in->dims[0], sizeof *models, err));
  for (int64_t m = 0; m < in->dims[0]; m++) {
    models[m].latent = in->dims[2];
    if (in->mean.type == TSL_ARRAY_F32) {
      models[m].mean = (const float *)in->mean.data + m * size;
      models[m].log_variance = (const float *)in->log_variance.data + m * size;
    } else {
      models[m].wide_mean = (const double *)in->mean.data + m * size;
      models[m].wide_log_variance = (const double *)in->log_variance.data + m * size;
    }
  }
  enum tsl_status status =
      tsl_udr_init(udr, models, (int)in->dims[0], in->dims[1], similarities, 0.01, err);
  free(models);
  return status;
}

enum tsl_status tsl__score_file_udr(struct tsl__score_file *file, struct tsl_error *err) {
  struct inputs in = {0};
  struct tsl_udr udr = {0};
  struct gathered g = {.udr = &udr, .form = file->options->form};
  unsigned similarities = g.form == TSL_UDR_EQ2FULL
                              ? 1u << TSL_SPEARMAN
                              : 1u << TSL_SPEARMAN | 1u << TSL_LASSO;
  enum tsl_status status = read_inputs(file, &in, err);
  if (status == TSL_OK)
    status = prepare(&in, similarities, &udr, err);
  g.d = in.dims[2];
  size_t pairs = (size_t)in.dims[0] * (size_t)in.dims[0];
  for (int s = 0; s < TSL_SIMILARITY_COUNT && status == TSL_OK; s++) {
    if (!(similarities >> s & 1u))
      continue;
    status = tsl_allocate((void **)&g.pairwise[s], pairs, sizeof(double), err);
    if (status == TSL_OK && file->options->matrices)
      status = tsl_allocate((void **)&g.r[s], pairs, (size_t)(g.d * g.d) * sizeof(double),
                            err);
  }
  if (status == TSL_OK)
    status = score(file, &in, &g, err);
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++) {
    free(g.pairwise[s]);
    free(g.r[s]);
  }
  tsl_udr_release(&udr);
  tsl_array_release(&in.mean);
  tsl_array_release(&in.log_variance);
  tsl_array_release(&in.family);
  tsl_array_release(&in.setting);
  tsl_array_release(&in.seed);
  return status;
}
