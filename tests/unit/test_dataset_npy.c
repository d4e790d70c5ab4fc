#include "unit.h"

#include "dataset_case.h"

#include <math.h>

enum { COUNT = 5, VALUES = 12 };

/* An NPY file with this dictionary and these bytes behind it; version 1, 2 or 3. */
static void write_npy(const char *path, int version, const char *dictionary,
                      const void *data, size_t bytes) {
  unsigned char file[4096];
  size_t length = strlen(dictionary) + 1, at = 0;
  size_t head = version == 1 ? 10 : 12;
  length = (head + length + 63) / 64 * 64 - head;
  memcpy(file, "\x93NUMPY", 6);
  file[6] = (unsigned char)version;
  file[7] = 0;
  file[8] = (unsigned char)(length & 255);
  file[9] = (unsigned char)(length >> 8);
  file[10] = file[11] = 0;
  at = head;
  memset(file + at, ' ', length);
  memcpy(file + at, dictionary, strlen(dictionary));
  file[at + length - 1] = '\n';
  memcpy(file + at + length, data, bytes);
  case_write(path, file, at + length + bytes);
}

static struct tsl_dataset_config npy_config(const char *path) {
  struct tsl_dataset_config config = case_config("npy");
  case_set(&config, "path", path);
  return config;
}

static struct tsl_dataset *open_it(const struct tsl_dataset_config *config) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  if (case_open(config, &dataset, &err) != TSL_OK)
    fail_msg("%s: %s", err.where, err.text);
  return dataset;
}

static void refuse(const struct tsl_dataset_config *config, const char *path,
                   const char *words) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  assert_int_not_equal(case_open(config, &dataset, &err), TSL_OK);
  if (strcmp(err.where, path) != 0 || strstr(err.text, words) == NULL)
    fail_msg("expected '%s: ...%s...', got '%s: %s'", path, words, err.where, err.text);
}

static void test_npy__every_version_and_float_type_is_read(void **state) {
  (void)state;
  float narrow[COUNT * VALUES];
  double wide[COUNT * VALUES];
  for (int i = 0; i < COUNT * VALUES; i++) {
    narrow[i] = (float)i / 7.0f;
    wide[i] = (double)narrow[i];
  }
  for (int version = 1; version <= 3; version++) {
    struct tsl_dataset_config config = npy_config(case_path("x.npy"));
    write_npy(case_path("x.npy"), version,
              "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 12), }", narrow,
              sizeof narrow);
    struct tsl_dataset *one = open_it(&config);
    assert_memory_equal(tsl_dataset_view(one)->samples, narrow, sizeof narrow);
    write_npy(case_path("x.npy"), version,
              "{'shape': (5,3,2,2), 'fortran_order': False, 'descr': '<f8'}", wide,
              sizeof wide);
    struct tsl_dataset *two = open_it(&config);
    assert_memory_equal(tsl_dataset_view(two)->samples, narrow, sizeof narrow);
    assert_int_equal(tsl_dataset_view(two)->shape.dims[0], 3);
    tsl_dataset_close(one);
    tsl_dataset_close(two);
  }
}

static const unsigned char bytes[COUNT * VALUES] = {1, 2, 3, 250};
static const char byte_header[] =
    "{'descr': '|u1', 'fortran_order': False, 'shape': (5, 3, 4), }";

