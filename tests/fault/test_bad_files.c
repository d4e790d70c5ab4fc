/* Files that once did harm, or would have: found by the harnesses of tests/fuzz and in
 * reading them over. Each is refused by its name, and asks for no more memory than it
 * could fill. */
#include "unit.h"

#include "dataset_case.h"
#include "teasel/compare.h"
#include "teasel/store.h"
#include "teasel/watch.h"

#include <hdf5.h>
#include <math.h>
#include <sys/stat.h>

static struct tsl_store *store;

static void write_arrays(const char *path, const struct tsl_array *arrays, size_t count,
                         const char *strings) {
  static const char *const words[] = {"r", "s"};
  struct tsl_h5_writer *file = NULL;
  assert_int_equal(tsl_h5_create(path, &file, NULL), TSL_OK);
  for (size_t i = 0; i < count; i++)
    assert_int_equal(tsl_h5_write(file, &arrays[i], NULL), TSL_OK);
  assert_int_equal(tsl_h5_write_strings(file, strings, words, 2, NULL), TSL_OK);
  assert_int_equal(tsl_h5_commit(file, NULL), TSL_OK);
}

/* A dataset that promises numbers and holds none. */
static void promise(const char *path, const char *name, hid_t type, int rank,
                    const hsize_t *dims, bool chunked) {
  const hsize_t chunk[H5S_MAX_RANK] = {1, 1, 1, 1};
  hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  hid_t links = H5Pcreate(H5P_LINK_CREATE), creation = H5Pcreate(H5P_DATASET_CREATE);
  hid_t space = H5Screate_simple(rank, dims, NULL);
  H5Pset_create_intermediate_group(links, 1);
  if (chunked)
    H5Pset_chunk(creation, rank, chunk);
  H5Ldelete(file, name, H5P_DEFAULT);
  hid_t set = H5Dcreate2(file, name, type, space, links, creation, H5P_DEFAULT);
  assert_true(set >= 0);
  H5Dclose(set);
  H5Sclose(space);
  H5Pclose(creation);
  H5Pclose(links);
  assert_true(H5Fclose(file) >= 0);
}

static void refused(enum tsl_status status, const struct tsl_error *err, const char *path,
                    const char *words) {
  if (tsl_status_exit_code(status) != 2 || strcmp(err->where, path) != 0 ||
      strstr(err->text, words) == NULL)
    fail_msg("wanted '%s: ...%s...', got %s '%s: %s'", path, words,
             tsl_status_name(status), err->where, err->text);
}

static void data_refused(const struct tsl_dataset_config *config, const char *path,
                         const char *words) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  refused(case_open(config, &dataset, &err), &err, path, words);
}

/* ---- data sets ---- */

static uint8_t pixels[8] = {0, 1, 1};

/* As tests/fuzz/seeds.c makes one. */
static const char *make_data(const char *name) {
  static float factors[6] = {0, 1, 2, 0, 1, 2};
  static int32_t labels[2] = {0, 1}, sizes[3] = {3, 3, 0};
  static int64_t begin[1] = {1};
  static const char *const words[] = {"a", "b", "c"};
  const struct tsl_array arrays[] = {{"/images", TSL_ARRAY_U8, 3, {2, 2, 2}, pixels},
                                     {"/labels", TSL_ARRAY_I32, 1, {2}, labels},
                                     {"/factors", TSL_ARRAY_F32, 2, {2, 3}, factors},
                                     {"/factor_sizes", TSL_ARRAY_I32, 1, {3}, sizes},
                                     {"/test_begin", TSL_ARRAY_I64, 1, {1}, begin}};
  const char *path = case_path(name);
  struct tsl_h5_writer *file = NULL;
  assert_int_equal(tsl_h5_create(path, &file, NULL), TSL_OK);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    assert_int_equal(tsl_h5_write(file, &arrays[i], NULL), TSL_OK);
  assert_int_equal(tsl_h5_write_strings(file, "/label_names", words, 2, NULL), TSL_OK);
  assert_int_equal(tsl_h5_write_strings(file, "/factor_names", words, 3, NULL), TSL_OK);
  assert_int_equal(tsl_h5_write_attribute(file, "/labels", "classes", 2, NULL), TSL_OK);
  assert_int_equal(tsl_h5_commit(file, NULL), TSL_OK);
  return path;
}

