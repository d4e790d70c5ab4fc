/* What differs between two results folders beside their runs: tables, provenance. */
#include "store/difference.h"
#include "store/json.h"

#include "teasel/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- tables ---- */

static void compare_lines(const char *a, const char *b, const char *product,
                          struct tsl_difference *out) {
  int64_t line = 1;
  out->compared++;
  for (; *a != '\0' || *b != '\0'; line++) {
    size_t one = strcspn(a, "\n"), other = strcspn(b, "\n");
    if (one != other || memcmp(a, b, one) != 0 || a[one] != b[other]) {
      tsl__difference_begin(out, NULL, product);
      tsl_text_format(&out->lines, "line %lld differs", (long long)line);
      tsl__difference_end(out);
      return;
    }
    a += one + (a[one] != '\0');
    b += other + (b[other] != '\0');
  }
}

/* Whether both have the file; told where only one has it. */
static bool both_have(const struct tsl_store *a, const struct tsl_store *b,
                      enum tsl_store_file file, char *path_a, char *path_b,
                      struct tsl_difference *out) {
  tsl_store_path(a, file, path_a);
  tsl_store_path(b, file, path_b);
  const bool first = tsl_file_exists(path_a), second = tsl_file_exists(path_b);
  if (first != second)
    tsl__difference_only(out, NULL, strrchr(path_a, '/') + 1, first);
  return first && second;
}

static enum tsl_status compare_csv(const struct tsl_store *a, const struct tsl_store *b,
                                   enum tsl_store_file file, struct tsl_difference *out,
                                   struct tsl_error *err) {
  char path_a[TSL_PATH_MAX], path_b[TSL_PATH_MAX];
  char *one = NULL, *other = NULL;
  size_t count = 0;
  if (!both_have(a, b, file, path_a, path_b, out))
    return TSL_OK;
  enum tsl_status status = tsl_file_read(path_a, &one, &count, err);
  if (status == TSL_OK)
    status = tsl_file_read(path_b, &other, &count, err);
  if (status == TSL_OK)
    compare_lines(one, other, strrchr(path_a, '/') + 1, out);
  free(one);
  free(other);
  return status;
}

/* What latents.h5 holds beside the runs: which samples were encoded, and what is known of
 * them. */
static enum tsl_status compare_samples(const struct tsl_store *a,
                                       const struct tsl_store *b,
                                       struct tsl_difference *out,
                                       struct tsl_error *err) {
  static const char *const names[] = {"indices", "labels", "factors"};
  char path_a[TSL_PATH_MAX], path_b[TSL_PATH_MAX];
  struct tsl_h5_reader *one = NULL, *other = NULL;
  if (!both_have(a, b, TSL_STORE_LATENTS, path_a, path_b, out))
    return TSL_OK;
  enum tsl_status status = tsl_h5_open(path_a, &one, err);
  if (status == TSL_OK)
    status = tsl_h5_open(path_b, &other, err);
  for (size_t i = 0; status == TSL_OK && i < sizeof names / sizeof *names; i++) {
    struct tsl_array x = {.data = NULL}, y = {.data = NULL};
    struct tsl__spot spot = {0};
    const bool first = tsl_h5_has(one, names[i]), second = tsl_h5_has(other, names[i]);
    bool same = first == second;
    if (first && second) {
      status = tsl_h5_read(one, names[i], TSL_ARRAY_F64, &x, err);
      if (status == TSL_OK)
        status = tsl_h5_read(other, names[i], TSL_ARRAY_F64, &y, err);
      same = status == TSL_OK && tsl_array_count(&x) == tsl_array_count(&y);
      if (same)
        tsl__spot_find(&x, &y, &spot);
      same = same && spot.differing == 0;
    }
    if (status == TSL_OK && !same) {
      tsl__difference_begin(out, NULL, "latents.h5");
      tsl_text_format(&out->lines, "other samples were encoded: /%s differs", names[i]);
      tsl__difference_end(out);
      i = sizeof names / sizeof *names;
    }
    tsl_array_release(&x);
    tsl_array_release(&y);
  }
  tsl_h5_close(one);
  tsl_h5_close(other);
  return status;
}

