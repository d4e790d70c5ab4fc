#include "unit.h"

#include "dataset_case.h"
#include "teasel/store.h"

#include <math.h>

enum {
  COUNT = 6,
  CHANNELS = 3,
  HEIGHT = 4,
  WIDTH = 2,
  VALUES = CHANNELS * HEIGHT * WIDTH
};

static struct tsl_array array(const char *name, enum tsl_array_type type, void *data,
                              int rank, const int64_t *dims) {
  struct tsl_array array = {.type = type, .rank = rank, .data = data};
  snprintf(array.name, sizeof array.name, "%s", name);
  memcpy(array.dims, dims, (size_t)rank * sizeof *dims);
  return array;
}

static void write_h5(const char *path, const struct tsl_array *arrays, size_t count) {
  struct tsl_h5_writer *file = NULL;
  struct tsl_error err = {0};
  assert_int_equal(tsl_h5_create(path, &file, &err), TSL_OK);
  for (size_t i = 0; i < count; i++)
    assert_int_equal(tsl_h5_write(file, &arrays[i], &err), TSL_OK);
  assert_int_equal(tsl_h5_commit(file, &err), TSL_OK);
}

static struct tsl_dataset_config h5_config(const char *path) {
  struct tsl_dataset_config config = case_config("hdf5");
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

static void refuse(const struct tsl_dataset_config *config, const char *words) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  const char *path = (const char *)config->reader_options;
  assert_int_not_equal(case_open(config, &dataset, &err), TSL_OK);
  if (strcmp(err.where, path) != 0 || strstr(err.text, words) == NULL)
    fail_msg("expected '%s: ...%s...', got '%s: %s'", path, words, err.where, err.text);
}

static unsigned char pixels[COUNT * VALUES];

static void test_hdf5__both_layouts_give_the_same_samples(void **state) {
  (void)state;
  const int64_t first[] = {COUNT, CHANNELS, HEIGHT, WIDTH};
  const int64_t last[] = {COUNT, HEIGHT, WIDTH, CHANNELS};
  unsigned char turned[COUNT * VALUES];
  for (int i = 0; i < COUNT * VALUES; i++)
    pixels[i] = (unsigned char)(i * 91 % 256);
  for (int n = 0; n < COUNT; n++)
    for (int c = 0; c < CHANNELS; c++)
      for (int k = 0; k < HEIGHT * WIDTH; k++)
        turned[n * VALUES + k * CHANNELS + c] =
            pixels[n * VALUES + c * HEIGHT * WIDTH + k];
  struct tsl_array plain = array("/images", TSL_ARRAY_U8, pixels, 4, first);
  struct tsl_array other = array("/data/x", TSL_ARRAY_U8, turned, 4, last);
  write_h5(case_path("first.h5"), &plain, 1);
  write_h5(case_path("last.h5"), &other, 1);
  struct tsl_dataset_config config = h5_config(case_path("first.h5"));
  struct tsl_dataset *one = open_it(&config);
  config = h5_config(case_path("last.h5"));
  case_set(&config, "images", "/data/x");
  case_set(&config, "layout", "channels_last");
  struct tsl_dataset *two = open_it(&config);
  assert_memory_equal(tsl_dataset_view(one)->samples, pixels, sizeof pixels);
  assert_memory_equal(&tsl_dataset_view(one)->digest, &tsl_dataset_view(two)->digest, 16);
  assert_int_equal(tsl_dataset_view(one)->shape.dims[2], WIDTH);
  tsl_dataset_close(one);
  tsl_dataset_close(two);
}

static void test_hdf5__floats_labels_factors_and_test_part_are_read(void **state) {
  (void)state;
  const int64_t dims[] = {COUNT, 5}, one[] = {COUNT}, factor_dims[] = {COUNT, 2},
                single[] = {1};
  float values[COUNT * 5], factors[COUNT * 2];
  int64_t begin = 4;
  int32_t labels[COUNT] = {0, 2, 1, 0, 2, 1};
  for (int i = 0; i < COUNT * 5; i++)
    values[i] = (float)i * 0.1f - 1;
  for (int i = 0; i < COUNT * 2; i++)
    factors[i] = (float)(i * i);
  struct tsl_array arrays[] = {array("/images", TSL_ARRAY_F32, values, 2, dims),
                               array("/labels", TSL_ARRAY_I32, labels, 1, one),
                               array("/factors", TSL_ARRAY_F32, factors, 2, factor_dims),
                               array("/test_begin", TSL_ARRAY_I64, &begin, 1, single)};
  write_h5(case_path("floats.h5"), arrays, 4);
  struct tsl_dataset_config config = h5_config(case_path("floats.h5"));
  struct tsl_dataset *dataset = open_it(&config);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_int_equal(view->type, TSL_SAMPLE_F32);
  assert_int_equal(view->shape.rank, 1);
  assert_int_equal(view->test_begin, 4);
  assert_int_equal(view->label_count, 3);
  assert_int_equal(view->factor_count, 2);
  assert_string_equal(view->factor_names[1], "factor1");
  assert_int_equal(view->factor_sizes[0], 0);
  float out[5];
  const int64_t index = 3;
  tsl_dataset_gather(dataset, &index, 1, out);
  assert_memory_equal(out, values + 15, sizeof out);
  assert_memory_equal(view->factors, factors, sizeof factors);
  tsl_dataset_close(dataset);

  labels[2] = -1;
  write_h5(case_path("floats.h5"), arrays, 4);
  refuse(&config, "label 2 is -1");
  labels[2] = 1;
  begin = 7;
  write_h5(case_path("floats.h5"), arrays, 4);
  refuse(&config, "/test_begin");
  begin = 4;
  factors[3] = NAN;
  write_h5(case_path("floats.h5"), arrays, 4);
  refuse(&config, "not finite");
  factors[3] = 1;
  values[12] = INFINITY;
  write_h5(case_path("floats.h5"), arrays, 4);
  refuse(&config, "sample 2 holds a value that is not finite");
  values[12] = 0;
  arrays[1].dims[0] = COUNT - 1;
  write_h5(case_path("floats.h5"), arrays, 4);
  refuse(&config, "5 labels for 6 samples");
  arrays[1].dims[0] = COUNT;
  arrays[2].dims[0] = COUNT - 1;
  write_h5(case_path("floats.h5"), arrays, 4);
  refuse(&config, "[5, 2]");
}

