/* Writing an HDF5 file from one process.
 *
 * HDF5 1.10 keeps a file that it could not flush, and dies of it when the process ends.
 * So a file is composed in memory and written as plain bytes, where a full disk is an
 * error like any other. A file that grows large is moved to the disk on the way; should
 * writing fail then, its descriptor is led into memory, so that HDF5 can close it.
 */
#include "store/file.h"
#include "store/h5.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
  GROWTH = 1 << 16,     /* bytes by which the memory image grows, cleared each time */
  MEMORY_MOST = 1 << 28 /* bytes composed in memory */
};

struct tsl_h5_writer {
  hid_t file;
  bool on_disk;  /* the file is `part` */
  bool stays;    /* in memory */
  int64_t bytes; /* of the arrays so far */
  char path[TSL_PATH_MAX];
  char part[TSL_PATH_MAX]; /* where it is written until the commit */
};

enum tsl_status tsl_h5_create(const char *path, struct tsl_h5_writer **out,
                              struct tsl_error *err) {
  tsl__h5_quiet();
  enum tsl_status status = TSL_OK;
  hid_t creation = tsl__h5_file_creation(), access = tsl__h5_file_access();
  struct tsl_h5_writer *writer = calloc(1, sizeof *writer);
  if (writer == NULL) {
    status = tsl_error_set(err, TSL_MEMORY, path, "no memory to write the file");
    goto done;
  }
  writer->file = -1;
  status = tsl__path_print(writer->path, sizeof writer->path, err, "%s", path);
  if (status == TSL_OK)
    status = tsl__part_path(path, writer->part, err);
  if (status != TSL_OK)
    goto done;
  if (access >= 0 && H5Pset_fapl_core(access, GROWTH, /*backing_store=*/0) >= 0)
    writer->file = H5Fcreate(writer->part, H5F_ACC_TRUNC, creation, access);
  if (writer->file < 0) {
    status = tsl__h5_error(err, TSL_LIBRARY, path, "cannot begin the file");
    goto done;
  }
  *out = writer;
  writer = NULL;
done:
  tsl__h5_release(access);
  tsl__h5_release(creation);
  free(writer);
  return status;
}

enum tsl_status tsl__h5_compose(const char *path, struct tsl_h5_writer **out,
                                struct tsl_error *err) {
  TSL_TRY(tsl_h5_create(path, out, err));
  (*out)->stays = true;
  return TSL_OK;
}

enum tsl_status tsl__h5_image(struct tsl_h5_writer *writer, size_t before,
                              unsigned char **bytes, size_t *count,
                              struct tsl_error *err) {
  ssize_t size = -1;
  if (H5Fflush(writer->file, H5F_SCOPE_GLOBAL) >= 0)
    size = H5Fget_file_image(writer->file, NULL, 0);
  if (size < 0)
    return tsl__h5_error(err, TSL_LIBRARY, writer->path, "cannot compose the file");
  unsigned char *image = malloc(before + (size_t)size);
  if (image == NULL)
    return tsl_error_set(err, TSL_MEMORY, writer->path, "no memory to write the file");
  memset(image, 0, before);
  if (H5Fget_file_image(writer->file, image + before, (size_t)size) != size) {
    free(image);
    return tsl__h5_error(err, TSL_LIBRARY, writer->path, "cannot compose the file");
  }
  *bytes = image;
  *count = before + (size_t)size;
  return TSL_OK;
}

/* The composed file as plain bytes under `path`. */
static enum tsl_status write_image(struct tsl_h5_writer *writer, const char *path,
                                   struct tsl_error *err) {
  unsigned char *image = NULL;
  size_t count = 0;
  TSL_TRY(tsl__h5_image(writer, 0, &image, &count, err));
  enum tsl_status status = tsl_file_write(path, image, count, err);
  if (status != TSL_OK && err != NULL)
    snprintf(err->where, sizeof err->where, "%.255s", writer->path);
  free(image);
  return status;
}