/* HDF5 1.10.8 dies of it, or says what is wrong: it uses what it freed after an object
 * header could not be read. */
static void test_hdf5__a_file_that_crashes_the_library_is_refused(void **state) {
  (void)state;
  static const struct {
    long at;
    unsigned char byte;
  } changes[] = {{717, 0005},  {1532, 0377}, {1533, 0377}, {1534, 0377},
                 {1535, 0334}, {1788, 0100}, {3146, 0373}, {4466, 0065},
                 {4539, 0377}, {4540, 0377}, {4541, 0377}, {4542, 0374}};
  const char *path = make_data("crash.h5");
  FILE *file = fopen(path, "r+b");
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    fseek(file, changes[i].at, SEEK_SET);
    fputc(changes[i].byte, file);
  }
  fclose(file);
  struct tsl_dataset_config config = case_config("hdf5");
  case_set(&config, "path", path);
  data_refused(&config, path, "");
}

static void test_hdf5__promises_beyond_the_file_are_refused(void **state) {
  (void)state;
  const hsize_t many[] = {(hsize_t)1 << 40, 2, 2}, two[] = {2},
                long_list[] = {(hsize_t)1 << 45};
  const char *path = make_data("promise.h5");
  struct tsl_dataset_config config = case_config("hdf5");
  case_set(&config, "path", path);
  promise(path, "/images", H5T_STD_U8LE, 3, many, true);
  data_refused(&config, path, "/images claims more numbers than a file of");
  promise(make_data("promise.h5"), "/images", H5T_IEEE_F64LE, 3, many, false);
  data_refused(&config, path, "/images claims");
  promise(make_data("promise.h5"), "/factors", H5T_IEEE_F64LE, 3, many, false);
  data_refused(&config, path, "/factors claims");
  hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, 1000);
  promise(make_data("promise.h5"), "/factor_names", text, 1, long_list, true);
  data_refused(&config, path, "/factor_names claims");
  promise(make_data("promise.h5"), "/label_names", text, 1, two, false);
  H5Tclose(text);
}

enum outside { LINK, LINK_ON_THE_WAY, RAW_NUMBERS, VIRTUAL };

