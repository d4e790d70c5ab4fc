/* Reading any HDF5 file, ours or a stranger's: nothing in it is trusted. */
#include "base/regular.h"
#include "store/file.h"
#include "store/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What can be said without HDF5, in words that help. */
static enum tsl_status check_plain(const char *path, struct tsl_error *err) {
  static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  unsigned char head[8] = {0};
  int file = tsl__regular_open(path);
  if (file < 0 && (errno == ENOENT || errno == ENOTDIR))
    return tsl_error_set(err, TSL_BAD_INPUT, path,
                         "there is no such file; check the name");
  if (file < 0)
    return tsl__io_error(err, path, "cannot open", errno);
  struct stat about;
  ssize_t got = read(file, head, sizeof head);
  int failure = got < 0 ? errno : 0;
  int stated = fstat(file, &about);
  close(file);
  if (failure == EISDIR)
    return tsl_error_set(err, TSL_BAD_INPUT, path,
                         "is a folder, not an HDF5 file; check the name");
  if (failure != 0)
    return tsl__io_error(err, path, "cannot read", failure);
  if (stated == 0 && about.st_size == 0)
    return tsl_error_set(err, TSL_FORMAT, path, "the file is empty; write it again");
  if (got < 8 || memcmp(head, signature, 8) != 0) {
    /* A user block before the signature is allowed, so HDF5 has the last word. */
    htri_t is = H5Fis_hdf5(path);
    H5Eclear2(H5E_DEFAULT);
    if (is <= 0)
      return tsl_error_set(err, TSL_FORMAT, path, "this is not an HDF5 file");
  }
  return TSL_OK;
}

enum tsl_status tsl_h5_open_here(const char *path, struct tsl_h5_reader **out,
                                 struct tsl_error *err) {
  tsl__h5_quiet();
  tsl__h5_stay_inside();
  TSL_TRY(check_plain(path, err));
  enum tsl_status status = TSL_OK;
  hid_t access = tsl__h5_file_access();
  struct tsl_h5_reader *reader = calloc(1, sizeof *reader);
  if (reader == NULL) {
    status = tsl_error_set(err, TSL_MEMORY, path, "no memory to open the file");
    goto done;
  }
  reader->file = -1;
  status = tsl__path_print(reader->path, sizeof reader->path, err, "%s", path);
  if (status != TSL_OK)
    goto done;
  reader->file = H5Fopen(path, H5F_ACC_RDONLY, access);
  if (reader->file < 0) {
    status = tsl__h5_error(err, TSL_FORMAT, path,
                           "the HDF5 file is cut off or damaged; make it again");
    goto done;
  }
  *out = reader;
  reader = NULL;
done:
  tsl__h5_release(access);
  tsl_h5_close(reader);
  return status;
}

enum tsl_status tsl__h5_open_image_here(const char *path, const void *bytes, size_t count,
                                        struct tsl_h5_reader **out,
                                        struct tsl_error *err) {
  const size_t growth = 1 << 20; /* bytes; nothing grows */
  char name[TSL_PATH_MAX + 8];
  tsl__h5_quiet();
  tsl__h5_stay_inside();
  enum tsl_status status = TSL_OK;
  hid_t access = tsl__h5_file_access();
  struct tsl_h5_reader *reader = calloc(1, sizeof *reader);
  if (reader == NULL) {
    status = tsl_error_set(err, TSL_MEMORY, path, "no memory to read the file");
    goto done;
  }
  reader->file = -1;
  status = tsl__path_print(reader->path, sizeof reader->path, err, "%s", path);
  if (status != TSL_OK)
    goto done;
  /* HDF5 copies the image, takes it without const, and wants a name that no file has. */
  snprintf(name, sizeof name, "%s/image", reader->path);
  if (H5Pset_fapl_core(access, growth, /*backing_store=*/0) >= 0 &&
      H5Pset_file_image(access, (void *)(uintptr_t)bytes, count) >= 0)
    reader->file = H5Fopen(name, H5F_ACC_RDONLY, access);
  if (reader->file < 0) {
    status = tsl__h5_error(err, TSL_FORMAT, path, "the HDF5 file is damaged");
    goto done;
  }
  *out = reader;
  reader = NULL;
done:
  tsl__h5_release(access);
  tsl_h5_close(reader);
  return status;
}

