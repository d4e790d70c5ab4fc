#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/job_open.h"
#include "cli/output_check.h"
#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: teasel data info NAME|FILE.yaml\n"
    "       teasel data write NAME|FILE.yaml -o OUT.h5\n"
    "\n"
    "info describes a data set: samples, shape, labels, factors, digest, split.\n"
    "write exports it: OUT.h5, which the reader `hdf5` reads back, and OUT.png with "
    "some\n"
    "of its pictures, class by class (of points of the plane: a scatter plot).\n"
    "NAME is looked for in ./configs/datasets, then among the installed ones; `teasel\n"
    "explain` lists the readers, and `teasel explain READER` the keys of a FILE.yaml.\n"
    "\n"
    "  -o FILE            the HDF5 file to write\n"
    "  --set KEY=VALUE    change an option of the data set: --set size=32, --set seed=1\n"
    "  --cache FOLDER     where the mapped copy is kept (default: ~/.cache/teasel)\n"
    "\n"
    "Examples:\n"
    "  teasel data info tubers\n"
    "  printf 'reader: image_folder\\npath: ./photos\\n' >mine.yaml\n"
    "  teasel data write mine.yaml -o mine.h5\n";

struct request {
  const char *output, *cache;
  struct tsl_cli_arguments arguments;
};

static void print_shape(const struct tsl_dataset_view *view) {
  printf("shape:    [");
  for (int i = 0; i < view->shape.rank; i++)
    printf("%s%lld", i > 0 ? ", " : "", (long long)view->shape.dims[i]);
  printf("], %s\n", view->type == TSL_SAMPLE_U8 ? "bytes" : "float32");
}

static void print_labels(const struct tsl_dataset_view *view) {
  if (view->labels == NULL) {
    printf("labels:   none\n");
    return;
  }
  printf("labels:   %d\n", view->label_count);
  for (int label = 0; label < view->label_count; label++) {
    int64_t count = 0;
    for (int64_t i = 0; i < view->count; i++)
      count += view->labels[i] == label;
    if (view->label_names != NULL)
      printf("  %-20s %lld\n", view->label_names[label], (long long)count);
    else
      printf("  %-20d %lld\n", label, (long long)count);
  }
}

static void print_factors(const struct tsl_dataset *dataset) {
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  if (view->factors == NULL) {
    printf("factors:  none\n");
    return;
  }
  printf("factors:  %d%s\n", view->factor_count,
         tsl_dataset_can_draw(dataset) ? ", samples can be drawn at any of them" : "");
  for (int k = 0; k < view->factor_count; k++) {
    if (view->factor_sizes[k] > 0)
      printf("  %-20s %d values\n", view->factor_names[k], view->factor_sizes[k]);
    else
      printf("  %-20s continuous\n", view->factor_names[k]);
  }
}

static void print_info(const struct tsl_dataset *dataset,
                       const struct tsl_dataset_config *config) {
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  char digest[33];
  tsl_digest_print(&view->digest, digest);
  printf("data set: %s (%s)\n", view->name, config->file);
  printf("reader:   %s: %s\n", config->reader->name, config->reader->summary);
  printf("samples:  %lld\n", (long long)view->count);
  print_shape(view);
  print_labels(view);
  print_factors(dataset);
  int64_t held_out = tsl_dataset_held_out(dataset, 0.1);
  printf("split:    %lld to train, %lld held out (%s), by seed %lld\n",
         (long long)(view->count - held_out), (long long)held_out,
         view->test_begin < view->count ? "the set's own test part"
                                        : "score.held_out at its default 0.1",
         (long long)config->seed);
  printf("digest:   %s\n", digest);
  const char *cache = tsl_dataset_cache_path(dataset);
  printf("cache:    %s\n", cache[0] != '\0' ? cache : "in memory");
  struct tsl_text options;
  tsl_text_init(&options);
  tsl_dataset_config_print(config, &options);
  if (options.bytes != NULL)
    printf("options:\n%s", options.bytes);
  tsl_text_release(&options);
}

