/* What differs between two runs: record.json, log.csv, model.h5, latents. */
#include "store/difference.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_BYTES = 448 }; /* of a run's group in latents.h5 */

/* ---- record.json ---- */

static void compare_term(const char *run, const char *name, double a, double b,
                         struct tsl_difference *out) {
  const struct tsl__spot spot = {.a = a, .b = b, .ulps = tsl_ulps_double(a, b)};
  if (spot.ulps == 0)
    return;
  tsl__difference_begin(out, run, "record.json");
  tsl_text_format(&out->lines, "held-out %s: ", name);
  tsl__spot_values(&spot, TSL_ARRAY_F64, &out->lines);
  tsl__difference_end(out);
}

/* What the training ended with; not how long it took, nor on how many ranks. */
static void compare_records(const char *run, const struct tsl_record *a,
                            const struct tsl_record *b, struct tsl_difference *out) {
  const bool same_end =
      a->outcome == b->outcome || (out->recounted && a->outcome != TSL_OUTCOME_DIVERGED &&
                                   b->outcome != TSL_OUTCOME_DIVERGED);
  out->compared++;
  if (!same_end || a->steps != b->steps) {
    tsl__difference_begin(out, run, "record.json");
    tsl_text_format(&out->lines, "%s after %lld steps, and %s after %lld",
                    tsl_outcome_word(a->outcome), (long long)a->steps,
                    tsl_outcome_word(b->outcome), (long long)b->steps);
    tsl__difference_end(out);
    return;
  }
  if (a->term_count != b->term_count) {
    tsl__difference_begin(out, run, "record.json");
    tsl_text_format(&out->lines, "%d and %d held-out terms", a->term_count,
                    b->term_count);
    tsl__difference_end(out);
    return;
  }
  if (a->weights_of_step != b->weights_of_step) {
    tsl__difference_begin(out, run, "record.json");
    tsl_text_format(&out->lines, "weights_of_step: %lld and %lld",
                    (long long)a->weights_of_step, (long long)b->weights_of_step);
    tsl__difference_end(out);
    return;
  }
  for (int i = 0; i < a->term_count; i++) {
    const int64_t before = out->count;
    compare_term(run, a->terms[i].name, a->terms[i].value, b->terms[i].value, out);
    if (out->count > before)
      return;
  }
}

/* ---- log.csv ---- */

/* Columns that tell the time are of the machine, not of the run. */
static bool is_clock(const char *column) {
  return strcmp(column, "seconds") == 0 || strcmp(column, "time") == 0 ||
         strcmp(column, "clock") == 0;
}

static int find_column(const struct tsl_table *table, const char *name) {
  for (int i = 0; i < table->columns; i++) {
    if (strcmp(table->names[i], name) == 0)
      return i;
  }
  return -1;
}

/* A column that only one of them has; NULL: none. */
static const char *odd_column(const struct tsl_table *a, const struct tsl_table *b) {
  for (int i = 0; i < a->columns; i++) {
    if (!is_clock(a->names[i]) && find_column(b, a->names[i]) < 0)
      return a->names[i];
  }
  for (int i = 0; i < b->columns; i++) {
    if (!is_clock(b->names[i]) && find_column(a, b->names[i]) < 0)
      return b->names[i];
  }
  return NULL;
}

static double value_at(const struct tsl_table *table, int64_t row, int column) {
  return table->values[row * table->columns + column];
}

/* The first column of a row that differs; -1: none. */
static int differing_column(const struct tsl_table *a, const struct tsl_table *b,
                            int64_t row, bool recounted) {
  for (int i = 0; i < a->columns; i++) {
    if (is_clock(a->names[i]) || (recounted && strcmp(a->names[i], "informative") == 0))
      continue;
    if (tsl_ulps_double(value_at(a, row, i),
                        value_at(b, row, find_column(b, a->names[i]))) != 0)
      return i;
  }
  return -1;
}

static void describe_row(const char *run, const struct tsl_table *a,
                         const struct tsl_table *b, int64_t row, int64_t differing,
                         struct tsl_difference *out) {
  const int column = differing_column(a, b, row, out->recounted);
  const int step = find_column(a, "step");
  struct tsl__spot spot = {.a = value_at(a, row, column),
                           .b = value_at(b, row, find_column(b, a->names[column]))};
  spot.ulps = tsl_ulps_double(spot.a, spot.b);
  tsl__difference_begin(out, run, "log.csv");
  if (step >= 0)
    tsl_text_format(&out->lines, "step %.0f, ", value_at(a, row, step));
  tsl_text_format(&out->lines, "%s: ", a->names[column]);
  tsl__spot_values(&spot, TSL_ARRAY_F64, &out->lines);
  tsl_text_format(&out->lines, "; %lld of %lld lines differ", (long long)differing,
                  (long long)a->rows);
  tsl__difference_end(out);
}

