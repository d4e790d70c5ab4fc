#include "unit.h"

#include "dataset_case.h"

#include <matio.h>

enum { SIDE = 32, IMAGE = 3 * SIDE * SIDE, COUNT = 12, HEADER = 128 };

/* Pixel of image i as the files' makers would have it: told apart by row, column and
 * channel, and noisy enough not to be packed to nothing. */
static uint8_t pixel(int i, int channel, int row, int column) {
  uint32_t mixed = (uint32_t)(((i * 3 + channel) * SIDE + row) * SIDE + column);
  mixed = (mixed ^ mixed >> 7) * 0x2c1b3c6du;
  return (uint8_t)(mixed >> 24);
}

struct made {
  int count, labels;
  int label_shift; /* of every label */
  enum matio_compression packed;
  bool wide_labels; /* doubles instead of bytes */
};

static void add(mat_t *mat, const char *name, int kind, int type, int rank, size_t *dims,
                void *values, enum matio_compression packed) {
  matvar_t *variable = Mat_VarCreate(name, (enum matio_classes)kind,
                                     (enum matio_types)type, rank, dims, values, 0);
  assert_non_null(variable);
  assert_int_equal(Mat_VarWrite(mat, variable, packed), 0);
  Mat_VarFree(variable);
}

/* A file of the layout of train_32x32.mat: X by columns, then y. */
static void write_mat(const char *path, const struct made *made) {
  static uint8_t images[COUNT * IMAGE]; /* (count, 3, column, row) */
  uint8_t labels[COUNT];
  double wide[COUNT];
  for (int at = 0; at < made->count * IMAGE; at++)
    images[at] = pixel(at / IMAGE, at / (SIDE * SIDE) % 3, at % SIDE, at / SIDE % SIDE);
  for (int i = 0; i < made->labels; i++) {
    labels[i] = (uint8_t)(1 + i % 10 + made->label_shift);
    wide[i] = labels[i];
  }
  mat_t *mat = Mat_CreateVer(path, NULL, MAT_FT_MAT5);
  assert_non_null(mat);
  size_t dims[4] = {SIDE, SIDE, 3, (size_t)made->count};
  size_t column[2] = {(size_t)made->labels, 1};
  add(mat, "X", MAT_C_UINT8, MAT_T_UINT8, made->count > 1 ? 4 : 3, dims, images,
      made->packed);
  if (made->wide_labels)
    add(mat, "y", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, column, wide, made->packed);
  else
    add(mat, "y", MAT_C_UINT8, MAT_T_UINT8, 2, column, labels, made->packed);
  Mat_Close(mat);
}

static const char *made_file(const char *name, enum matio_compression packed) {
  struct made made = {.count = COUNT, .labels = COUNT, .packed = packed};
  write_mat(case_path(name), &made);
  return case_path(name);
}

static struct tsl_dataset_config svhn_config(const char *train) {
  struct tsl_dataset_config config = case_config("svhn");
  case_set(&config, "train", train);
  return config;
}

static void check_image(const uint8_t *sample, int i) {
  for (int channel = 0; channel < 3; channel++)
    for (int row = 0; row < SIDE; row++)
      for (int column = 0; column < SIDE; column++)
        assert_int_equal(sample[(channel * SIDE + row) * SIDE + column],
                         pixel(i, channel, row, column));
}

static void check_content(const char *path) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct tsl_dataset_config config = svhn_config(path);
  if (case_open(&config, &dataset, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_int_equal(view->count, COUNT);
  assert_int_equal(view->test_begin, COUNT);
  assert_int_equal(view->shape.rank, 3);
  assert_int_equal(view->label_count, 10);
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(view->labels[i], (1 + i) % 10);
    check_image((const uint8_t *)view->samples + (size_t)i * IMAGE, i);
  }
  tsl_dataset_close(dataset);
}

