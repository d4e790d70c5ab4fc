#include "store/h5.h"

#include "store/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tsl__h5_quiet(void) {
  /* Every file is closed before the end; one that cannot be, on a full disk, would take
   * the program down at exit. Must come before any other call, and later ones do nothing.
   */
  (void)H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* HDF5's stack runs from the call of ours (first) to where it failed (last). */
struct deepest {
  char text[512];
  int number; /* errno of a failed system call, 0: none */
};

static herr_t keep_deepest(unsigned depth, const H5E_error2_t *entry, void *context) {
  (void)depth;
  struct deepest *deepest = context;
  if (entry->desc == NULL || entry->desc[0] == '\0')
    return 0;
  snprintf(deepest->text, sizeof deepest->text, "%s", entry->desc);
  const char *number = strstr(entry->desc, "errno = ");
  if (number != NULL)
    deepest->number = (int)strtol(number + strlen("errno = "), NULL, 10);
  return 0;
}

enum tsl_status tsl__h5_error(struct tsl_error *err, enum tsl_status status,
                              const char *where, const char *format, ...) {
  struct deepest deepest = {0};
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_deepest, &deepest);
  H5Eclear2(H5E_DEFAULT);
  char message[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (deepest.number != 0)
    return tsl__io_error(err, where, message, deepest.number);
  return tsl_error_set(err, status, where, "%s%s%s%s", message,
                       deepest.text[0] != '\0' ? " (HDF5: " : "", deepest.text,
                       deepest.text[0] != '\0' ? ")" : "");
}

void tsl__h5_release(hid_t id) {
  if (id < 0)
    return;
  switch (H5Iget_type(id)) {
  case H5I_FILE:
    H5Fclose(id);
    break;
  case H5I_GROUP:
    H5Gclose(id);
    break;
  case H5I_DATATYPE:
    H5Tclose(id);
    break;
  case H5I_DATASPACE:
    H5Sclose(id);
    break;
  case H5I_DATASET:
    H5Dclose(id);
    break;
  case H5I_ATTR:
    H5Aclose(id);
    break;
  case H5I_GENPROP_LST:
    H5Pclose(id);
    break;
  default:
    H5Idec_ref(id);
  }
}

hid_t tsl__h5_file_type(enum tsl_array_type type) {
  switch (type) {
  case TSL_ARRAY_U8:
    return H5T_STD_U8LE;
  case TSL_ARRAY_I32:
    return H5T_STD_I32LE;
  case TSL_ARRAY_I64:
    return H5T_STD_I64LE;
  case TSL_ARRAY_F32:
    return H5T_IEEE_F32LE;
  case TSL_ARRAY_F64:
    return H5T_IEEE_F64LE;
  }
  return -1;
}

hid_t tsl__h5_memory_type(enum tsl_array_type type) {
  switch (type) {
  case TSL_ARRAY_U8:
    return H5T_NATIVE_UINT8;
  case TSL_ARRAY_I32:
    return H5T_NATIVE_INT32;
  case TSL_ARRAY_I64:
    return H5T_NATIVE_INT64;
  case TSL_ARRAY_F32:
    return H5T_NATIVE_FLOAT;
  case TSL_ARRAY_F64:
    return H5T_NATIVE_DOUBLE;
  }
  return -1;
}

/* A list of `class` without object times; further settings by the caller. */
static hid_t without_times(hid_t class) {
  hid_t list = H5Pcreate(class);
  if (list >= 0 && H5Pset_obj_track_times(list, 0) < 0) {
    H5Pclose(list);
    return -1;
  }
  return list;
}

hid_t tsl__h5_file_creation(void) {
  return without_times(H5P_FILE_CREATE);
}

hid_t tsl__h5_file_access(void) {
  hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  if (list < 0)
    return -1;
  /* The earliest format: any program reads it, and its superblock has no checksum, which
   * H5Fget_file_image of 1.10 leaves wrong. Locks fail on many network file systems, and
   * a rename needs none. */
  if (H5Pset_libver_bounds(list, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110) < 0 ||
      H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) < 0 ||
      H5Pset_file_locking(list, 0, 1) < 0 || H5Pset_alignment(list, 1, 1) < 0) {
    H5Pclose(list);
    return -1;
  }
  return list;
}

