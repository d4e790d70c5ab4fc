#include "cli/output_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* True where the existing `file` lies in `folder` or below it. */
static bool is_below(const char *file, const char *folder) {
  char *inner = realpath(file, NULL), *outer = realpath(folder, NULL);
  const size_t length = outer != NULL ? strlen(outer) : 0;
  const bool below = inner != NULL && outer != NULL &&
                     strncmp(inner, outer, length) == 0 && inner[length] == '/';
  free(inner);
  free(outer);
  return below;
}

enum tsl_status tsl_cli_output_check(const char *output, const char *const *inputs,
                                     size_t count, struct tsl_error *err) {
  struct stat written, read;
  if (output == NULL || stat(output, &written) != 0)
    return TSL_OK; /* nothing is there that could be lost */
  for (size_t i = 0; i < count; i++) {
    if (inputs[i] == NULL || stat(inputs[i], &read) != 0)
      continue;
    if (S_ISDIR(read.st_mode) && is_below(output, inputs[i]))
      return tsl_error_set(err, TSL_BAD_INPUT, output,
                           "the output would replace a file in the input folder %s; give "
                           "the output another name or place",
                           inputs[i]);
    if (read.st_dev == written.st_dev && read.st_ino == written.st_ino)
      return tsl_error_set(err, TSL_BAD_INPUT, output,
                           "the output would replace the input %s; give the output "
                           "another name",
                           inputs[i]);
  }
  return TSL_OK;
}

enum tsl_status tsl_cli_output_check_dataset(const char *output,
                                             const struct tsl_dataset_config *config,
                                             struct tsl_error *err) {
  const char *const file = config->file;
  TSL_TRY(tsl_cli_output_check(output, &file, 1, err));
  const struct tsl_reader *reader = config->reader;
  for (size_t i = 0; reader != NULL && i < reader->option_count; i++) {
    const char *const path =
        (const char *)config->reader_options + reader->options[i].offset;
    if (reader->options[i].type == TSL_OPTION_PATH)
      TSL_TRY(tsl_cli_output_check(output, &path, 1, err));
  }
  return TSL_OK;
}
