/* fuzz_h5.h - HDF5 files whose structure is right and whose content is anything: which
 * datasets there are, their types, dimensions, layouts and numbers, all from libFuzzer's
 * bytes. Damaged bytes end mostly in the HDF5 library; these get past it. */
#ifndef TEASEL_TESTS_FUZZ_FUZZ_H5_H
#define TEASEL_TESTS_FUZZ_FUZZ_H5_H

#include "fuzz.h"

#include <hdf5.h>
#include <math.h>
#include <stdbool.h>

/* What the bytes choose from. */
struct fuzz_names {
  const char *const *objects; /* (object_count) */
  int object_count;
  const char *const *attributes; /* (attribute_count) */
  int attribute_count;
};

struct fuzz_bytes {
  const uint8_t *next;
  size_t left;
};

static inline unsigned fuzz_byte(struct fuzz_bytes *bytes) {
  if (bytes->left == 0)
    return 0;
  bytes->left--;
  return *bytes->next++;
}

/* -1 where HDF5 knows no such type. */
static inline hid_t fuzz_type(unsigned kind, unsigned size) {
  const hid_t plain[] = {H5T_STD_U8LE,  H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE,
                         H5T_STD_I64LE, H5T_STD_I16BE,  H5T_STD_U64LE,  H5T_STD_B8LE};
  const unsigned plains = sizeof plain / sizeof *plain;
  hid_t type = -1;
  kind %= 2 * plains;
  if (kind < plains)
    return H5Tcopy(plain[kind]);
  switch (kind - plains) {
  case 0:
  case 1:
    type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, 1 + size % 40);
    if (size & 128)
      H5Tset_strpad(type, H5T_STR_NULLPAD);
    return type;
  case 2: {
    uint8_t member = 0;
    type = H5Tenum_create(H5T_STD_I8LE);
    H5Tenum_insert(type, "FALSE", &member);
    member = 1;
    H5Tenum_insert(type, "TRUE", &member);
    return type;
  }
  case 3:
    type = H5Tcreate(H5T_COMPOUND, 8);
    H5Tinsert(type, "a", 0, H5T_STD_I32LE);
    return type;
  case 4:
    return H5Tcreate(H5T_OPAQUE, 1 + size);
  case 5: {
    const hsize_t dims[] = {1 + size % 4};
    return H5Tarray_create2(H5T_IEEE_F32LE, 1, dims);
  }
  case 6:
    type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    return type;
  default:
    return H5Tvlen_create(H5T_STD_I32LE);
  }
}

static inline hid_t fuzz_space(struct fuzz_bytes *bytes, hsize_t *points) {
  static const hsize_t sizes[] = {1, 2, 2, 3, 4, 5, 0, 7, 16, 1 << 20, (hsize_t)1 << 40};
  hsize_t dims[12];
  const unsigned rank = fuzz_byte(bytes) % 12;
  *points = 1;
  if (rank == 11)
    return H5Screate(H5S_NULL);
  for (unsigned i = 0; i < rank; i++) {
    dims[i] = sizes[fuzz_byte(bytes) % (sizeof sizes / sizeof *sizes)];
    *points = dims[i] != 0 && *points > ((hsize_t)1 << 50) / dims[i] ? (hsize_t)1 << 50
                                                                     : *points * dims[i];
  }
  return rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple((int)rank, dims, NULL);
}

/* Numbers that are mostly small, so that labels and counts are met. */
static inline void fuzz_numbers(struct fuzz_bytes *bytes, hid_t type, hsize_t points,
                                void *out) {
  static const double odd[] = {(double)NAN, (double)INFINITY, -1,  1e300, 255,
                               256,         -2147483649.0,    9e18};
  double *numbers = out;
  for (hsize_t i = 0; i < points; i++) {
    const unsigned byte = fuzz_byte(bytes);
    numbers[i] = byte < 200 ? byte % 8 : odd[byte % (sizeof odd / sizeof *odd)];
  }
  H5Tconvert(H5T_NATIVE_DOUBLE, type, points, out, NULL, H5P_DEFAULT);
}