void tsl_h5_close(struct tsl_h5_reader *reader) {
  if (reader == NULL)
    return;
  tsl__h5_apart_close(reader);
  tsl__h5_release(reader->file);
  H5Eclear2(H5E_DEFAULT);
  free(reader);
}

/* H5Lexists fails when a group on the way is missing, so the way is walked. */
static bool has_object(hid_t file, const char *name) {
  char part[TSL_ARRAY_NAME_MAX];
  size_t length = strlen(name);
  if (strcmp(name, "/") == 0)
    return true;
  if (length == 0 || length >= sizeof part)
    return false;
  for (size_t i = 1; i <= length; i++) {
    if (name[i] != '/' && name[i] != '\0')
      continue;
    memcpy(part, name, i);
    part[i] = '\0';
    if (H5Lexists(file, part, H5P_DEFAULT) <= 0)
      return false;
  }
  return H5Oexists_by_name(file, name, H5P_DEFAULT) > 0; /* false for a dangling link */
}

bool tsl_h5_has(struct tsl_h5_reader *reader, const char *name) {
  if (reader->apart != NULL)
    return tsl__h5_ask_has(reader, name);
  tsl__h5_quiet();
  bool has = has_object(reader->file, name);
  H5Eclear2(H5E_DEFAULT);
  return has;
}

/* An open dataset with its space and type. */
struct opened {
  hid_t dataset, space, type;
};

static void opened_release(struct opened *opened) {
  tsl__h5_release(opened->type);
  tsl__h5_release(opened->space);
  tsl__h5_release(opened->dataset);
}

static enum tsl_status open_dataset(struct tsl_h5_reader *reader, const char *name,
                                    struct opened *out, struct tsl_error *err) {
  tsl__h5_quiet();
  *out = (struct opened){-1, -1, -1};
  if (!tsl_h5_has(reader, name))
    return tsl_error_set(err, TSL_FORMAT, reader->path,
                         tsl__h5_is_link_outside(reader, name)
                             ? "%s is a link into another file, which is not read; write "
                               "the numbers into this one"
                             : "there is no dataset %s",
                         name);
  out->dataset = H5Dopen2(reader->file, name, H5P_DEFAULT);
  if (out->dataset < 0)
    return tsl__h5_error(err, TSL_FORMAT, reader->path, "%s is no dataset", name);
  TSL_TRY(tsl__h5_check_inside(reader, name, out->dataset, err));
  out->space = H5Dget_space(out->dataset);
  out->type = H5Dget_type(out->dataset);
  if (out->space < 0 || out->type < 0)
    return tsl__h5_error(err, TSL_FORMAT, reader->path, "%s is damaged", name);
  return TSL_OK;
}

/* The array type that holds every value of the file's type, where there is one. */
static enum tsl_status number_type(struct tsl_h5_reader *reader, const char *name,
                                   hid_t type, enum tsl_array_type *out,
                                   struct tsl_error *err) {
  H5T_class_t class = H5Tget_class(type);
  size_t bytes = H5Tget_size(type);
  if (class == H5T_FLOAT) {
    *out = bytes <= 4 ? TSL_ARRAY_F32 : TSL_ARRAY_F64;
    return TSL_OK;
  }
  if (class == H5T_ENUM) { /* h5py's booleans */
    *out = bytes == 1 ? TSL_ARRAY_U8 : TSL_ARRAY_I64;
    return TSL_OK;
  }
  if (class != H5T_INTEGER)
    return tsl_error_set(err, TSL_FORMAT, reader->path, "%s does not hold numbers", name);
  bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  if (bytes == 1 && !is_signed)
    *out = TSL_ARRAY_U8;
  else
    *out = bytes < 4 || (bytes == 4 && is_signed) ? TSL_ARRAY_I32 : TSL_ARRAY_I64;
  return TSL_OK;
}

enum tsl_status tsl__h5_check_claim(struct tsl_h5_reader *reader, const char *name,
                                    hid_t type, int64_t count, struct tsl_error *err) {
  const int64_t packed_most = 4096; /* bytes from one; deflate makes 1032 at most */
  hsize_t file = 0;
  int64_t bytes = 0;
  const size_t item = H5Tget_size(type);
  if (item > 0 && item <= INT64_MAX && H5Fget_filesize(reader->file, &file) >= 0 &&
      !__builtin_mul_overflow(count, (int64_t)item, &bytes) &&
      bytes / packed_most <= (int64_t)file)
    return TSL_OK;
  H5Eclear2(H5E_DEFAULT);
  return tsl_error_set(err, TSL_FORMAT, reader->path,
                       "%s claims more numbers than a file of %lld bytes can hold; it is "
                       "damaged, or was never filled",
                       name, (long long)file);
}