/* OUT.h5 -> OUT.png. */
static void sheet_path(const char *output, char *path, size_t size) {
  size_t length = strlen(output);
  if (length > 3 && strcmp(output + length - 3, ".h5") == 0)
    length -= 3;
  snprintf(path, size, "%.*s.png", (int)length, output);
}

static enum tsl_status write_sheet(const struct tsl_dataset *dataset, const char *output,
                                   struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_image image = {0};
  struct tsl_text png;
  struct tsl_error reason = {0};
  if (tsl_dataset_sheet(dataset, &image, &reason) != TSL_OK) {
    printf("pictures: none: %s\n", reason.text);
    return TSL_OK;
  }
  tsl_text_init(&png);
  sheet_path(output, path, sizeof path);
  enum tsl_status status = tsl_image_png(&image, &png, err);
  if (status == TSL_OK)
    status = tsl_file_write(path, png.bytes, png.length, err);
  if (status == TSL_OK)
    printf("pictures: %s\n", path);
  tsl_text_release(&png);
  tsl_image_release(&image);
  return status;
}

/* Neither OUT.h5 nor OUT.png may be a file that the data set is read from. */
static enum tsl_status check_output(const char *output,
                                    const struct tsl_dataset_config *config,
                                    struct tsl_error *err) {
  char sheet[TSL_PATH_MAX];
  if (output == NULL)
    return TSL_OK;
  TSL_TRY(tsl_cli_output_check_dataset(output, config, err));
  sheet_path(output, sheet, sizeof sheet);
  return tsl_cli_output_check_dataset(sheet, config, err);
}

static enum tsl_status show_or_write(const struct request *request, const char *name,
                                     struct tsl_error *err) {
  struct tsl_dataset_config *config = calloc(1, sizeof *config);
  struct tsl_dataset *dataset = NULL;
  if (config == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  enum tsl_status status = tsl_cli_dataset_config(name, config, err);
  if (status == TSL_OK)
    status = tsl_dataset_config_set(config, request->arguments.settings,
                                    request->arguments.setting_count, err);
  if (status == TSL_OK)
    status = check_output(request->output, config, err);
  if (status == TSL_OK)
    status = tsl_cli_dataset_open(
        config, NULL, request->cache != NULL ? request->cache : "", NULL, &dataset, err);
  if (status == TSL_OK && request->output == NULL)
    print_info(dataset, config);
  if (status == TSL_OK && request->output != NULL) {
    status = tsl_dataset_write(dataset, request->output, err);
    if (status == TSL_OK)
      printf("data set: %s\n", request->output);
    if (status == TSL_OK)
      status = write_sheet(dataset, request->output, err);
  }
  tsl_dataset_close(dataset);
  free(config);
  return status;
}

static enum tsl_status dispatch(const struct request *request, struct tsl_error *err) {
  TSL_TRY(tsl_cli_words_check(&request->arguments, "data", 1, 2, "info|write NAME", err));
  const char *verb = request->arguments.words[0];
  bool writing = strcmp(verb, "write") == 0;
  if (!writing && strcmp(verb, "info") != 0)
    return tsl_error_set(
        err, TSL_BAD_INPUT, "teasel data",
        "'%s' is neither info nor write; `teasel data --help` tells more", verb);
  TSL_TRY(tsl_cli_words_check(&request->arguments, "data", 2, 2, "the name of a data set",
                              err));
  if (writing != (request->output != NULL))
    return tsl_error_set(err, TSL_BAD_INPUT, "teasel data",
                         writing ? "write needs -o OUT.h5" : "info takes no -o");
  return show_or_write(request, request->arguments.words[1], err);
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct request request = {0};
  const struct tsl_cli_option options[] = {
      {.name = "--output", .alias = "-o", .text = &request.output},
      {.name = "--cache", .text = &request.cache},
      {0}};
  enum tsl_status status =
      tsl_cli_parse(argc, argv, options, /*with_settings=*/true, &request.arguments, err);
  if (status == TSL_OK)
    status = dispatch(&request, err);
  tsl_cli_arguments_release(&request.arguments);
  return status;
}

const struct tsl_command tsl_command_data = {
    .name = "data",
    .summary = "describe a data set, or export it to HDF5 with a sheet of pictures",
    .usage = usage,
    .run = run,
};