/* What is too large to be written here is only promised. */
static inline void fuzz_dataset(hid_t file, const char *name, struct fuzz_bytes *bytes) {
  enum { POINTS_MAX = 512, ITEM_MAX = 300 };
  static double data[POINTS_MAX * ITEM_MAX / 8];
  hsize_t points = 0, chunk[H5S_MAX_RANK];
  const unsigned kind = fuzz_byte(bytes), size = fuzz_byte(bytes), how = fuzz_byte(bytes);
  hid_t type = fuzz_type(kind, size), space = fuzz_space(bytes, &points);
  hid_t links = H5Pcreate(H5P_LINK_CREATE), creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const int rank = H5Sget_simple_extent_ndims(space);
  for (int i = 0; i < rank; i++)
    chunk[i] = 1 + (how >> 4);
  if (how % 4 == 1 && rank > 0)
    H5Pset_chunk(creation, rank, chunk);
  if (how % 4 == 1 && how & 8)
    H5Pset_deflate(creation, 1);
  if (how % 4 == 2)
    H5Pset_layout(creation, H5D_COMPACT);
  hid_t set = H5Dcreate2(file, name, type, space, links, creation, H5P_DEFAULT);
  const H5T_class_t class = H5Tget_class(type);
  if (set >= 0 && points > 0 && points <= POINTS_MAX && !(how & 4) && class != H5T_VLEN &&
      H5Tis_variable_str(type) <= 0) {
    memset(data, 'a', sizeof data);
    if (class == H5T_INTEGER || class == H5T_FLOAT)
      fuzz_numbers(bytes, type, points, data);
    else
      for (size_t i = 0; i < sizeof data && bytes->left > 0 && i < 64; i++)
        ((uint8_t *)data)[i] = (uint8_t)fuzz_byte(bytes);
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  }
  H5Dclose(set);
  H5Pclose(creation);
  H5Pclose(links);
  H5Sclose(space);
  H5Tclose(type);
}

static inline void fuzz_attribute(hid_t file, const char *object, const char *name,
                                  struct fuzz_bytes *bytes) {
  double number[4] = {0};
  const unsigned kind = fuzz_byte(bytes);
  const hsize_t dims[] = {kind >> 6};
  hid_t type = fuzz_type(kind % 8, 0);
  hid_t space = kind >> 6 == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, dims, NULL);
  hid_t made = H5Acreate_by_name(file, object, name, type, space, H5P_DEFAULT,
                                 H5P_DEFAULT, H5P_DEFAULT);
  fuzz_numbers(bytes, type, 4, number);
  if (made >= 0)
    H5Awrite(made, type, number);
  H5Aclose(made);
  H5Sclose(space);
  H5Tclose(type);
}

/* Makes the file `path`. */
static inline void fuzz_compose(const char *path, const struct fuzz_names *names,
                                const uint8_t *data, size_t size) {
  struct fuzz_bytes bytes = {data, size};
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_file_locking(access, 0, 1);
  hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
  H5Pclose(access);
  if (file < 0)
    abort();
  for (int i = 0; bytes.left > 0 && i < 48; i++) {
    const unsigned what = fuzz_byte(&bytes);
    const char *object =
        names->objects[fuzz_byte(&bytes) % (unsigned)names->object_count];
    if (what < 160)
      fuzz_dataset(file, object, &bytes);
    else if (what < 235)
      fuzz_attribute(
          file, what < 200 ? "/" : object,
          names->attributes[fuzz_byte(&bytes) % (unsigned)names->attribute_count],
          &bytes);
    else if (what < 245)
      H5Lcreate_soft(names->objects[fuzz_byte(&bytes) % (unsigned)names->object_count],
                     file, object, H5P_DEFAULT, H5P_DEFAULT);
    else
      H5Gclose(H5Gcreate2(file, object, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  }
  H5Eclear2(H5E_DEFAULT);
  if (H5Fclose(file) < 0)
    abort();
}

#endif