static void compare_tables(const char *run, const struct tsl_table *a,
                           const struct tsl_table *b, struct tsl_difference *out) {
  const char *odd = odd_column(a, b);
  const int64_t rows = a->rows < b->rows ? a->rows : b->rows;
  int64_t differing = 0, first = -1;
  out->compared++;
  if (odd != NULL) {
    tsl__difference_begin(out, run, "log.csv");
    tsl_text_format(&out->lines, "only one has the column %s", odd);
    tsl__difference_end(out);
    return;
  }
  for (int64_t i = 0; i < rows; i++) {
    if (differing_column(a, b, i, out->recounted) < 0)
      continue;
    differing++;
    first = first < 0 ? i : first;
  }
  if (first >= 0) {
    describe_row(run, a, b, first, differing, out);
  } else if (a->rows != b->rows) {
    tsl__difference_begin(out, run, "log.csv");
    tsl_text_format(&out->lines, "%lld and %lld lines, of which the first %lld are equal",
                    (long long)a->rows, (long long)b->rows, (long long)rows);
    tsl__difference_end(out);
  }
}

static bool has_file(const struct tsl_run_place *place, const char *name, char *path) {
  return tsl_file_exists(tsl_store_run_path(place->store, place->run, name, path));
}

static double step_of(const struct tsl_table *table, int64_t row) {
  return value_at(table, row, find_column(table, "step"));
}

/* Leaves of each the rows whose steps both have; true where some had to go. */
static bool keep_common_steps(struct tsl_table *a, struct tsl_table *b) {
  int64_t row_a = 0, row_b = 0, kept = 0;
  if (find_column(a, "step") < 0 || find_column(b, "step") < 0)
    return false;
  while (row_a < a->rows && row_b < b->rows) {
    const double one = step_of(a, row_a), other = step_of(b, row_b);
    if (one == other) {
      memmove(a->values + kept * a->columns, a->values + row_a * a->columns,
              (size_t)a->columns * sizeof *a->values);
      memmove(b->values + kept * b->columns, b->values + row_b * b->columns,
              (size_t)b->columns * sizeof *b->values);
      kept++;
    }
    row_a += !(one > other); /* past what is no number, too */
    row_b += !(other > one);
  }
  const bool fewer = kept < a->rows || kept < b->rows;
  a->rows = b->rows = kept;
  return fewer;
}

/* train.log_every is no option of a run: a folder's job may say another than its runs
 * were logged by. Where the log is as it was written, that is no difference of the
 * training. */
static void forgive_spacing(const struct tsl_run_place *a,
                            const struct tsl_record *record, struct tsl_table *one,
                            struct tsl_table *other, struct tsl_difference *out) {
  if (!out->lenient || record->log[0] == '\0' ||
      tsl_store_log_check(a->store, a->run, record->log, NULL) != TSL_OK ||
      !keep_common_steps(one, other))
    return;
  tsl__difference_begin(out, a->run, "log.csv");
  tsl_text_format(&out->lines,
                  "other steps were logged; the %lld lines of the same are compared\n",
                  (long long)one->rows);
}

static enum tsl_status compare_logs(const struct tsl_run_place *a,
                                    const struct tsl_record *record,
                                    const struct tsl_run_place *b,
                                    struct tsl_difference *out, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  const bool first = has_file(a, "log.csv", path), second = has_file(b, "log.csv", path);
  struct tsl_table one = {0}, other = {0};
  if (first != second && !(out->lenient && !first))
    tsl__difference_only(out, a->run, "log.csv", first);
  if (!first || !second)
    return TSL_OK;
  enum tsl_status status = tsl_store_log_read(a->store, a->run, &one, err);
  if (status == TSL_OK)
    status = tsl_store_log_read(b->store, b->run, &other, err);
  if (status == TSL_OK)
    forgive_spacing(a, record, &one, &other, out);
  if (status == TSL_OK)
    compare_tables(a->run, &one, &other, out);
  tsl_table_release(&one);
  tsl_table_release(&other);
  return status;
}

/* ---- model.h5 ---- */

/* The digest of the weights: of the file, where it is, else what the record keeps. */
static enum tsl_status weights_of(const struct tsl_run_place *place,
                                  const struct tsl_record *record, char digest[33],
                                  struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_array *params = NULL;
  size_t count = 0;
  snprintf(digest, 33, "%s", record->weights);
  if (!has_file(place, "model.h5", path))
    return TSL_OK;
  TSL_TRY(tsl_store_model_read(place->store, place->run, &params, &count, err));
  enum tsl_status status = tsl_arrays_digest(params, count, digest, err);
  for (size_t i = 0; i < count; i++)
    tsl_array_release(&params[i]);
  free(params);
  return status;
}

/* That one folder alone has the file is no difference of the runs, but what is said of
 * them rests on less. */
static void tell_lost(const struct tsl_run_place *a, const struct tsl_run_place *b,
                      bool known, struct tsl_difference *out) {
  char path[TSL_PATH_MAX];
  const bool first = has_file(a, "model.h5", path);
  if (out->lenient || first == has_file(b, "model.h5", path))
    return;
  tsl__difference_begin(out, a->run, "model.h5");
  tsl_text_format(&out->lines, "only in the %s; %s\n", first ? "first" : "second",
                  known ? "the digests of the weights are equal"
                        : "of the other's weights nothing is known");
}

