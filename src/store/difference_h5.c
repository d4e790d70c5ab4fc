/* All datasets of two HDF5 files, or of two groups of them. */
#include "store/difference.h"

#include "teasel/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One side: the file, the group, and the names of the datasets below it, sorted. */
struct side {
  struct tsl_h5_reader *reader;
  const char *group;
  char **names; /* (count) */
  size_t count;
};

static void side_release(struct side *side) {
  for (size_t i = 0; i < side->count; i++)
    free(side->names[i]);
  free(side->names);
  tsl_h5_close(side->reader);
}

/* A digest says nothing that the numbers do not, and files of earlier versions of teasel
 * have none. */
static void leave_out_digest(struct side *side) {
  size_t kept = 0;
  for (size_t i = 0; i < side->count; i++) {
    if (strcmp(side->names[i], "digest") == 0)
      free(side->names[i]);
    else
      side->names[kept++] = side->names[i];
  }
  side->count = kept;
}

static enum tsl_status side_open(const struct tsl__h5_place *place, struct side *side,
                                 struct tsl_error *err) {
  *side = (struct side){.group = place->group};
  TSL_TRY(tsl_h5_open(place->path, &side->reader, err));
  TSL_TRY(tsl_h5_list(side->reader, place->group[0] != '\0' ? place->group : "/",
                      &side->names, &side->count, err));
  leave_out_digest(side);
  return TSL_OK;
}

static void free_strings(char **strings, size_t count) {
  for (size_t i = 0; strings != NULL && i < count; i++)
    free(strings[i]);
  free(strings);
}

/* What the comparison of one dataset says; empty: nothing differs. */
struct finding {
  struct tsl_text text;
  struct tsl_error *err;
};

static void add_dims(struct tsl_text *text, const struct tsl_array *array) {
  tsl_text_add(text, "[");
  for (int i = 0; i < array->rank; i++)
    tsl_text_format(text, "%s%lld", i > 0 ? ", " : "", (long long)array->dims[i]);
  tsl_text_add(text, "]");
}

/* "[3, 0, 1]" of the flat index. */
static void add_index(struct tsl_text *text, const struct tsl_array *array,
                      int64_t flat) {
  int64_t index[TSL_ARRAY_RANK_MAX];
  for (int i = array->rank - 1; i >= 0; i--) {
    index[i] = flat % array->dims[i];
    flat /= array->dims[i];
  }
  for (int i = 0; i < array->rank; i++)
    tsl_text_format(text, "%s%lld%s", i > 0 ? ", " : "[", (long long)index[i],
                    i + 1 == array->rank ? "]" : "");
}