hid_t tsl__h5_dataset_creation(void) {
  hid_t list = without_times(H5P_DATASET_CREATE);
  if (list < 0)
    return -1;
  /* As parallel HDF5 must allocate anyway; nothing is filled, since all is written. */
  if (H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY) < 0 ||
      H5Pset_fill_time(list, H5D_FILL_TIME_NEVER) < 0) {
    H5Pclose(list);
    return -1;
  }
  return list;
}

enum tsl_status tsl__h5_make_groups(hid_t file, const char *name, const char *path,
                                    struct tsl_error *err) {
  char part[TSL_ARRAY_NAME_MAX];
  if (strlen(name) >= sizeof part)
    return tsl_error_set(err, TSL_BAD_INPUT, path, "the name %s is too long", name);
  for (const char *slash = strchr(name + 1, '/'); slash != NULL;
       slash = strchr(slash + 1, '/')) {
    snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
    htri_t there = H5Lexists(file, part, H5P_DEFAULT);
    if (there > 0)
      continue;
    hid_t creation = without_times(H5P_GROUP_CREATE);
    hid_t group = there < 0 || creation < 0
                      ? -1
                      : H5Gcreate2(file, part, H5P_DEFAULT, creation, H5P_DEFAULT);
    tsl__h5_release(creation);
    if (group < 0)
      return tsl__h5_error(err, TSL_LIBRARY, path, "cannot make the group %s", part);
    if (H5Gclose(group) < 0)
      return tsl__h5_error(err, TSL_LIBRARY, path, "cannot write the group %s", part);
  }
  return TSL_OK;
}

enum tsl_status tsl__h5_make_dataset(hid_t file, const char *name, hid_t type, int rank,
                                     const int64_t *dims, const char *path, hid_t *out,
                                     struct tsl_error *err) {
  TSL_TRY(tsl__h5_make_groups(file, name, path, err));
  hsize_t extent[TSL_ARRAY_RANK_MAX];
  for (int i = 0; i < rank; i++)
    extent[i] = (hsize_t)dims[i];
  hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, extent, NULL);
  hid_t creation = tsl__h5_dataset_creation();
  enum tsl_status status = TSL_OK;
  if (space >= 0 && creation >= 0)
    *out = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  if (*out < 0)
    status = tsl__h5_error(err, TSL_LIBRARY, path, "cannot make the dataset %s", name);
  tsl__h5_release(creation);
  tsl__h5_release(space);
  return status;
}

enum tsl_status tsl__h5_put_strings(hid_t file, hid_t transfer, const char *name,
                                    const char *const *strings, size_t count,
                                    const char *path, struct tsl_error *err) {
  size_t width = 1;
  for (size_t i = 0; i < count; i++) {
    size_t length = strlen(strings[i]) + 1;
    width = length > width ? length : width;
  }
  enum tsl_status status = TSL_OK;
  hid_t type = -1, dataset = -1;
  char *bytes = calloc(count > 0 ? count : 1, width);
  if (bytes == NULL) {
    status = tsl_error_set(err, TSL_MEMORY, path, "no memory for %s", name);
    goto done;
  }
  for (size_t i = 0; i < count; i++)
    memcpy(bytes + i * width, strings[i], strlen(strings[i]));
  type = H5Tcopy(H5T_C_S1);
  if (type < 0 || H5Tset_size(type, width) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
    status = tsl__h5_error(err, TSL_LIBRARY, path, "cannot make the type of %s", name);
    goto done;
  }
  int64_t dims[1] = {(int64_t)count};
  status = tsl__h5_make_dataset(file, name, type, 1, dims, path, &dataset, err);
  if (status != TSL_OK)
    goto done;
  if (H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, transfer, bytes) < 0)
    status = tsl__h5_error(err, TSL_LIBRARY, path, "cannot write %s", name);
done:
  tsl__h5_release(dataset);
  tsl__h5_release(type);
  free(bytes);
  return status;
}
