#include "compare/score_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void tsl__score_file_note(struct tsl__score_file *file, const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (file->notes.length > 0)
    tsl_text_add(&file->notes, ", ");
  tsl_text_add_json(&file->notes, line);
}

static enum tsl_status wrong_shape(const struct tsl__score_file *file,
                                   const struct tsl_array *array, int rank,
                                   const int64_t *dims, struct tsl_error *err) {
  struct tsl_text found = {0}, expected = {0};
  for (int i = 0; i < array->rank; i++)
    tsl_text_format(&found, "%s%lld", i > 0 ? ", " : "", (long long)array->dims[i]);
  for (int i = 0; i < rank; i++) {
    if (dims[i] >= 0)
      tsl_text_format(&expected, "%s%lld", i > 0 ? ", " : "", (long long)dims[i]);
    else
      tsl_text_format(&expected, "%sat least 1", i > 0 ? ", " : "");
  }
  enum tsl_status status =
      tsl_error_set(err, TSL_BAD_INPUT, file->path, "%s has the shape [%s], not [%s]",
                    array->name, found.length > 0 ? found.bytes : "", expected.bytes);
  tsl_text_release(&found);
  tsl_text_release(&expected);
  return status;
}

enum tsl_status tsl__score_file_read(struct tsl__score_file *file, const char *name,
                                     enum tsl_array_type type, int rank, int64_t *dims,
                                     struct tsl_array *out, struct tsl_error *err) {
  if (!tsl_h5_has(file->reader, name))
    return tsl_error_set(err, TSL_BAD_INPUT, file->path,
                         "has no dataset %s; `teasel score-file --help` lists what is "
                         "needed for which score",
                         name);
  struct tsl_array described = {0};
  TSL_TRY(tsl_h5_describe(file->reader, name, &described, err));
  snprintf(described.name, sizeof described.name, "%s", name);
  bool fits = described.rank == rank;
  for (int i = 0; i < rank && fits; i++)
    fits = dims[i] >= 0 ? described.dims[i] == dims[i] : described.dims[i] >= 1;
  if (!fits)
    return wrong_shape(file, &described, rank, dims, err);
  TSL_TRY(tsl_h5_read(file->reader, name, type, out, err));
  snprintf(out->name, sizeof out->name, "%s", name);
  for (int i = 0; i < rank; i++)
    dims[i] = out->dims[i];
  return TSL_OK;
}

enum tsl_status tsl__score_file_finite(const struct tsl__score_file *file,
                                       const struct tsl_array *array,
                                       struct tsl_error *err) {
  const double *values = array->data;
  int64_t count = tsl_array_count(array);
  for (int64_t i = 0; i < count; i++)
    if (!isfinite(values[i]))
      return tsl_error_set(
          err, TSL_BAD_INPUT, file->path,
          "%s holds a value that is not finite in row %lld; leave such points out",
          array->name, (long long)(array->rank > 1 ? i / (count / array->dims[0]) : i));
  return TSL_OK;
}

/* Which parts the datasets ask for; none is an error. */
static enum tsl_status score_parts(struct tsl__score_file *file, struct tsl_error *err) {
  bool latents = tsl_h5_has(file->reader, "/mu");
  bool variances = tsl_h5_has(file->reader, "/logvar");
  bool factors = tsl_h5_has(file->reader, "/factors");
  bool clusters = tsl_h5_has(file->reader, "/x") || tsl_h5_has(file->reader, "/pred");
  bool udr = variances || (latents && !factors);
  if (!udr && !factors && !clusters)
    return tsl_error_set(
        err, TSL_BAD_INPUT, file->path,
        "holds nothing to score: needs /mu and /logvar, or /x, /pred and "
        "/true, or /mu and /factors");
  if (udr)
    TSL_TRY(tsl__score_file_udr(file, err));
  if (clusters)
    TSL_TRY(tsl__score_file_clusters(file, err));
  if (factors && udr)
    tsl__score_file_note(file, "/factors is not scored beside /logvar: MIG and SAP need "
                               "/mu of one model");
  else if (factors)
    TSL_TRY(tsl__score_file_factors(file, err));
  return TSL_OK;
}

static enum tsl_status score(struct tsl__score_file *file, struct tsl_error *err) {
  TSL_TRY(tsl_h5_open(file->path, &file->reader, err));
  tsl_text_add(&file->out, "{");
  TSL_TRY(score_parts(file, err));
  tsl__json_key(&file->out, "notes");
  tsl_text_format(&file->out, "[%s]}\n", file->notes.length > 0 ? file->notes.bytes : "");
  if (file->out.failed || file->notes.failed)
    return tsl_error_set(err, TSL_MEMORY, file->path, "out of memory for the result");
  return TSL_OK;
}

enum tsl_status tsl_score_file(const char *path,
                               const struct tsl_score_file_options *options,
                               struct tsl_team *team, struct tsl_text *out,
                               struct tsl_error *err) {
  struct tsl__score_file file = {.path = path, .team = team, .options = options};
  if (tsl_team_index(team) > 0)
    return tsl__score_file_help(team, err);
  enum tsl_status status = score(&file, err);
  status = tsl__score_file_dismiss(&file, status, err);
  if (file.reader != NULL)
    tsl_h5_close(file.reader);
  tsl_text_release(&file.notes);
  if (status == TSL_OK)
    *out = file.out;
  else
    tsl_text_release(&file.out);
  return status;
}
