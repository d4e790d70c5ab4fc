/* The page's figures as files, and away with those of an earlier page. files.txt lists
 * what was made, so that nothing else in the folder is ever touched. */
#include "report/html.h"

#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_PATH_MAX = TSL_PATH_MAX + 256 };

static char *path_of(const char *folder, const char *name, char *buffer) {
  snprintf(buffer, FILE_PATH_MAX, "%.4000s/%.191s", folder, name);
  return buffer;
}

static bool makes(const struct tsl__page *page, const char *name) {
  for (int i = 0; i < page->file_count; i++)
    if (strcmp(page->files[i].name, name) == 0)
      return true;
  return false;
}

/* One of the names that tsl__page_file_add gives. */
static bool is_figure(const char *name) {
  size_t stem = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
  return stem > 0 &&
         (strcmp(name + stem, ".svg") == 0 || strcmp(name + stem, ".png") == 0);
}

/* A list that cannot be read costs no page: the old figures stay. */
static void remove_stale(const struct tsl__page *page, const char *folder,
                         const char *list) {
  char path[FILE_PATH_MAX];
  char *bytes = NULL, *rest = NULL;
  size_t count = 0;
  if (!tsl_file_exists(list) || tsl_file_read(list, &bytes, &count, NULL) != TSL_OK)
    return;
  for (char *name = strtok_r(bytes, "\n", &rest); name != NULL;
       name = strtok_r(NULL, "\n", &rest))
    if (is_figure(name) && !makes(page, name))
      unlink(path_of(folder, name, path));
  free(bytes);
}

enum tsl_status tsl__page_files_write(const struct tsl__page *page, const char *folder,
                                      struct tsl_error *err) {
  char path[FILE_PATH_MAX];
  struct tsl_text list = {0};
  TSL_TRY(tsl_folder_create(folder, err));
  path_of(folder, "files.txt", path);
  remove_stale(page, folder, path);
  for (int i = 0; i < page->file_count; i++)
    tsl_text_format(&list, "%s\n", page->files[i].name);
  enum tsl_status status =
      list.failed ? tsl_error_set(err, TSL_MEMORY, path, "no memory for a list")
                  : tsl_file_write(path, list.bytes, list.length, err);
  for (int i = 0; i < page->file_count && status == TSL_OK; i++)
    status = tsl_file_write(path_of(folder, page->files[i].name, path),
                            page->files[i].bytes.bytes, page->files[i].bytes.length, err);
  tsl_text_release(&list);
  return status;
}
