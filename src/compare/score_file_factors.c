#include "compare/score_file.h"

#include "metric/factor.h"

#include <math.h>
#include <stdlib.h>

struct inputs {
  struct tsl_array codes, factors;           /* (n, d), (n, k) */
  struct tsl_array test_codes, test_factors; /* (m, d), (m, k); data NULL without */
};

static enum tsl_status read_pair(struct tsl__score_file *file, const char *codes,
                                 const char *factors, int64_t widths[2],
                                 struct tsl_array *codes_out,
                                 struct tsl_array *factors_out, struct tsl_error *err) {
  int64_t dims[2] = {-1, widths[0]};
  TSL_TRY(tsl__score_file_read(file, codes, TSL_ARRAY_F64, 2, dims, codes_out, err));
  widths[0] = dims[1];
  dims[1] = widths[1];
  TSL_TRY(tsl__score_file_read(file, factors, TSL_ARRAY_F64, 2, dims, factors_out, err));
  widths[1] = dims[1];
  TSL_TRY(tsl__score_file_finite(file, codes_out, err));
  return tsl__score_file_finite(file, factors_out, err);
}

static enum tsl_status read_inputs(struct tsl__score_file *file, struct inputs *in,
                                   struct tsl_error *err) {
  int64_t widths[2] = {-1, -1};
  TSL_TRY(read_pair(file, "/mu", "/factors", widths, &in->codes, &in->factors, err));
  if (tsl_h5_has(file->reader, "/mu_test") || tsl_h5_has(file->reader, "/factors_test"))
    TSL_TRY(read_pair(file, "/mu_test", "/factors_test", widths, &in->test_codes,
                      &in->test_factors, err));
  const struct tsl_array *tables[] = {&in->factors, &in->test_factors};
  for (int t = 0; t < 2; t++) {
    const double *values = tables[t]->data;
    for (int64_t i = 0; values != NULL && i < tsl_array_count(tables[t]); i++)
      if (values[i] != floor(values[i]) || fabs(values[i]) > INT32_MAX)
        return tsl_error_set(err, TSL_BAD_INPUT, file->path,
                             "%s holds %g in row %lld: factors are whole numbers here, "
                             "the index of each value",
                             tables[t]->name, values[i], (long long)(i / widths[1]));
  }
  return TSL_OK;
}

/* "score": number, or null with the reason in the notes. */
static enum tsl_status write_score(struct tsl__score_file *file, const char *name,
                                   const struct tsl_metric_input *input,
                                   struct tsl_error *err) {
  struct tsl_text reason = {0};
  double value;
  tsl__json_key(&file->out, name);
  tsl_text_add(&file->out, "{");
  TSL_TRY(tsl_metric_find(name)->compute(input, &value, &reason, err));
  if (reason.length > 0)
    tsl__score_file_note(file, "%s is null: %s", name, reason.bytes);
  tsl_text_release(&reason);
  tsl__json_key(&file->out, "score");
  tsl__json_number(&file->out, value);
  return TSL_OK;
}

static enum tsl_status write_mig(struct tsl__score_file *file,
                                 const struct tsl_metric_input *input,
                                 struct tsl_error *err) {
  struct tsl__information information;
  TSL_TRY(write_score(file, "mig", input, err));
  TSL_TRY(tsl__information_init(&information, input, err));
  tsl__json_key(&file->out, "mi_nats");
  tsl__json_array(&file->out, information.information,
                  (const int64_t[]){input->latent, input->factor_count}, 2);
  tsl__json_key(&file->out, "entropy_nats");
  tsl__json_array(&file->out, information.entropy, (const int64_t[]){input->factor_count},
                  1);
  tsl__json_key(&file->out, "bins");
  tsl_text_format(&file->out, "%d}", TSL__BINS);
  tsl__information_release(&information);
  return TSL_OK;
}

static enum tsl_status
write_sap(struct tsl__score_file *file, const char *name,
          enum tsl_status (*matrix_of)(const struct tsl_metric_input *input, double **out,
                                       struct tsl_error *err),
          const struct tsl_metric_input *input, struct tsl_error *err) {
  double *matrix = NULL;
  TSL_TRY(write_score(file, name, input, err));
  TSL_TRY(matrix_of(input, &matrix, err));
  tsl__json_key(&file->out, "matrix");
  tsl__json_array(&file->out, matrix,
                  (const int64_t[]){input->latent, input->factor_count}, 2);
  tsl_text_add(&file->out, "}");
  free(matrix);
  return TSL_OK;
}

enum tsl_status tsl__score_file_factors(struct tsl__score_file *file,
                                        struct tsl_error *err) {
  struct inputs in = {0};
  enum tsl_status status = read_inputs(file, &in, err);
  struct tsl_metric_input input = {.points = in.codes.dims[0],
                                   .latent = in.codes.dims[1],
                                   .codes = in.codes.data,
                                   .factors = in.factors.data,
                                   .factor_count = (int)in.factors.dims[1],
                                   .test_points = in.test_codes.dims[0],
                                   .test_codes = in.test_codes.data,
                                   .test_factors = in.test_factors.data};
  if (status == TSL_OK)
    status = write_mig(file, &input, err);
  if (status == TSL_OK)
    status = write_sap(file, "sap_continuous", tsl__sap_continuous_matrix, &input, err);
  if (status == TSL_OK && in.test_codes.data != NULL)
    status = write_sap(file, "sap_discrete", tsl__sap_discrete_matrix, &input, err);
  else if (status == TSL_OK)
    tsl__score_file_note(file, "sap_discrete needs /mu_test and /factors_test");
  tsl_array_release(&in.codes);
  tsl_array_release(&in.factors);
  tsl_array_release(&in.test_codes);
  tsl_array_release(&in.test_factors);
  return status;
}
