/* What a start has written before it is refused is put back. */
#include "cli/provenance.h"

#include <stdlib.h>
#include <string.h>

static const enum tsl_store_file files[2] = {TSL_STORE_JOB, TSL_STORE_PROVENANCE};

static void take(const struct tsl_store *store, char *bytes[2], size_t count[2]) {
  for (int i = 0; i < 2; i++) {
    char path[TSL_PATH_MAX];
    (void)tsl_file_read(tsl_store_path(store, files[i], path), &bytes[i], &count[i],
                        NULL);
  }
}

void tsl__provenance_keep_found(const struct tsl_store *store,
                                struct tsl__provenance_copy *copy) {
  take(store, copy->found, copy->found_count);
}

void tsl__provenance_keep_left(const struct tsl_store *store,
                               struct tsl__provenance_copy *copy) {
  take(store, copy->left, copy->left_count);
}

static bool is_same(const char *a, size_t a_count, const char *b, size_t b_count) {
  return a != NULL && b != NULL && a_count == b_count && memcmp(a, b, a_count) == 0;
}

void tsl__provenance_put_back(const struct tsl_store *store,
                              const struct tsl__provenance_copy *copy) {
  struct tsl__provenance_copy now = {.found = {NULL}};
  take(store, now.found, now.found_count);
  for (int i = 0; i < 2; i++) {
    char path[TSL_PATH_MAX];
    const char *found = copy->found[i], *left = copy->left[i];
    const size_t count = copy->found_count[i], left_count = copy->left_count[i];
    if (found != NULL && !is_same(found, count, left, left_count) &&
        is_same(left, left_count, now.found[i], now.found_count[i]))
      (void)tsl_file_write(tsl_store_path(store, files[i], path), found, count, NULL);
  }
  tsl__provenance_copy_release(&now);
}

void tsl__provenance_copy_release(struct tsl__provenance_copy *copy) {
  for (int i = 0; i < 2; i++) {
    free(copy->found[i]);
    free(copy->left[i]);
  }
  *copy = (struct tsl__provenance_copy){.found = {NULL}};
}