static void test_svhn__reads_packed_and_plain_files_alike(void **state) {
  (void)state;
  check_content(made_file("packed.mat", MAT_COMPRESSION_ZLIB));
  check_content(made_file("plain.mat", MAT_COMPRESSION_NONE));
  struct made made = {.count = COUNT,
                      .labels = COUNT,
                      .packed = MAT_COMPRESSION_ZLIB,
                      .wide_labels = true};
  write_mat(case_path("wide.mat"), &made);
  check_content(case_path("wide.mat"));
}

static void test_svhn__adds_extra_and_keeps_the_test_part_apart(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct made one = {.count = 1, .labels = 1, .packed = MAT_COMPRESSION_ZLIB};
  write_mat(case_path("one.mat"), &one);
  struct tsl_dataset_config config =
      svhn_config(made_file("packed.mat", MAT_COMPRESSION_ZLIB));
  case_set(&config, "extra", made_file("plain.mat", MAT_COMPRESSION_NONE));
  case_set(&config, "test", case_path("one.mat"));
  case_set(&config, "count", "3");
  case_set(&config, "extra_count", "5");
  if (case_open(&config, &dataset, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  const uint8_t *samples = view->samples;
  assert_int_equal(view->count, 9);
  assert_int_equal(view->test_begin, 8);
  assert_int_equal(tsl_dataset_held_out(dataset, 0.1), 1);
  assert_int_equal(tsl_dataset_order(dataset)[0], 8);
  check_image(samples + 2 * IMAGE, 2);
  check_image(samples + (size_t)3 * IMAGE, 0);
  check_image(samples + (size_t)8 * IMAGE, 0);
  assert_int_equal(view->labels[7], 5);
  tsl_dataset_close(dataset);
}

/* ---- broken files ---- */

static void refuse_config(const struct tsl_dataset_config *config, const char *file,
                          const char *words) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  assert_int_not_equal(case_open(config, &dataset, &err), TSL_OK);
  if (strcmp(err.where, file) != 0 || strstr(err.text, words) == NULL)
    fail_msg("expected '%s: ...%s...', got '%s: %s'", file, words, err.where, err.text);
}

static void refuse(const char *file, const char *words) {
  struct tsl_dataset_config config = svhn_config(file);
  refuse_config(&config, file, words);
}

static size_t read_whole(const char *path, unsigned char *bytes, size_t most) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t count = fread(bytes, 1, most, file);
  assert_true(count < most);
  fclose(file);
  return count;
}

static unsigned char whole[COUNT * IMAGE + 4096];

static void test_svhn__files_cut_at_every_tenth_are_refused(void **state) {
  (void)state;
  const enum matio_compression kinds[] = {MAT_COMPRESSION_ZLIB, MAT_COMPRESSION_NONE};
  for (int kind = 0; kind < 2; kind++) {
    size_t count = read_whole(made_file("whole.mat", kinds[kind]), whole, sizeof whole);
    for (size_t tenth = 0; tenth < 10; tenth++) {
      case_write(case_path("cut.mat"), whole, count * tenth / 10);
      refuse(case_path("cut.mat"), "");
    }
    case_write(case_path("cut.mat"), whole, count - 1);
    refuse(case_path("cut.mat"), "");
  }
}

/* A compressed file: every flipped bit behind the header's text is found. */
static void test_svhn__flipped_bits_of_packed_files_are_found(void **state) {
  (void)state;
  size_t count =
      read_whole(made_file("whole.mat", MAT_COMPRESSION_ZLIB), whole, sizeof whole);
  size_t step = under_valgrind() ? 997 : 131;
  for (size_t at = HEADER - 4; at < count; at += at < HEADER + 64 ? 1 : step) {
    unsigned char flip = (unsigned char)(1u << at % 8);
    whole[at] ^= flip;
    case_write(case_path("flipped.mat"), whole, count);
    whole[at] ^= flip;
    refuse(case_path("flipped.mat"), "");
  }
}

/* A plain file has no check sum; whatever is flipped, there is a data set or a message.
 */
