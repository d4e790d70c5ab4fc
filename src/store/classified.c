/* classify/RUN/points.h5: what `teasel classify` told good from bad by, so that the
 * report can show it again without encoding. */
#include "store/file.h"
#include "store/h5.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *tsl_store_classify_path(const struct tsl_store *store, const char *run,
                              const char *file, char *buffer) {
  snprintf(buffer, TSL_PATH_MAX, "%.3300s/classify/%.500s%s%.250s", store->folder, run,
           file[0] != '\0' ? "/" : "", file);
  return buffer;
}

static enum tsl_status write_arrays(struct tsl_h5_writer *writer,
                                    const struct tsl_classified *classified,
                                    struct tsl_error *err) {
  const int64_t points = classified->points, latent = classified->latent;
  const struct tsl_array arrays[] = {
      {"/mean", TSL_ARRAY_F32, 2, {points, latent}, classified->mean},
      {"/log_variance", TSL_ARRAY_F32, 2, {points, latent}, classified->log_variance},
      {"/bad", TSL_ARRAY_U8, 1, {points}, classified->bad}};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    TSL_TRY(tsl_h5_write(writer, &arrays[i], err));
  const char *const names[] = {classified->good_name, classified->bad_name};
  TSL_TRY(tsl_h5_write_strings(writer, "/class_names", names, 2, err));
  TSL_TRY(tsl_h5_write_attribute(writer, "/", "labels", (double)classified->labels, err));
  return tsl_h5_write_attribute(writer, "/", "informative_kl", classified->informative_kl,
                                err);
}

enum tsl_status tsl_store_classified_write(const struct tsl_store *store, const char *run,
                                           const struct tsl_classified *classified,
                                           struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_h5_writer *writer = NULL;
  TSL_TRY(tsl_store_look(store, err));
  TSL_TRY(tsl_folder_create(tsl_store_classify_path(store, run, "", path), err));
  tsl_store_classify_path(store, run, "points.h5", path);
  TSL_TRY(tsl_h5_create(path, &writer, err));
  enum tsl_status status = write_arrays(writer, classified, err);
  if (status != TSL_OK) {
    tsl_h5_abandon(writer);
    return status;
  }
  return tsl_h5_commit(writer, err);
}

static enum tsl_status wrong_shape(const struct tsl_h5_reader *reader, const char *name,
                                   struct tsl_error *err) {
  return tsl_error_set(err, TSL_FORMAT, reader->path,
                       "%s does not fit the file's other arrays; classify again", name);
}

static enum tsl_status read_latents(struct tsl_h5_reader *reader,
                                    struct tsl_classified *out, struct tsl_error *err) {
  struct tsl_array array = {.data = NULL};
  TSL_TRY(tsl_h5_read(reader, "/mean", TSL_ARRAY_F32, &array, err));
  out->mean = array.data;
  if (array.rank != 2 || array.dims[0] < 1)
    return wrong_shape(reader, "/mean", err);
  out->points = array.dims[0];
  out->latent = array.dims[1];
  TSL_TRY(tsl_h5_read(reader, "/log_variance", TSL_ARRAY_F32, &array, err));
  out->log_variance = array.data;
  if (array.rank != 2 || array.dims[0] != out->points || array.dims[1] != out->latent)
    return wrong_shape(reader, "/log_variance", err);
  TSL_TRY(tsl_h5_read(reader, "/bad", TSL_ARRAY_U8, &array, err));
  out->bad = array.data;
  if (array.rank != 1 || array.dims[0] != out->points)
    return wrong_shape(reader, "/bad", err);
  for (int64_t i = 0; i < out->points; i++)
    ((uint8_t *)array.data)[i] = ((const uint8_t *)array.data)[i] != 0;
  return TSL_OK;
}

static enum tsl_status read_request(struct tsl_h5_reader *reader,
                                    struct tsl_classified *out, struct tsl_error *err) {
  char **names = NULL;
  size_t count = 0;
  double labels = 0;
  TSL_TRY(tsl_h5_read_attribute(reader, "/", "labels", &labels, err));
  TSL_TRY(
      tsl_h5_read_attribute(reader, "/", "informative_kl", &out->informative_kl, err));
  out->labels = labels >= 0 && labels < 9e15 ? (int64_t)labels : 0;
  TSL_TRY(tsl_h5_read_strings(reader, "/class_names", &names, &count, err));
  if (count == 2) {
    snprintf(out->good_name, sizeof out->good_name, "%s", names[0]);
    snprintf(out->bad_name, sizeof out->bad_name, "%s", names[1]);
  }
  for (size_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
  return count == 2 ? TSL_OK : wrong_shape(reader, "/class_names", err);
}

enum tsl_status tsl_store_classified_read(const struct tsl_store *store, const char *run,
                                          struct tsl_classified *out,
                                          struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_h5_reader *reader = NULL;
  struct tsl_classified classified = {0};
  *out = classified;
  if (!tsl_file_exists(tsl_store_classify_path(store, run, "points.h5", path)))
    return TSL_OK;
  TSL_TRY(tsl_h5_open(path, &reader, err));
  enum tsl_status status = read_latents(reader, &classified, err);
  if (status == TSL_OK)
    status = read_request(reader, &classified, err);
  if (status == TSL_OK)
    *out = classified;
  else
    tsl_classified_release(&classified);
  tsl_h5_close(reader);
  return status;
}

void tsl_classified_release(struct tsl_classified *classified) {
  free(classified->mean);
  free(classified->log_variance);
  free(classified->bad);
  *classified = (struct tsl_classified){0};
}