static enum tsl_status
compare_digests(const struct tsl_run_place *a, const struct tsl_record *record_a,
                const struct tsl_run_place *b, const struct tsl_record *record_b,
                struct tsl_difference *out, struct tsl_error *err) {
  char one[33] = "", other[33] = "";
  TSL_TRY(weights_of(a, record_a, one, err));
  TSL_TRY(weights_of(b, record_b, other, err));
  const bool known = one[0] != '\0' && other[0] != '\0';
  out->compared += known;
  if (!known || strcmp(one, other) == 0) {
    tell_lost(a, b, known, out);
    return TSL_OK;
  }
  tsl__difference_begin(out, a->run, "model.h5");
  tsl_text_format(&out->lines, "the weights have the digests %s and %s", one, other);
  tsl__difference_end(out);
  return TSL_OK;
}

static enum tsl_status compare_models(const struct tsl_run_place *a,
                                      const struct tsl_record *record_a,
                                      const struct tsl_run_place *b,
                                      const struct tsl_record *record_b,
                                      struct tsl_difference *out, struct tsl_error *err) {
  char path_a[TSL_PATH_MAX], path_b[TSL_PATH_MAX];
  const bool first = has_file(a, "model.h5", path_a),
             second = has_file(b, "model.h5", path_b);
  if (!first || !second)
    return compare_digests(a, record_a, b, record_b, out, err);
  const struct tsl__h5_place one = {path_a, "/params"}, other = {path_b, "/params"};
  return tsl__difference_h5(&one, &other, a->run, "model.h5", out, err);
}

/* ---- all of a run ---- */

/* Told, but no difference of the runs. */
static void compare_thresholds(const char *run, const struct tsl_record *a,
                               const struct tsl_record *b, struct tsl_difference *out) {
  out->recounted = isfinite(a->informative_kl) && isfinite(b->informative_kl) &&
                   a->informative_kl != b->informative_kl;
  if (!out->recounted)
    return;
  tsl__difference_begin(out, run, "log.csv");
  tsl_text_add(&out->lines, "informative latents were counted above ");
  tsl_text_add_number(&out->lines, a->informative_kl);
  tsl_text_add(&out->lines, " and ");
  tsl_text_add_number(&out->lines, b->informative_kl);
  tsl_text_add(&out->lines, " nats, which is left out\n");
}

enum tsl_status tsl_difference_run(const struct tsl_run_place *a,
                                   const struct tsl_run_place *b,
                                   struct tsl_difference *out, struct tsl_error *err) {
  struct tsl_record one, other;
  TSL_TRY(tsl_store_record_read(a->store, a->run, &one, err));
  TSL_TRY(tsl_store_record_read(b->store, b->run, &other, err));
  const bool first = one.outcome != TSL_OUTCOME_NONE,
             second = other.outcome != TSL_OUTCOME_NONE;
  if (first != second) {
    tsl_text_format(&out->lines, "runs/%s: finished only in the %s", a->run,
                    first ? "first" : "second");
    tsl__difference_end(out);
  }
  if (!first || !second)
    return TSL_OK;
  compare_thresholds(a->run, &one, &other, out);
  TSL_TRY(compare_logs(a, &one, b, out, err));
  TSL_TRY(compare_models(a, &one, b, &other, out, err));
  compare_records(a->run, &one, &other, out);
  return TSL_OK;
}

static enum tsl_status has_latents(const char *path, const char *group, bool *out,
                                   struct tsl_error *err) {
  struct tsl_h5_reader *reader = NULL;
  *out = false;
  if (!tsl_file_exists(path))
    return TSL_OK;
  TSL_TRY(tsl_h5_open(path, &reader, err));
  *out = tsl_h5_has(reader, group);
  tsl_h5_close(reader);
  return TSL_OK;
}

enum tsl_status tsl_difference_latents(const struct tsl_run_place *a,
                                       const struct tsl_run_place *b,
                                       struct tsl_difference *out,
                                       struct tsl_error *err) {
  char path_a[TSL_PATH_MAX], path_b[TSL_PATH_MAX];
  char group_a[GROUP_BYTES], group_b[GROUP_BYTES], product[GROUP_BYTES + 16];
  bool first = false, second = false;
  tsl_store_path(a->store, TSL_STORE_LATENTS, path_a);
  tsl_store_path(b->store, TSL_STORE_LATENTS, path_b);
  snprintf(group_a, sizeof group_a, "/runs/%s", a->run);
  snprintf(group_b, sizeof group_b, "/runs/%s", b->run);
  TSL_TRY(has_latents(path_a, group_a, &first, err));
  TSL_TRY(has_latents(path_b, group_b, &second, err));
  snprintf(product, sizeof product, "latents.h5: %s", group_a);
  /* That a folder has no latents.h5 at all is told once, with the tables. */
  if (first != second && !(out->lenient && !first) && tsl_file_exists(path_a) &&
      tsl_file_exists(path_b))
    tsl__difference_only(out, NULL, product, first);
  if (!first || !second)
    return TSL_OK;
  const struct tsl__h5_place one = {path_a, group_a}, other = {path_b, group_b};
  return tsl__difference_h5(&one, &other, NULL, product, out, err);
}