/* Lets the data set's images lie in `other`. */
static void move_outside(const char *path, const char *other, enum outside how) {
  const hsize_t dims[] = {2, 2, 2};
  hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  hid_t creation = H5Pcreate(H5P_DATASET_CREATE), set = -1;
  hid_t space = H5Screate_simple(3, dims, NULL);
  H5Ldelete(file, "/images", H5P_DEFAULT);
  if (how == LINK)
    H5Lcreate_external(other, "/images", file, "/images", H5P_DEFAULT, H5P_DEFAULT);
  if (how == LINK_ON_THE_WAY) {
    H5Lcreate_external(other, "/", file, "/other", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/other/images", file, "/images", H5P_DEFAULT, H5P_DEFAULT);
  }
  if (how == RAW_NUMBERS)
    H5Pset_external(creation, other, 0, 8);
  if (how == VIRTUAL)
    H5Pset_virtual(creation, space, other, "/images", space);
  if (how == RAW_NUMBERS || how == VIRTUAL) {
    set = H5Dcreate2(file, "/images", H5T_STD_U8LE, space, H5P_DEFAULT, creation,
                     H5P_DEFAULT);
    assert_true(set >= 0);
    H5Dclose(set);
  }
  H5Sclose(space);
  H5Pclose(creation);
  assert_true(H5Fclose(file) >= 0);
}

/* The other file is a pipe that nobody writes into: opening it would wait for ever. */
static void test_hdf5__numbers_in_other_files_are_not_read(void **state) {
  (void)state;
  static const char *const words[] = {
      [LINK] = "/images is a link into another file",
      [LINK_ON_THE_WAY] = "there is no dataset /images",
      [RAW_NUMBERS] = "the numbers of /images lie in other files",
      [VIRTUAL] = "the numbers of /images lie in other files"};
  char pipe[TSL_PATH_MAX];
  snprintf(pipe, sizeof pipe, "%.4000s", case_path("pipe.h5"));
  assert_int_equal(mkfifo(pipe, 0600), 0);
  for (size_t how = 0; how < sizeof words / sizeof *words; how++) {
    const char *path = make_data("outside.h5");
    struct tsl_dataset_config config = case_config("hdf5");
    case_set(&config, "path", path);
    move_outside(path, pipe, (enum outside)how);
    data_refused(&config, path, words[how]);
  }
}

static void test_npy__samples_without_values_name_their_file(void **state) {
  (void)state;
  static const char header[] =
      "{'descr': '|u1', 'fortran_order': False, 'shape': (5, 0), }\n";
  unsigned char file[10 + sizeof header - 1] = "\x93NUMPY\1";
  file[8] = sizeof header - 1;
  memcpy(file + 10, header, sizeof header - 1);
  struct tsl_dataset_config config = case_config("npy");
  case_write(case_path("none.npy"), file, sizeof file);
  case_set(&config, "path", case_path("none.npy"));
  data_refused(&config, case_path("none.npy"), "0 values");
}

/* A scan of a progressive JPEG costs ten bytes and a pass over the picture: thousands of
 * them are hours. */
static void test_jpeg__thousands_of_scans_are_refused(void **state) {
  (void)state;
  static const unsigned char
      head[] =
          {
              0xff, 0xd8,           /* SOI */
              0xff, 0xdb, 0, 67, 0, /* DQT: 64 ones follow */
          },
      frame[] = {0xff, 0xc2, 0, 11, 8,    0, 8,
                 0,    8,    1, 1,  0x11, 0}, /* progressive, 8 x 8 */
      codes[] = {0xff, 0xc4, 0, 20, 0, 1, 0, 0,    0,    0, 0,  0,    0, 0, 0,
                 0,    0,    0, 0,  0, 0, 0, 0xff, 0xc4, 0, 20, 0x10, 1, 0, 0,
                 0,    0,    0, 0,  0, 0, 0, 0,    0,    0, 0,  0,    0, 0},
      first[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0}, /* DC, all bits */
      more[] = {0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0, 0}; /* AC, end of block */
  enum { SCANS = 2000 };
  static unsigned char bytes[200 + SCANS * sizeof more];
  unsigned char *next = bytes;
#define ADD(part) (memcpy(next, part, sizeof part), next += sizeof part)
  ADD(head);
  memset(next, 1, 64);
  next += 64;
  ADD(frame);
  ADD(codes);
  ADD(first);
  for (int i = 0; i < SCANS; i++)
    ADD(more);
#undef ADD
  *next++ = 0xff, *next++ = 0xd9;
  struct tsl_image image = {0};
  struct tsl_error err = {0};
  refused(tsl_image_decode(bytes, (size_t)(next - bytes), "scans.jpg", &image, &err),
          &err, "scans.jpg", "more than 100 scans");
}

/* ---- results ---- */

static void test_latents__runs_without_latents_are_refused(void **state) {
  (void)state;
  float numbers[4] = {1};
  int64_t indices[2] = {1, 0}, widths[2] = {2, 2};
  const struct tsl_array arrays[] = {
      {"/indices", TSL_ARRAY_I64, 1, {2}, indices},
      {"/run_table/latent", TSL_ARRAY_I64, 1, {2}, widths},
      {"/runs/r/mean", TSL_ARRAY_F32, 2, {2, 2}, numbers},
      {"/runs/r/log_variance", TSL_ARRAY_F32, 2, {2, 2}, numbers},
      {"/runs/s/mean", TSL_ARRAY_F32, 2, {2, 2}, numbers},
      {"/runs/s/log_variance", TSL_ARRAY_F32, 2, {2, 2}, numbers}};
  static const int64_t wrong[] = {0, -1, -2000000000000, INT64_MIN};
  char path[TSL_PATH_MAX];
  struct tsl_latents latents;
  struct tsl_error err = {0};
  tsl_store_path(store, TSL_STORE_LATENTS, path);
  write_arrays(path, arrays, 6, "/run_table/name");
  assert_int_equal(tsl_store_latents_read(store, &latents, &err), TSL_OK);
  tsl_latents_release(&latents);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    widths[1] = wrong[i];
    write_arrays(path, arrays, 6, "/run_table/name");
    refused(tsl_store_latents_read(store, &latents, &err), &err, path,
            "/run_table/latent holds");
  }
}