static enum tsl_status move_to_disk(struct tsl_h5_writer *writer, struct tsl_error *err) {
  TSL_TRY(write_image(writer, writer->part, err));
  tsl__h5_release(writer->file);
  writer->on_disk = true;
  hid_t access = tsl__h5_file_access();
  writer->file = H5Fopen(writer->part, H5F_ACC_RDWR, access);
  tsl__h5_release(access);
  return writer->file < 0 ? tsl__h5_error(err, TSL_IO, writer->path, "cannot write")
                          : TSL_OK;
}

enum tsl_status tsl_h5_write(struct tsl_h5_writer *writer, const struct tsl_array *array,
                             struct tsl_error *err) {
  tsl__h5_quiet();
  int64_t count = tsl_array_count(array);
  writer->bytes += count * (int64_t)tsl_array_type_bytes(array->type);
  if (writer->bytes > MEMORY_MOST && !writer->on_disk && !writer->stays)
    TSL_TRY(move_to_disk(writer, err));
  hid_t dataset = -1;
  enum tsl_status status =
      tsl__h5_make_dataset(writer->file, array->name, tsl__h5_file_type(array->type),
                           array->rank, array->dims, writer->path, &dataset, err);
  if (status == TSL_OK && count > 0 &&
      H5Dwrite(dataset, tsl__h5_memory_type(array->type), H5S_ALL, H5S_ALL, H5P_DEFAULT,
               array->data) < 0)
    status =
        tsl__h5_error(err, TSL_LIBRARY, writer->path, "cannot write %s", array->name);
  tsl__h5_release(dataset);
  return status;
}

enum tsl_status tsl_h5_write_attribute(struct tsl_h5_writer *writer, const char *name,
                                       const char *attribute, double value,
                                       struct tsl_error *err) {
  tsl__h5_quiet();
  enum tsl_status status = TSL_OK;
  hid_t space = H5Screate(H5S_SCALAR);
  hid_t id = H5Acreate_by_name(writer->file, name, attribute, H5T_IEEE_F64LE, space,
                               H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (id < 0 || H5Awrite(id, H5T_NATIVE_DOUBLE, &value) < 0)
    status = tsl__h5_error(err, TSL_LIBRARY, writer->path,
                           "cannot write attribute '%s' of %s", attribute, name);
  tsl__h5_release(id);
  tsl__h5_release(space);
  return status;
}

enum tsl_status tsl_h5_write_strings(struct tsl_h5_writer *writer, const char *name,
                                     const char *const *strings, size_t count,
                                     struct tsl_error *err) {
  tsl__h5_quiet();
  return tsl__h5_put_strings(writer->file, H5P_DEFAULT, name, strings, count,
                             writer->path, err);
}

enum tsl_status tsl_h5_commit(struct tsl_h5_writer *writer, struct tsl_error *err) {
  tsl__h5_quiet();
  enum tsl_status status = TSL_OK;
  if (!writer->on_disk) {
    status = write_image(writer, writer->path, err);
  } else if (H5Fflush(writer->file, H5F_SCOPE_GLOBAL) < 0 || H5Fclose(writer->file) < 0) {
    status = tsl__h5_error(err, TSL_IO, writer->path, "cannot write");
  } else {
    writer->file = -1;
    status = tsl__part_publish(writer->part, writer->path, err);
  }
  if (status == TSL_OK)
    writer->on_disk = false; /* published: nothing left to remove */
  tsl_h5_abandon(writer);
  return status;
}

/* Leads the descriptor of a file that could not be written into memory. */
static void divert(struct tsl_h5_writer *writer) {
  void *handle = NULL;
  if (H5Fget_vfd_handle(writer->file, H5P_DEFAULT, &handle) < 0 || handle == NULL)
    return;
  int memory = memfd_create("teasel", MFD_CLOEXEC);
  if (memory < 0)
    return;
  int descriptor;
  memcpy(&descriptor, handle, sizeof descriptor);
  dup2(memory, descriptor);
  close(memory);
}

void tsl_h5_abandon(struct tsl_h5_writer *writer) {
  if (writer == NULL)
    return;
  tsl__h5_quiet();
  if (writer->on_disk && writer->file >= 0)
    divert(writer);
  tsl__h5_release(writer->file);
  H5Eclear2(H5E_DEFAULT);
  if (writer->on_disk)
    unlink(writer->part);
  free(writer);
}