static void test_hdf5__binary_bytes_can_mean_one(void **state) {
  (void)state;
  unsigned char bits[COUNT * HEIGHT * WIDTH];
  const int64_t dims[] = {COUNT, HEIGHT, WIDTH};
  for (int i = 0; i < COUNT * HEIGHT * WIDTH; i++)
    bits[i] = (unsigned char)(i % 3 == 0);
  struct tsl_array images = array("/images", TSL_ARRAY_U8, bits, 3, dims);
  write_h5(case_path("bits.h5"), &images, 1);
  struct tsl_dataset_config config = h5_config(case_path("bits.h5"));
  case_set(&config, "maximum", "1");
  struct tsl_dataset *dataset = open_it(&config);
  float out[HEIGHT * WIDTH];
  const int64_t index = 0;
  tsl_dataset_gather(dataset, &index, 1, out);
  assert_true(out[0] == 1.0f && out[1] == 0.0f);
  assert_int_equal(tsl_dataset_view(dataset)->shape.dims[0], 1);
  tsl_dataset_close(dataset);
  bits[5] = 2;
  write_h5(case_path("bits.h5"), &images, 1);
  refuse(&config, "holds the value 2");
}

static void test_hdf5__wrong_arrays_are_named(void **state) {
  (void)state;
  const int64_t one[] = {COUNT}, cube[] = {1, 1, 1, 2, 3}, none[] = {0, 4};
  int32_t numbers[COUNT] = {0};
  struct tsl_array line = array("/images", TSL_ARRAY_U8, numbers, 1, one);
  struct tsl_array wide = array("/images", TSL_ARRAY_I32, numbers, 1, one);
  struct tsl_array deep = array("/images", TSL_ARRAY_U8, numbers, 5, cube);
  struct tsl_array empty = array("/images", TSL_ARRAY_U8, numbers, 2, none);
  struct tsl_dataset_config config = h5_config(case_path("wrong.h5"));
  write_h5(case_path("wrong.h5"), &line, 1);
  refuse(&config, "dimensions [6]");
  write_h5(case_path("wrong.h5"), &wide, 1);
  refuse(&config, "uint8");
  write_h5(case_path("wrong.h5"), &deep, 1);
  refuse(&config, "dimensions [1, 1, 1, 2, 3]");
  write_h5(case_path("wrong.h5"), &empty, 1);
  refuse(&config, "no samples");
  case_set(&config, "images", "/pictures");
  refuse(&config, "/pictures");
  case_write(case_path("wrong.h5"), "no HDF5 at all", 14);
  refuse(&config, "not an HDF5 file");
}

static void test_hdf5__files_cut_at_every_tenth_are_refused(void **state) {
  (void)state;
  char bytes[65536];
  FILE *file = fopen(case_path("first.h5"), "rb");
  size_t count = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  struct tsl_dataset_config config = h5_config(case_path("cut.h5"));
  for (size_t tenth = 0; tenth < 10; tenth++) {
    case_write(case_path("cut.h5"), bytes, count * tenth / 10);
    refuse(&config, "");
  }
}

static void test_write__is_read_back_to_the_same_digest(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl_dataset_config tubers = case_config("tubers");
  case_set(&tubers, "count", "40");
  case_set(&tubers, "good", "15");
  case_set(&tubers, "size", "16");
  struct tsl_dataset *dataset = open_it(&tubers);
  assert_int_equal(tsl_dataset_write(dataset, case_path("tubers.h5"), &err), TSL_OK);
  struct tsl_dataset_config config = h5_config(case_path("tubers.h5"));
  struct tsl_dataset *again = open_it(&config);
  const struct tsl_dataset_view *view = tsl_dataset_view(again);
  assert_string_equal(view->label_names[1], "bad");
  assert_string_equal(view->factor_names[6], "spots");
  assert_int_equal(view->factor_sizes[4], 32);
  assert_memory_equal(&view->digest, &tsl_dataset_view(dataset)->digest, 16);
  struct tsl_image sheet;
  assert_int_equal(tsl_dataset_sheet(again, &sheet, &err), TSL_OK);
  assert_true(sheet.width > 12 * 64 && sheet.height > 8 * 64);
  tsl_image_release(&sheet);
  tsl_dataset_close(dataset);
  tsl_dataset_close(again);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hdf5__both_layouts_give_the_same_samples),
      cmocka_unit_test(test_hdf5__floats_labels_factors_and_test_part_are_read),
      cmocka_unit_test(test_hdf5__binary_bytes_can_mean_one),
      cmocka_unit_test(test_hdf5__wrong_arrays_are_named),
      cmocka_unit_test(test_hdf5__files_cut_at_every_tenth_are_refused),
      cmocka_unit_test(test_write__is_read_back_to_the_same_digest),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