enum tsl_status tsl_difference_tables(const struct tsl_store *a,
                                      const struct tsl_store *b,
                                      struct tsl_difference *out, struct tsl_error *err) {
  static const enum tsl_store_file tables[] = {
      TSL_STORE_SCORES_CSV, TSL_STORE_UDR_SETTING_CSV, TSL_STORE_UDR_FAMILY_CSV,
      TSL_STORE_UDR_ALL_CSV, TSL_STORE_CLUSTERS_CSV};
  char path_a[TSL_PATH_MAX], path_b[TSL_PATH_MAX];
  TSL_TRY(compare_samples(a, b, out, err));
  if (both_have(a, b, TSL_STORE_SCORES, path_a, path_b, out)) {
    const struct tsl__h5_place one = {path_a, ""}, other = {path_b, ""};
    TSL_TRY(tsl__difference_h5(&one, &other, NULL, "scores.h5", out, err));
  }
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    TSL_TRY(compare_csv(a, b, tables[i], out, err));
  return TSL_OK;
}

/* ---- provenance.json ---- */

enum { FACTS_MOST = 256, FACT_BYTES = 512 };

struct fact {
  char path[128], text[FACT_BYTES];
};
struct facts {
  struct fact *list; /* (FACTS_MOST) */
  size_t count;
};

static bool matters(const char *path) {
  static const char *const wanted[] = {"job",      "teasel",  "revision",    "kernels",
                                       "compiler", "machine", "data/digest", "data/name"};
  if (strncmp(path, "libraries/", 10) == 0)
    return true;
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    if (strcmp(path, wanted[i]) == 0)
      return true;
  }
  return false;
}

static void take_fact(void *context, const char *path, const char *text, bool is_string) {
  (void)is_string;
  struct facts *facts = context;
  if (!matters(path) || facts->count == FACTS_MOST)
    return;
  struct fact *fact = &facts->list[facts->count++];
  snprintf(fact->path, sizeof fact->path, "%.127s", path);
  snprintf(fact->text, sizeof fact->text, "%.511s", text);
}

static enum tsl_status read_facts(const struct tsl_store *store, struct facts *facts,
                                  struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  facts->count = 0;
  TSL_TRY(tsl_allocate((void **)&facts->list, FACTS_MOST, sizeof *facts->list, err));
  tsl_store_path(store, TSL_STORE_PROVENANCE, path);
  TSL_TRY(tsl_file_read(path, &bytes, &count, err));
  const bool whole = tsl__json_visit(bytes, count, take_fact, facts);
  free(bytes);
  return whole ? TSL_OK : tsl_error_set(err, TSL_FORMAT, path, "the file is damaged");
}

static const char *find_fact(const struct facts *facts, const char *path) {
  for (size_t i = 0; i < facts->count; i++) {
    if (strcmp(facts->list[i].path, path) == 0)
      return facts->list[i].text;
  }
  return NULL;
}

static void add_note(struct tsl_text *notes, const char *path, const char *a,
                     const char *b) {
  tsl_text_format(notes, "provenance: %s: %s and %s\n", path, a != NULL ? a : "nothing",
                  b != NULL ? b : "nothing");
}

enum tsl_status tsl_difference_origin(const struct tsl_store *a,
                                      const struct tsl_store *b, struct tsl_text *notes,
                                      struct tsl_error *err) {
  struct facts one = {.list = NULL}, other = {.list = NULL};
  enum tsl_status status = read_facts(a, &one, err);
  if (status == TSL_OK)
    status = read_facts(b, &other, err);
  for (size_t i = 0; status == TSL_OK && one.list != NULL && i < one.count; i++) {
    const char *second = find_fact(&other, one.list[i].path);
    if (second == NULL || strcmp(one.list[i].text, second) != 0)
      add_note(notes, one.list[i].path, one.list[i].text, second);
  }
  for (size_t i = 0; status == TSL_OK && other.list != NULL && i < other.count; i++) {
    if (find_fact(&one, other.list[i].path) == NULL)
      add_note(notes, other.list[i].path, NULL, other.list[i].text);
  }
  free(one.list);
  free(other.list);
  return status;
}
