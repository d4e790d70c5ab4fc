/* The data files of every reader, cut off at every tenth of their length and with bits
 * turned: one message that names the file and ends the program with 2, or data of the
 * same size; nothing is left in the cache's folder of what was refused. A new kind of
 * file is one line of `kinds`. */
#include "unit.h"

#include "dataset_case.h"
#include "teasel/store.h"

#include <dirent.h>
#include <hdf5.h>
#include <math.h>
#include <matio.h>
#include <zlib.h>

/* wants FILE */
#include <jpeglib.h>

enum { COUNT = 6, SIDE = 8, BYTES = COUNT * SIDE * SIDE, FLIPS = 250 };

static uint8_t pixels[BYTES];
static float reals[BYTES];

/* ---- good files ---- */

static void make_idx_images(const char *path) {
  unsigned char file[16 + BYTES] = {0, 0, 8, 3,    0, 0, 0, COUNT,
                                    0, 0, 0, SIDE, 0, 0, 0, SIDE};
  memcpy(file + 16, pixels, BYTES);
  case_write(path, file, sizeof file);
}

static void make_idx_labels(const char *path) {
  unsigned char file[8 + COUNT] = {0, 0, 8, 1, 0, 0, 0, COUNT, 0, 1, 2, 0, 1, 2};
  case_write(path, file, sizeof file);
}

static void pack(const char *path) {
  char *bytes = NULL;
  size_t count = 0;
  assert_int_equal(tsl_file_read(path, &bytes, &count, NULL), TSL_OK);
  gzFile file = gzopen(path, "wb");
  assert_int_equal(gzwrite(file, bytes, (unsigned)count), count);
  assert_int_equal(gzclose(file), Z_OK);
  free(bytes);
}

static void make_gzip_images(const char *path) {
  make_idx_images(path);
  pack(path);
}

static void make_gzip_labels(const char *path) {
  make_idx_labels(path);
  pack(path);
}

static void make_npy(const char *path, const char *header, const void *data,
                     size_t count) {
  unsigned char file[10 + 128 + sizeof reals] = "\x93NUMPY\1";
  const size_t length = strlen(header);
  file[8] = (unsigned char)length;
  memcpy(file + 10, header, length);
  memcpy(file + 10 + length, data, count);
  case_write(path, file, 10 + length + count);
}

static void make_npy_bytes(const char *path) {
  make_npy(path, "{'descr': '|u1', 'fortran_order': False, 'shape': (6, 8, 8), }\n",
           pixels, sizeof pixels);
}

static void make_npy_reals(const char *path) {
  make_npy(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 8, 8), }\n",
           reals, sizeof reals);
}

static void make_npy_labels(const char *path) {
  const int64_t labels[COUNT] = {0, 1, 2, 0, 1, 2};
  make_npy(path, "{'descr': '<i8', 'fortran_order': False, 'shape': (6,), }\n", labels,
           sizeof labels);
}

static void make_npy_factors(const char *path) {
  make_npy(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 2), }\n", reals,
           (size_t)COUNT * 2 * sizeof *reals);
}

static void make_hdf5(const char *path) {
  int32_t labels[COUNT] = {0, 1, 2, 0, 1, 2}, sizes[2] = {0, 0};
  int64_t begin[1] = {4};
  static const char *const names[] = {"length", "width"}, *const classes[] = {"a", "b",
                                                                              "c"};
  const struct tsl_array arrays[] = {
      {"/images", TSL_ARRAY_U8, 3, {COUNT, SIDE, SIDE}, pixels},
      {"/labels", TSL_ARRAY_I32, 1, {COUNT}, labels},
      {"/factors", TSL_ARRAY_F32, 2, {COUNT, 2}, reals},
      {"/factor_sizes", TSL_ARRAY_I32, 1, {2}, sizes},
      {"/test_begin", TSL_ARRAY_I64, 1, {1}, begin}};
  struct tsl_h5_writer *file = NULL;
  assert_int_equal(tsl_h5_create(path, &file, NULL), TSL_OK);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    assert_int_equal(tsl_h5_write(file, &arrays[i], NULL), TSL_OK);
  assert_int_equal(tsl_h5_write_strings(file, "/factor_names", names, 2, NULL), TSL_OK);
  assert_int_equal(tsl_h5_write_strings(file, "/label_names", classes, 3, NULL), TSL_OK);
  assert_int_equal(tsl_h5_commit(file, NULL), TSL_OK);
}