static void test_scores__sizes_that_do_not_fit_are_refused(void **state) {
  (void)state;
  const hsize_t matrix[] = {1000, 1000, 30, 30}, kl[] = {100000, 100000};
  char path[TSL_PATH_MAX];
  struct tsl_scores scores;
  struct tsl_error err = {0};
  assert_int_equal(tsl_scores_init(&scores, 2, 2, 1, 1, &err), TSL_OK);
  scores.comparisons = INT64_MAX; /* rounds to 2^63, which is no int64_t */
  assert_int_equal(tsl_scores_write(store, &scores, &err), TSL_OK);
  tsl_scores_release(&scores);
  tsl_store_path(store, TSL_STORE_SCORES, path);
  refused(tsl_scores_read(store, &scores, &err), &err, path, "damaged");
  promise(path, "/spearman/R", H5T_IEEE_F32LE, 4, matrix, true);
  refused(tsl_scores_read(store, &scores, &err), &err, path, "/spearman/R");
  promise(path, "/runs/kl", H5T_IEEE_F64LE, 2, kl, true);
  refused(tsl_scores_read(store, &scores, &err), &err, path, "/runs/kl claims");
}

/* Half of it commas, half of it lines: their product would be a table of terabytes. */
static void test_log__more_cells_than_bytes_are_refused(void **state) {
  (void)state;
  enum { HALF = 500000 };
  char path[TSL_PATH_MAX];
  struct tsl_table table = {0};
  struct tsl_error err = {0};
  char *bytes = malloc(3 * (size_t)HALF);
  assert_non_null(bytes);
  for (int i = 0; i < HALF; i++)
    memcpy(bytes + 2 * i, "a,", 2);
  bytes[2 * HALF - 1] = '\n';
  memset(bytes + 2 * HALF, '\n', HALF);
  tsl_store_run_path(store, "r", "log.csv", path);
  case_write(path, bytes, 3 * (size_t)HALF);
  free(bytes);
  refused(tsl_store_log_read(store, "r", &table, &err), &err, path, "does not hold");
}

/* 1e66 is no int64_t; what `status` shows of such a log is no step at all. */
static void test_log__a_last_step_beyond_any_count_is_none(void **state) {
  (void)state;
  static const char bytes[] = "step,total\n1,0.5\n1e66,0.5\n";
  char path[TSL_PATH_MAX];
  int64_t step = 0;
  double total = 0;
  tsl_store_run_path(store, "r", "log.csv", path);
  case_write(path, bytes, sizeof bytes - 1);
  tsl_store_log_last(store, "r", &step, &total);
  assert_int_equal(step, -1);
  assert_float_equal(total, 0.5, 0);
}

static int begin(void **state) {
  char path[TSL_PATH_MAX];
  return case_begin(state) != 0 ||
         tsl_store_open(case_path("results"), TSL_STORE_CREATE, &store, NULL) != TSL_OK ||
         tsl_folder_create(tsl_store_run_path(store, "r", "", path), NULL) != TSL_OK;
}

static int end(void **state) {
  tsl_store_close(store);
  return case_end(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hdf5__a_file_that_crashes_the_library_is_refused),
      cmocka_unit_test(test_hdf5__promises_beyond_the_file_are_refused),
      cmocka_unit_test(test_hdf5__numbers_in_other_files_are_not_read),
      cmocka_unit_test(test_npy__samples_without_values_name_their_file),
      cmocka_unit_test(test_jpeg__thousands_of_scans_are_refused),
      cmocka_unit_test(test_latents__runs_without_latents_are_refused),
      cmocka_unit_test(test_scores__sizes_that_do_not_fit_are_refused),
      cmocka_unit_test(test_log__more_cells_than_bytes_are_refused),
      cmocka_unit_test(test_log__a_last_step_beyond_any_count_is_none),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
