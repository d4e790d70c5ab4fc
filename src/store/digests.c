/* digests.txt: what the products of a scored folder were made of, and they themselves. */
#include "base/regular.h"
#include "store/store.h"

#include "teasel/digest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 20 }; /* bytes read at a time */

/* A line as xxh128sum writes it; none for a file that is not there. */
static enum tsl_status add_file(const struct tsl_store *store, const char *path,
                                void *piece, struct tsl_text *out,
                                struct tsl_error *err) {
  int number = tsl__regular_open(path);
  FILE *file = number >= 0 ? fdopen(number, "rb") : NULL;
  if (file == NULL) {
    if (number >= 0)
      close(number);
    return TSL_OK;
  }
  struct tsl_digester *digester = tsl_digester_create();
  size_t got = 0;
  char hex[33];
  while (digester != NULL && (got = fread(piece, 1, PIECE, file)) > 0)
    tsl_digester_add(digester, piece, got);
  enum tsl_status status = TSL_OK;
  if (digester == NULL)
    status = tsl_error_set(err, TSL_MEMORY, path, "out of memory");
  else if (ferror(file))
    status = tsl_error_set(err, TSL_IO, path, "cannot read: %s", strerror(errno));
  if (status == TSL_OK) {
    const struct tsl_digest digest = tsl_digester_value(digester);
    tsl_digest_print(&digest, hex);
    tsl_text_format(out, "%s  %s\n", hex, path + strlen(store->folder) + 1);
  }
  tsl_digester_free(digester);
  fclose(file);
  return status;
}

static enum tsl_status add_figures(const struct tsl_store *store, void *piece,
                                   struct tsl_text *out, struct tsl_error *err) {
  char folder[TSL_PATH_MAX], path[TSL_PATH_MAX];
  struct dirent **entries = NULL;
  enum tsl_status status = TSL_OK;
  const int count = scandir(tsl_store_path(store, TSL_STORE_FIGURES, folder), &entries,
                            NULL, alphasort);
  for (int i = 0; i < count; i++) {
    if (status == TSL_OK && entries[i]->d_name[0] != '.') {
      snprintf(path, sizeof path, "%.3800s/%.255s", folder, entries[i]->d_name);
      status = add_file(store, path, piece, out, err);
    }
    free(entries[i]);
  }
  free((void *)entries);
  return status;
}

static enum tsl_status add_run(const struct tsl_store *store, const char *run,
                               void *piece, struct tsl_text *out, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  TSL_TRY(add_file(store, tsl_store_run_path(store, run, "record.json", path), piece, out,
                   err));
  TSL_TRY(
      add_file(store, tsl_store_run_path(store, run, "log.csv", path), piece, out, err));
  return add_file(store, tsl_store_classify_path(store, run, "points.h5", path), piece,
                  out, err);
}

static enum tsl_status add_all(const struct tsl_store *store, const char *program,
                               const char *const *runs, size_t run_count,
                               struct tsl_text *out, struct tsl_error *err) {
  static const enum tsl_store_file files[] = {
      TSL_STORE_JOB,         TSL_STORE_PROVENANCE,     TSL_STORE_LATENTS,
      TSL_STORE_SCORES,      TSL_STORE_SCORES_CSV,     TSL_STORE_UDR_SETTING_CSV,
      TSL_STORE_UDR_ALL_CSV, TSL_STORE_UDR_FAMILY_CSV, TSL_STORE_REPORT};
  char path[TSL_PATH_MAX];
  void *piece = NULL;
  TSL_TRY(tsl_allocate(&piece, PIECE, 1, err));
  tsl_text_format(out, "# made by %s\n", program);
  enum tsl_status status = TSL_OK;
  for (size_t i = 0; i < sizeof files / sizeof *files && status == TSL_OK; i++)
    status = add_file(store, tsl_store_path(store, files[i], path), piece, out, err);
  if (status == TSL_OK)
    status = add_figures(store, piece, out, err);
  for (size_t i = 0; i < run_count && status == TSL_OK; i++)
    status = add_run(store, runs[i], piece, out, err);
  free(piece);
  if (status == TSL_OK && out->failed)
    status = tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  return status;
}

enum tsl_status tsl_store_digests_write(const struct tsl_store *store,
                                        const char *program, const char *const *runs,
                                        size_t run_count, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_text text;
  tsl_text_init(&text);
  enum tsl_status status = add_all(store, program, runs, run_count, &text, err);
  if (status == TSL_OK)
    status = tsl_file_write(tsl_store_path(store, TSL_STORE_DIGESTS, path), text.bytes,
                            text.length, err);
  tsl_text_release(&text);
  return status;
}

bool tsl_store_digests_hold(const struct tsl_store *store, const char *program,
                            const char *const *runs, size_t run_count) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_text text;
  if (!tsl_file_exists(tsl_store_path(store, TSL_STORE_DIGESTS, path)) ||
      tsl_file_read(path, &bytes, &count, NULL) != TSL_OK)
    return false;
  tsl_text_init(&text);
  const bool hold = add_all(store, program, runs, run_count, &text, NULL) == TSL_OK &&
                    text.length == count && memcmp(text.bytes, bytes, count) == 0;
  tsl_text_release(&text);
  free(bytes);
  return hold;
}