/* As h5py's compression="gzip", shuffle=True, fletcher32=True, in the newest format. */
static void make_hdf5_packed(const char *path) {
  const hsize_t dims[] = {COUNT, SIDE, SIDE}, chunk[] = {2, SIDE, SIDE};
  hid_t access = H5Pcreate(H5P_FILE_ACCESS), creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  H5Pset_chunk(creation, 3, chunk);
  H5Pset_shuffle(creation);
  H5Pset_deflate(creation, 6);
  H5Pset_fletcher32(creation);
  hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
  hid_t space = H5Screate_simple(3, dims, NULL);
  hid_t set =
      H5Dcreate2(file, "images", H5T_STD_U8LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  assert_true(H5Dwrite(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, pixels) >=
              0);
  H5Dclose(set);
  H5Sclose(space);
  assert_true(H5Fclose(file) >= 0);
  H5Pclose(creation);
  H5Pclose(access);
}

static void make_mat(const char *path, enum matio_compression packed) {
  static uint8_t images[COUNT * 3 * 32 * 32];
  double labels[COUNT] = {1, 2, 10, 1, 2, 9};
  size_t image_dims[] = {32, 32, 3, COUNT}, label_dims[] = {COUNT, 1};
  for (size_t i = 0; i < sizeof images; i++)
    images[i] = pixels[i % BYTES];
  mat_t *file = Mat_CreateVer(path, "MATLAB 5.0 MAT-file", MAT_FT_MAT5);
  matvar_t *x = Mat_VarCreate("X", MAT_C_UINT8, MAT_T_UINT8, 4, image_dims, images, 0);
  matvar_t *y = Mat_VarCreate("y", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, label_dims, labels, 0);
  assert_int_equal(Mat_VarWrite(file, x, packed), 0);
  assert_int_equal(Mat_VarWrite(file, y, packed), 0);
  Mat_VarFree(x);
  Mat_VarFree(y);
  Mat_Close(file);
}

static void make_mat_plain(const char *path) {
  make_mat(path, MAT_COMPRESSION_NONE);
}

static void make_mat_packed(const char *path) {
  make_mat(path, MAT_COMPRESSION_ZLIB);
}

static void make_png(const char *path) {
  struct tsl_image image = {
      .width = SIDE, .height = SIDE, .channels = 1, .bytes = pixels};
  struct tsl_text text;
  tsl_text_init(&text);
  assert_int_equal(tsl_image_png(&image, &text, NULL), TSL_OK);
  case_write(path, text.bytes, text.length);
  tsl_text_release(&text);
}

static void write_jpeg(const char *path, bool progressive) {
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  unsigned char *bytes = NULL;
  unsigned long count = 0;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &bytes, &count);
  jpeg.image_width = jpeg.image_height = SIDE;
  jpeg.input_components = 1;
  jpeg.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&jpeg);
  if (progressive)
    jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  for (JSAMPROW row = pixels; jpeg.next_scanline < SIDE; row += SIDE)
    jpeg_write_scanlines(&jpeg, &row, 1);
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  case_write(path, bytes, count);
  free(bytes);
}

static void make_jpeg(const char *path) {
  write_jpeg(path, false);
}

static void make_progressive(const char *path) {
  write_jpeg(path, true);
}

/* ---- every kind ---- */

struct kind {
  const char *name, *reader;
  const char *option; /* that names the file; "path" of pictures names its folder */
  void (*make)(const char *path);
  bool guarded; /* by a check sum: what is read is what was written */
};
static const struct kind kinds[] = {
    {"idx images", "idx", "images", make_idx_images, false},
    {"idx labels", "idx", "labels", make_idx_labels, false},
    {"gzip images", "idx", "images", make_gzip_images, true},
    {"gzip labels", "idx", "labels", make_gzip_labels, true},
    {"npy bytes", "npy", "path", make_npy_bytes, false},
    {"npy floats", "npy", "path", make_npy_reals, false},
    {"npy labels", "npy", "labels", make_npy_labels, false},
    {"npy factors", "npy", "factors", make_npy_factors, false},
    {"hdf5", "hdf5", "path", make_hdf5, false},
    {"hdf5 packed", "hdf5", "path", make_hdf5_packed, false},
    {"mat", "svhn", "train", make_mat_plain, false},
    {"mat packed", "svhn", "train", make_mat_packed, true},
    {"png", "image_folder", "path", make_png, false},
    {"jpeg", "image_folder", "path", make_jpeg, false},
    {"progressive jpeg", "image_folder", "path", make_progressive, false}};

/* All options of the reader point to good files, the kind's to the damaged one. */
static struct tsl_dataset_config config_of(const struct kind *kind, const char *damaged) {
  struct tsl_dataset_config config = case_config(kind->reader);
  if (strcmp(kind->reader, "idx") == 0) {
    case_set(&config, "images", case_path("good.idx"));
    case_set(&config, "labels", case_path("good-labels.idx"));
  } else if (strcmp(kind->reader, "npy") == 0) {
    case_set(&config, "path", case_path("good.npy"));
  } else if (strcmp(kind->reader, "image_folder") == 0) {
    case_set(&config, "size", "4");
    case_set(&config, "channels", "1");
  }
  if (strcmp(kind->reader, "image_folder") == 0)
    case_set(&config, "path", case_path("pictures"));
  else
    case_set(&config, kind->option, damaged);
  return config;
}

static int files_in_cache(void) {
  int count = 0;
  DIR *folder = opendir(case_path("cache"));
  if (folder == NULL)
    return 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    const size_t length = strlen(entry->d_name);
    count += entry->d_name[0] != '.' &&
             (length < 5 || strcmp(entry->d_name + length - 5, ".lock") != 0);
  }
  closedir(folder);
  return count;
}