static enum tsl_status describe(struct tsl_h5_reader *reader, const char *name,
                                const struct opened *opened, struct tsl_array *out,
                                struct tsl_error *err) {
  hsize_t dims[H5S_MAX_RANK];
  int rank = H5Sget_simple_extent_ndims(opened->space);
  if (H5Sget_simple_extent_type(opened->space) == H5S_NULL)
    return tsl_error_set(err, TSL_FORMAT, reader->path, "%s is empty", name);
  if (rank < 0 || rank > TSL_ARRAY_RANK_MAX ||
      H5Sget_simple_extent_dims(opened->space, dims, NULL) < 0)
    return tsl_error_set(err, TSL_FORMAT, reader->path, "%s has more than %d dimensions",
                         name, TSL_ARRAY_RANK_MAX);
  struct tsl_array array = {.rank = rank};
  TSL_TRY(number_type(reader, name, opened->type, &array.type, err));
  int64_t bytes = 8;
  for (int i = 0; i < rank; i++) {
    array.dims[i] = (int64_t)dims[i];
    if (dims[i] > INT64_MAX || __builtin_mul_overflow(bytes, array.dims[i], &bytes))
      return tsl_error_set(err, TSL_FORMAT, reader->path,
                           "%s claims more numbers than there can be", name);
  }
  TSL_TRY(tsl__h5_check_claim(reader, name, opened->type, bytes / 8, err));
  TSL_TRY(tsl__path_print(array.name, sizeof array.name, err, "%s", name));
  *out = array;
  return TSL_OK;
}

enum tsl_status tsl_h5_describe(struct tsl_h5_reader *reader, const char *name,
                                struct tsl_array *out, struct tsl_error *err) {
  if (reader->apart != NULL)
    return tsl__h5_ask_describe(reader, name, out, err);
  struct opened opened;
  enum tsl_status status = open_dataset(reader, name, &opened, err);
  if (status == TSL_OK)
    status = describe(reader, name, &opened, out, err);
  opened_release(&opened);
  return status;
}

/* The file's own type for a plain read; an enumeration is read as its base type. */
static herr_t read_numbers(const struct opened *opened, enum tsl_array_type type,
                           hid_t memory_space, hid_t file_space, void *data) {
  if (H5Tget_class(opened->type) != H5T_ENUM)
    return H5Dread(opened->dataset, tsl__h5_memory_type(type), memory_space, file_space,
                   H5P_DEFAULT, data);
  /* Numbers of an enumeration come only as its own members: read as they are stored and
   * convert from the base type. */
  hid_t base = H5Tget_super(opened->type);
  hssize_t count =
      H5Sget_select_npoints(file_space == H5S_ALL ? opened->space : file_space);
  size_t bytes = H5Tget_size(opened->type);
  size_t wide = bytes > 8 ? bytes : 8;
  herr_t result = -1;
  unsigned char *buffer = count < 0 ? NULL : calloc((size_t)count + 1, wide);
  if (base >= 0 && buffer != NULL &&
      H5Dread(opened->dataset, opened->type, memory_space, file_space, H5P_DEFAULT,
              buffer) >= 0 &&
      H5Tconvert(base, tsl__h5_memory_type(type), (size_t)count, buffer, NULL,
                 H5P_DEFAULT) >= 0) {
    memcpy(data, buffer, (size_t)count * tsl_array_type_bytes(type));
    result = 0;
  }
  free(buffer);
  tsl__h5_release(base);
  return result;
}