static void test_svhn__flipped_bits_of_plain_files_do_no_harm(void **state) {
  (void)state;
  size_t count =
      read_whole(made_file("whole.mat", MAT_COMPRESSION_NONE), whole, sizeof whole);
  size_t labels = count - 160; /* y and its description */
  int refused = 0;
  for (size_t at = HEADER - 4; at < count; at = at == HEADER + 80 ? labels : at + 1) {
    struct tsl_dataset_config config = svhn_config(case_path("flipped.mat"));
    struct tsl_dataset *dataset = NULL;
    struct tsl_error err = {0};
    unsigned char flip = (unsigned char)(1u << (at * 5) % 8);
    whole[at] ^= flip;
    case_write(case_path("flipped.mat"), whole, count);
    whole[at] ^= flip;
    if (case_open(&config, &dataset, &err) != TSL_OK) {
      assert_string_equal(err.where, case_path("flipped.mat"));
      assert_true(strlen(err.text) > 0);
      refused++;
    }
    tsl_dataset_close(dataset);
  }
  assert_true(refused > 60);
}

static void test_svhn__other_files_are_named(void **state) {
  (void)state;
  const char *path = case_path("other.mat");
  case_write(path, "PK\3\4 no MAT file at all", 23);
  refuse(path, "not a MAT file of version 5");
  unsigned char header[HEADER] = "MATLAB 7.3 MAT-file";
  memcpy(header + 124, "\0\2IM", 4);
  case_write(path, header, sizeof header);
  refuse(path, "version 7.3");
  memcpy(header + 124, "\1\0MI", 4);
  case_write(path, header, sizeof header);
  refuse(path, "big-endian");
  memcpy(header + 124, "\0\1IM", 4);
  case_write(path, header, sizeof header);
  refuse(path, "no array X");
  refuse(case_path("nowhere.mat"), "cannot be found");
}

static void write_arrays(const char *path, bool struct_too, size_t first_side,
                         bool images_alone) {
  static uint8_t bytes[2 * IMAGE];
  size_t dims[4] = {first_side, SIDE, 3, 2}, column[2] = {2, 1};
  mat_t *mat = Mat_CreateVer(path, NULL, MAT_FT_MAT5);
  assert_non_null(mat);
  add(mat, "X", MAT_C_UINT8, MAT_T_UINT8, 4, dims, bytes, MAT_COMPRESSION_ZLIB);
  if (struct_too) {
    const char *fields[] = {"a"};
    size_t single[2] = {1, 1};
    matvar_t *variable = Mat_VarCreateStruct("s", 2, single, fields, 1);
    assert_int_equal(Mat_VarWrite(mat, variable, MAT_COMPRESSION_NONE), 0);
    Mat_VarFree(variable);
  }
  if (!images_alone)
    add(mat, "y", MAT_C_UINT8, MAT_T_UINT8, 2, column, bytes, MAT_COMPRESSION_ZLIB);
  Mat_Close(mat);
}

static void test_svhn__arrays_that_do_not_fit_are_refused(void **state) {
  (void)state;
  const char *path = case_path("misfit.mat");
  write_arrays(path, false, 16, false);
  refuse(path, "[32, 32, 3, count]");
  write_arrays(path, false, SIDE, true);
  refuse(path, "no array y");
  write_arrays(path, true, SIDE, false);
  refuse(path, "class 2");
  write_arrays(path, false, SIDE, false);
  refuse(path, "label 0 is 0");
  struct made made = {.count = COUNT, .labels = COUNT - 1};
  write_mat(path, &made);
  refuse(path, "11 labels for 12 images");
  made = (struct made){.count = COUNT, .labels = COUNT, .label_shift = 1};
  write_mat(path, &made);
  refuse(path, "label 9 is 11");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_svhn__reads_packed_and_plain_files_alike),
      cmocka_unit_test(test_svhn__adds_extra_and_keeps_the_test_part_apart),
      cmocka_unit_test(test_svhn__files_cut_at_every_tenth_are_refused),
      cmocka_unit_test(test_svhn__flipped_bits_of_packed_files_are_found),
      cmocka_unit_test(test_svhn__flipped_bits_of_plain_files_do_no_harm),
      cmocka_unit_test(test_svhn__other_files_are_named),
      cmocka_unit_test(test_svhn__arrays_that_do_not_fit_are_refused),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