/* True when it was read; the digest then. */
static bool judge(const struct kind *kind, const char *damaged, const char *what,
                  struct tsl_digest *digest) {
  const struct tsl_dataset_config config = config_of(kind, damaged);
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  const int before = files_in_cache();
  enum tsl_status status = case_open(&config, &dataset, &err);
  if (status != TSL_OK) {
    if (tsl_status_exit_code(status) != 2 || strlen(err.text) < 6 ||
        (strcmp(err.where, damaged) != 0 && strstr(err.text, damaged) == NULL))
      fail_msg("%s, %s: %s: '%s': '%s'", kind->name, what, tsl_status_name(status),
               err.where, err.text);
    if (files_in_cache() != before)
      fail_msg("%s, %s: refused, but the cache holds it", kind->name, what);
    return false;
  }
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  const bool pictures = strcmp(kind->reader, "image_folder") == 0;
  const int64_t values = pictures                            ? 16
                         : strcmp(kind->reader, "svhn") == 0 ? 3 * 32 * 32
                                                             : SIDE * SIDE;
  if (view->count != (pictures ? 2 : COUNT) || tsl_shape_count(&view->shape) != values)
    fail_msg("%s, %s: read as other data", kind->name, what);
  for (int64_t i = 0; view->labels != NULL && i < view->count; i++)
    if (view->labels[i] < 0 || view->labels[i] >= view->label_count)
      fail_msg("%s, %s: label %d of %d", kind->name, what, view->labels[i],
               view->label_count);
  for (int64_t i = 0; i < view->count * view->factor_count; i++)
    assert_true(isfinite(view->factors[i]));
  *digest = view->digest;
  remove(tsl_dataset_cache_path(dataset));
  tsl_dataset_close(dataset);
  return true;
}

static const char *make(const struct kind *kind, char **bytes, size_t *count,
                        struct tsl_digest *digest) {
  const bool picture = strcmp(kind->reader, "image_folder") == 0;
  const char *path = case_path(picture ? "pictures/damaged" : "damaged");
  kind->make(path);
  assert_int_equal(tsl_file_read(path, bytes, count, NULL), TSL_OK);
  if (!judge(kind, path, "whole", digest))
    fail_msg("%s: the whole file is refused", kind->name);
  return path;
}

static void test_data_files__cut_at_every_tenth_are_refused_by_name(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    char *bytes = NULL, what[64];
    size_t count = 0;
    struct tsl_digest good, digest;
    const char *path = make(&kinds[k], &bytes, &count, &good);
    for (size_t tenth = 0; tenth < 10; tenth++) {
      case_write(path, bytes, count * tenth / 10);
      snprintf(what, sizeof what, "cut at %zu of %zu", count * tenth / 10, count);
      if (judge(&kinds[k], path, what, &digest))
        fail_msg("%s, %s: read as if it were whole", kinds[k].name, what);
    }
    free(bytes);
  }
}

static void test_data_files__with_bits_turned_are_refused_or_read(void **state) {
  (void)state;
  const char *many = getenv("DAMAGE_FLIPS");
  const int flips = many != NULL ? atoi(many) : under_valgrind() ? FLIPS / 25 : FLIPS;
  uint64_t random = 20;
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    char *bytes = NULL, what[64];
    size_t count = 0;
    struct tsl_digest good, digest;
    const char *path = make(&kinds[k], &bytes, &count, &good);
    for (int i = 0; i < flips; i++) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const size_t bit = (size_t)(random >> 33) % (8 * count);
      bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
      case_write(path, bytes, count);
      snprintf(what, sizeof what, "bit %zu of byte %zu", bit % 8, bit / 8);
      if (judge(&kinds[k], path, what, &digest) && kinds[k].guarded &&
          memcmp(&digest, &good, sizeof good) != 0)
        fail_msg("%s, %s: read as other samples", kinds[k].name, what);
      bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    free(bytes);
  }
}

/* Where there is memory for files: hundreds of small ones are written and synced. */
static int begin(void **state) {
  for (int i = 0; i < BYTES; i++) {
    pixels[i] = (uint8_t)(i * 37 + i / 64);
    reals[i] = (float)pixels[i] / 256;
  }
  snprintf(case_folder, sizeof case_folder, "/dev/shm/teasel-test-XXXXXX");
  if (mkdtemp(case_folder) == NULL && case_begin(state) != 0)
    return 1;
  make_idx_images(case_path("good.idx"));
  make_idx_labels(case_path("good-labels.idx"));
  make_npy_bytes(case_path("good.npy"));
  if (mkdir(case_path("pictures"), 0777) != 0)
    return 1;
  make_png(case_path("pictures/good.png"));
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_data_files__cut_at_every_tenth_are_refused_by_name),
      cmocka_unit_test(test_data_files__with_bits_turned_are_refused_or_read),
  };
  return cmocka_run_group_tests(tests, begin, case_end);
}