static bool same_dims(const struct tsl_array *a, const struct tsl_array *b) {
  return a->rank == b->rank &&
         memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

static void describe_spot(struct finding *finding, const char *name,
                          const struct tsl_array *array, const struct tsl__spot *spot) {
  struct tsl_text *text = &finding->text;
  const bool real = array->type == TSL_ARRAY_F32 || array->type == TSL_ARRAY_F64;
  tsl_text_add(text, name);
  add_index(text, array, spot->first);
  tsl_text_add(text, ": ");
  tsl__spot_values(spot, array->type, text);
  tsl_text_format(text, "; %lld of %lld numbers differ", (long long)spot->differing,
                  (long long)tsl_array_count(array));
  if (real && spot->differing > 1)
    tsl_text_format(text, ", by at most %llu ulps", (unsigned long long)spot->most);
}

static enum tsl_status compare_numbers(const struct side *a, const char *name_a,
                                       const struct side *b, const char *name_b,
                                       const char *name, struct finding *finding) {
  struct tsl_array about_a, about_b, one = {.data = NULL}, other = {.data = NULL};
  struct tsl__spot spot;
  TSL_TRY(tsl_h5_describe(a->reader, name_a, &about_a, finding->err));
  TSL_TRY(tsl_h5_describe(b->reader, name_b, &about_b, finding->err));
  if (!same_dims(&about_a, &about_b)) {
    tsl_text_format(&finding->text, "%s has the shapes ", name);
    add_dims(&finding->text, &about_a);
    tsl_text_add(&finding->text, " and ");
    add_dims(&finding->text, &about_b);
    return TSL_OK;
  }
  if (about_a.type != about_b.type) {
    tsl_text_format(&finding->text, "%s has numbers of another type", name);
    return TSL_OK;
  }
  enum tsl_status status =
      tsl_h5_read(a->reader, name_a, about_a.type, &one, finding->err);
  if (status == TSL_OK)
    status = tsl_h5_read(b->reader, name_b, about_a.type, &other, finding->err);
  if (status == TSL_OK) {
    tsl__spot_find(&one, &other, &spot);
    if (spot.differing > 0)
      describe_spot(finding, name, &one, &spot);
  }
  tsl_array_release(&one);
  tsl_array_release(&other);
  return status;
}

static enum tsl_status compare_strings(const struct side *a, const char *name_a,
                                       const struct side *b, const char *name_b,
                                       const char *name, struct finding *finding) {
  char **one = NULL, **other = NULL;
  size_t count = 0, other_count = 0;
  enum tsl_status status =
      tsl_h5_read_strings(a->reader, name_a, &one, &count, finding->err);
  if (status == TSL_OK)
    status = tsl_h5_read_strings(b->reader, name_b, &other, &other_count, finding->err);
  if (status == TSL_OK && count != other_count)
    tsl_text_format(&finding->text, "%s has %zu and %zu entries", name, count,
                    other_count);
  for (size_t i = 0; status == TSL_OK && count == other_count && i < count; i++) {
    if (strcmp(one[i], other[i]) != 0) {
      tsl_text_format(&finding->text, "%s[%zu]: '%s' and '%s'", name, i, one[i],
                      other[i]);
      break;
    }
  }
  free_strings(one, count);
  free_strings(other, other_count);
  return status;
}

static enum tsl_status compare_dataset(const struct side *a, const struct side *b,
                                       const char *name, struct finding *finding) {
  char name_a[2 * TSL_ARRAY_NAME_MAX], name_b[2 * TSL_ARRAY_NAME_MAX];
  struct tsl_array about;
  snprintf(name_a, sizeof name_a, "%s/%s", a->group, name);
  snprintf(name_b, sizeof name_b, "%s/%s", b->group, name);
  if (tsl_h5_describe(a->reader, name_a, &about, NULL) == TSL_OK)
    return compare_numbers(a, name_a, b, name_b, name, finding);
  return compare_strings(a, name_a, b, name_b, name, finding);
}

/* Walks both sorted lists of names. *differing counts the datasets that differ, of *seen;
 * the first of them is described. */
static enum tsl_status compare_sides(const struct side *a, const struct side *b,
                                     struct finding *first, size_t *differing,
                                     size_t *seen) {
  enum tsl_status status = TSL_OK;
  struct finding here = {.err = first->err};
  tsl_text_init(&here.text);
  for (size_t i = 0, k = 0; status == TSL_OK && (i < a->count || k < b->count);) {
    int order = i == a->count ? 1 : k == b->count ? -1 : strcmp(a->names[i], b->names[k]);
    tsl_text_clear(&here.text);
    if (order == 0)
      status = compare_dataset(a, b, a->names[i], &here);
    else
      tsl_text_format(&here.text, "%s is only in the %s",
                      order < 0 ? a->names[i] : b->names[k],
                      order < 0 ? "first" : "second");
    i += order <= 0;
    k += order >= 0;
    ++*seen;
    if (here.text.length > 0 && (*differing)++ == 0)
      tsl_text_add(&first->text, here.text.bytes);
  }
  tsl_text_release(&here.text);
  return status;
}

enum tsl_status tsl__difference_h5(const struct tsl__h5_place *a,
                                   const struct tsl__h5_place *b, const char *run,
                                   const char *product, struct tsl_difference *out,
                                   struct tsl_error *err) {
  struct side one = {.reader = NULL}, other = {.reader = NULL};
  struct finding first = {.err = err};
  size_t differing = 0, seen = 0;
  tsl_text_init(&first.text);
  enum tsl_status status = side_open(a, &one, err);
  if (status == TSL_OK)
    status = side_open(b, &other, err);
  if (status == TSL_OK)
    status = compare_sides(&one, &other, &first, &differing, &seen);
  if (status == TSL_OK) {
    out->compared++;
    if (differing > 0) {
      tsl__difference_begin(out, run, product);
      tsl_text_add(&out->lines, first.text.bytes != NULL ? first.text.bytes : "");
      if (differing > 1)
        tsl_text_format(&out->lines, "; %zu of %zu tensors differ", differing, seen);
      tsl__difference_end(out);
    }
  }
  tsl_text_release(&first.text);
  side_release(&one);
  side_release(&other);
  return status;
}