enum tsl_status tsl_h5_read(struct tsl_h5_reader *reader, const char *name,
                            enum tsl_array_type type, struct tsl_array *out,
                            struct tsl_error *err) {
  if (reader->apart != NULL)
    return tsl__h5_ask_read(reader, name, type, out, err);
  struct tsl_array array = {.data = NULL};
  struct opened opened;
  enum tsl_status status = open_dataset(reader, name, &opened, err);
  if (status == TSL_OK)
    status = describe(reader, name, &opened, &array, err);
  if (status != TSL_OK)
    goto done;
  array.type = type;
  size_t count = (size_t)tsl_array_count(&array);
  size_t bytes = tsl_array_type_bytes(type);
  array.data = calloc(count > 0 ? count : 1, bytes);
  if (array.data == NULL) {
    status = tsl_error_set(err, TSL_MEMORY, reader->path,
                           "no memory for the %zu numbers of %s", count, name);
    goto done;
  }
  if (count > 0 && read_numbers(&opened, type, H5S_ALL, H5S_ALL, array.data) < 0) {
    status = tsl__h5_error(err, TSL_FORMAT, reader->path, "cannot read %s", name);
    goto done;
  }
  *out = array;
  array.data = NULL;
done:
  opened_release(&opened);
  tsl_array_release(&array);
  return status;
}

enum tsl_status tsl_h5_read_rows(struct tsl_h5_reader *reader, const char *name,
                                 int64_t begin, int64_t count, enum tsl_array_type type,
                                 void *data, struct tsl_error *err) {
  if (reader->apart != NULL)
    return tsl__h5_ask_rows(reader, name, begin, count, type, data, err);
  struct tsl_array array = {.rank = 0};
  struct opened opened;
  hid_t memory = -1;
  enum tsl_status status = open_dataset(reader, name, &opened, err);
  if (status == TSL_OK)
    status = describe(reader, name, &opened, &array, err);
  if (status != TSL_OK)
    goto done;
  if (array.rank == 0 || begin < 0 || count < 0 || count > array.dims[0] - begin) {
    status = tsl_error_set(err, TSL_FORMAT, reader->path,
                           "%s has no %lld rows from %lld on: it has %lld", name,
                           (long long)count, (long long)begin,
                           array.rank == 0 ? 0LL : (long long)array.dims[0]);
    goto done;
  }
  hsize_t start[TSL_ARRAY_RANK_MAX] = {(hsize_t)begin}, extent[TSL_ARRAY_RANK_MAX];
  extent[0] = (hsize_t)count;
  for (int i = 1; i < array.rank; i++)
    extent[i] = (hsize_t)array.dims[i];
  memory = H5Screate_simple(array.rank, extent, NULL);
  if (memory < 0 ||
      H5Sselect_hyperslab(opened.space, H5S_SELECT_SET, start, NULL, extent, NULL) < 0 ||
      read_numbers(&opened, type, memory, opened.space, data) < 0)
    status = tsl__h5_error(err, TSL_FORMAT, reader->path, "cannot read %s", name);
done:
  tsl__h5_release(memory);
  opened_release(&opened);
  return status;
}

enum tsl_status tsl_h5_read_attribute(struct tsl_h5_reader *reader, const char *name,
                                      const char *attribute, double *out,
                                      struct tsl_error *err) {
  if (reader->apart != NULL)
    return tsl__h5_ask_attribute(reader, name, attribute, out, err);
  tsl__h5_quiet();
  enum tsl_status status = TSL_OK;
  hid_t id = -1, space = -1, type = -1;
  if (!tsl_h5_has(reader, name))
    return tsl_error_set(err, TSL_FORMAT, reader->path, "there is no object %s", name);
  if (H5Aexists_by_name(reader->file, name, attribute, H5P_DEFAULT) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    return tsl_error_set(err, TSL_FORMAT, reader->path, "%s has no attribute '%s'", name,
                         attribute);
  }
  id = H5Aopen_by_name(reader->file, name, attribute, H5P_DEFAULT, H5P_DEFAULT);
  space = id < 0 ? -1 : H5Aget_space(id);
  type = id < 0 ? -1 : H5Aget_type(id);
  H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
  double value = 0;
  if ((class != H5T_INTEGER && class != H5T_FLOAT) ||
      H5Sget_simple_extent_npoints(space) != 1)
    status = tsl_error_set(err, TSL_FORMAT, reader->path,
                           "attribute '%s' of %s is not one number", attribute, name);
  else if (H5Aread(id, H5T_NATIVE_DOUBLE, &value) < 0)
    status = tsl__h5_error(err, TSL_FORMAT, reader->path,
                           "cannot read attribute '%s' of %s", attribute, name);
  else
    *out = value;
  tsl__h5_release(type);
  tsl__h5_release(space);
  tsl__h5_release(id);
  return status;
}