static void test_npy__labels_and_factors_of_whole_numbers_are_read(void **state) {
  (void)state;
  const int64_t labels[COUNT] = {0, 3, 1, 2, 0};
  const signed char small[COUNT] = {0, 3, 1, -2, 0};
  const int32_t factors[COUNT * 2] = {0, -1, 2, -3, 4, -5, 6, -7, 8, -9};
  write_npy(case_path("u.npy"), 1, byte_header, bytes, sizeof bytes);
  write_npy(case_path("l.npy"), 1,
            "{'descr': '<i8', 'fortran_order': False, 'shape': (5,), }", labels,
            sizeof labels);
  write_npy(case_path("f.npy"), 1,
            "{'descr': '<i4', 'fortran_order': False, 'shape': (5, 2), }", factors,
            sizeof factors);
  struct tsl_dataset_config config = npy_config(case_path("u.npy"));
  case_set(&config, "labels", case_path("l.npy"));
  case_set(&config, "factors", case_path("f.npy"));
  struct tsl_dataset *dataset = open_it(&config);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_int_equal(view->type, TSL_SAMPLE_U8);
  assert_int_equal(view->label_count, 4);
  assert_int_equal(view->labels[1], 3);
  assert_true(view->factors[9] == -9.0f);
  tsl_dataset_close(dataset);
  write_npy(case_path("l.npy"), 1,
            "{'descr': '|i1', 'fortran_order': False, 'shape': (5,), }", small,
            sizeof small);
  refuse(&config, case_path("l.npy"), "label 3 is -2");
  write_npy(case_path("l.npy"), 1,
            "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }", factors, 20);
  refuse(&config, case_path("l.npy"), "whole numbers");
  write_npy(case_path("l.npy"), 1,
            "{'descr': '<i8', 'fortran_order': False, 'shape': (4,), }", labels, 32);
  refuse(&config, case_path("l.npy"), "4 labels for 5 samples");
}

static void test_npy__what_is_not_read_is_said(void **state) {
  (void)state;
  static const struct {
    const char *dictionary, *words;
    size_t count;
  } cases[] = {
      {"{'descr': '|u1', 'fortran_order': True, 'shape': (5, 12), }", "Fortran", 60},
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (5, 3), }", "large end", 60},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (5, 3), }",
       "type '|O' are not read", 60},
      {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (5,)}",
       "type [('a', '<f4')] are not read", 60},
      {"{'fortran_order': False, 'shape': (5,), 'descr': '|O", "type '|O  ", 60},
      {"{'descr': '<f2', 'fortran_order': False, 'shape': (5, 6), }", "not read", 60},
      {"{'descr': '<i4', 'fortran_order': False, 'shape': (5, 3), }", "uint8", 60},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (60,), }", "dimensions [60]",
       60},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (5, 13), }", "cut off", 60},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (5, 11), }", "damaged", 60},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (-5, 12), }", "broken", 60},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999, 99999999999)}",
       "broken", 60},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 12), }", "no samples", 0},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': 60}", "no shape", 60},
      {"{'descr': '|u1', 'shape': (5, 12), }", "no order", 60},
  };
  struct tsl_dataset_config config = npy_config(case_path("odd.npy"));
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    write_npy(case_path("odd.npy"), 1, cases[i].dictionary, bytes, cases[i].count);
    refuse(&config, case_path("odd.npy"), cases[i].words);
  }
  case_write(case_path("odd.npy"), "PK\3\4 a zip of arrays", 20);
  refuse(&config, case_path("odd.npy"), "not an NPY file");
  const float holes[] = {0, 1, NAN, 3};
  write_npy(case_path("odd.npy"), 1,
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", holes,
            sizeof holes);
  refuse(&config, case_path("odd.npy"), "sample 1 holds");
}

static void test_npy__files_cut_at_every_tenth_are_refused(void **state) {
  (void)state;
  unsigned char file[4096];
  write_npy(case_path("whole.npy"), 2, byte_header, bytes, sizeof bytes);
  FILE *stream = fopen(case_path("whole.npy"), "rb");
  size_t count = fread(file, 1, sizeof file, stream);
  fclose(stream);
  struct tsl_dataset_config config = npy_config(case_path("cut.npy"));
  for (size_t tenth = 0; tenth < 10; tenth++) {
    case_write(case_path("cut.npy"), file, count * tenth / 10);
    refuse(&config, case_path("cut.npy"), "");
  }
  for (size_t i = 0; i < 80; i++) { /* any header with a bit turned: an answer */
    struct tsl_dataset *dataset = NULL;
    struct tsl_error err = {0};
    file[i] ^= 0x04;
    case_write(case_path("cut.npy"), file, count);
    if (case_open(&config, &dataset, &err) != TSL_OK)
      assert_true(strlen(err.text) > 5);
    tsl_dataset_close(dataset);
    file[i] ^= 0x04;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_npy__every_version_and_float_type_is_read),
      cmocka_unit_test(test_npy__labels_and_factors_of_whole_numbers_are_read),
      cmocka_unit_test(test_npy__what_is_not_read_is_said),
      cmocka_unit_test(test_npy__files_cut_at_every_tenth_are_refused),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
