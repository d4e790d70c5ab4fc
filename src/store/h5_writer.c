/* Writing an HDF5 file from one process. */
#include "store/file.h"
#include "store/h5.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tsl_h5_writer {
  hid_t file;
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
  writer->file = H5Fcreate(writer->part, H5F_ACC_EXCL, creation, access);
  if (writer->file < 0) {
    status = tsl__h5_error(err, TSL_IO, path, "cannot write");
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

enum tsl_status tsl_h5_write(struct tsl_h5_writer *writer, const struct tsl_array *array,
                             struct tsl_error *err) {
  tsl__h5_quiet();
  hid_t dataset = -1;
  enum tsl_status status =
      tsl__h5_make_dataset(writer->file, array->name, tsl__h5_file_type(array->type),
                           array->rank, array->dims, writer->path, &dataset, err);
  if (status == TSL_OK && tsl_array_count(array) > 0 &&
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
  if (H5Fclose(writer->file) < 0)
    status = tsl__h5_error(err, TSL_IO, writer->path, "cannot write");
  else
    writer->file = -1;
  if (status == TSL_OK)
    status = tsl__part_publish(writer->part, writer->path, err);
  if (status != TSL_OK) {
    tsl_h5_abandon(writer);
    return status;
  }
  free(writer);
  return TSL_OK;
}

void tsl_h5_abandon(struct tsl_h5_writer *writer) {
  if (writer == NULL)
    return;
  tsl__h5_quiet();
  tsl__h5_release(writer->file);
  H5Eclear2(H5E_DEFAULT);
  unlink(writer->part);
  free(writer);
}
