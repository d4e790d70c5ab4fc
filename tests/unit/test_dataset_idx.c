#include "unit.h"

#include "dataset_case.h"

#include <zlib.h>

enum { COUNT = 30, HEIGHT = 4, WIDTH = 5, BYTES = COUNT * HEIGHT * WIDTH };

static unsigned char images[16 + BYTES], labels[8 + COUNT];

static void make_files(void) {
  const unsigned char image_header[] = {0, 0, 8, 3,      0, 0, 0, COUNT,
                                        0, 0, 0, HEIGHT, 0, 0, 0, WIDTH};
  const unsigned char label_header[] = {0, 0, 8, 1, 0, 0, 0, COUNT};
  memcpy(images, image_header, sizeof image_header);
  memcpy(labels, label_header, sizeof label_header);
  for (int i = 0; i < BYTES; i++)
    images[16 + i] = (unsigned char)(i * 37 % 251);
  for (int i = 0; i < COUNT; i++)
    labels[8 + i] = (unsigned char)(i % 10);
}

static void write_gz(const char *path, const void *bytes, size_t count) {
  gzFile file = gzopen(path, "wb");
  assert_int_equal(gzwrite(file, bytes, (unsigned)count), count);
  assert_int_equal(gzclose(file), Z_OK);
}

static struct tsl_dataset_config idx_config(const char *image_file,
                                            const char *label_file) {
  struct tsl_dataset_config config = case_config("idx");
  case_set(&config, "images", image_file);
  case_set(&config, "labels", label_file);
  return config;
}

/* Opens what must fail, and wants the words and the file's name in the message. */
static void refuse(const struct tsl_dataset_config *config, const char *file,
                   const char *words) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  assert_int_not_equal(case_open(config, &dataset, &err), TSL_OK);
  if (strcmp(err.where, file) != 0 || strstr(err.text, words) == NULL)
    fail_msg("expected '%s: ...%s...', got '%s: %s'", file, words, err.where, err.text);
}

static void check_content(const struct tsl_dataset_config *config) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  assert_int_equal(case_open(config, &dataset, &err), TSL_OK);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_int_equal(view->count, COUNT);
  assert_int_equal(view->test_begin, COUNT);
  assert_int_equal(view->shape.dims[1], HEIGHT);
  assert_int_equal(view->shape.dims[2], WIDTH);
  assert_int_equal(view->label_count, 10);
  assert_memory_equal(view->samples, images + 16, BYTES);
  for (int i = 0; i < COUNT; i++)
    assert_int_equal(view->labels[i], i % 10);
  tsl_dataset_close(dataset);
}

static void test_idx__reads_plain_and_gzip_alike(void **state) {
  (void)state;
  case_write(case_path("images"), images, sizeof images);
  case_write(case_path("labels"), labels, sizeof labels);
  write_gz(case_path("images.gz"), images, sizeof images);
  write_gz(case_path("labels.gz"), labels, sizeof labels);
  struct tsl_dataset_config plain = idx_config(case_path("images"), case_path("labels"));
  struct tsl_dataset_config packed =
      idx_config(case_path("images.gz"), case_path("labels.gz"));
  check_content(&plain);
  check_content(&packed);
}

static void test_idx__joins_a_test_part_and_limits_both(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct tsl_dataset_config config =
      idx_config(case_path("images"), case_path("labels.gz"));
  case_set(&config, "test_images", case_path("images.gz"));
  case_set(&config, "test_labels", case_path("labels"));
  case_set(&config, "count", "20");
  case_set(&config, "test_count", "7");
  assert_int_equal(case_open(&config, &dataset, &err), TSL_OK);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_int_equal(view->count, 27);
  assert_int_equal(view->test_begin, 20);
  assert_int_equal(tsl_dataset_held_out(dataset, 0.1), 7);
  for (int i = 0; i < 27; i++) { /* the test part first, each part whole */
    if (i < 7)
      assert_in_range(tsl_dataset_order(dataset)[i], 20, 26);
    else
      assert_in_range(tsl_dataset_order(dataset)[i], 0, 19);
  }
  assert_memory_equal((const char *)view->samples + 20 * HEIGHT * WIDTH, images + 16,
                      7 * HEIGHT * WIDTH);
  tsl_dataset_close(dataset);
}

static void test_idx__files_cut_at_every_tenth_are_refused(void **state) {
  (void)state;
  const char *broken = case_path("broken"), *good_labels = case_path("labels");
  const char *good_images = case_path("images");
  unsigned char packed[4096];
  FILE *file = fopen(case_path("images.gz"), "rb");
  size_t packed_bytes = fread(packed, 1, sizeof packed, file);
  fclose(file);
  for (int tenth = 0; tenth < 10; tenth++) {
    struct tsl_dataset_config config = idx_config(broken, good_labels);
    case_write(broken, images, sizeof images * (size_t)tenth / 10);
    refuse(&config, broken, "");
    case_write(broken, packed, packed_bytes * (size_t)tenth / 10);
    refuse(&config, broken, "");
    config = idx_config(good_images, broken);
    case_write(broken, labels, sizeof labels * (size_t)tenth / 10);
    refuse(&config, broken, "");
  }
  case_write(broken, packed, packed_bytes - 1); /* only the check sum is cut */
  struct tsl_dataset_config config = idx_config(broken, good_labels);
  refuse(&config, broken, "cut off");
}

static void test_idx__flipped_bits_of_gzip_are_found(void **state) {
  (void)state;
  const char *broken = case_path("flipped.gz");
  unsigned char packed[4096];
  FILE *file = fopen(case_path("images.gz"), "rb");
  size_t count = fread(packed, 1, sizeof packed, file);
  fclose(file);
  for (size_t i = 12; i < count; i += 7) { /* behind gzip's time stamp, which is free */
    packed[i] ^= 0x10;
    case_write(broken, packed, count);
    struct tsl_dataset_config config = idx_config(broken, case_path("labels"));
    refuse(&config, broken, "");
    packed[i] ^= 0x10;
  }
}

static void test_idx__wrong_headers_are_named(void **state) {
  (void)state;
  const char *broken = case_path("wrong");
  unsigned char changed[sizeof images + 1];
  const struct {
    int byte;
    unsigned char value;
    const char *words;
  } cases[] = {{0, 1, "not an IDX file"},     {2, 13, "type 0x0d"},
               {3, 1, "dimensions"},          {3, 5, "dimensions"},
               {4, 255, "header promises"},   {7, COUNT + 1, "header promises"},
               {7, COUNT - 1, "more values"}, {7, 0, "dimension 0 is 0"},
               {8, 1, "dimension 1 is"},      {11, HEIGHT + 1, "header promises"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    memcpy(changed, images, sizeof images);
    changed[cases[i].byte] = cases[i].value;
    case_write(broken, changed, sizeof images);
    struct tsl_dataset_config config = idx_config(broken, "");
    refuse(&config, broken, cases[i].words);
  }
  case_write(broken, "P5 4 4 255 not at all an IDX file", 33);
  struct tsl_dataset_config config = idx_config(broken, "");
  refuse(&config, broken, "not an IDX file");
  write_gz(broken, "\0\0\10\3\177\377\377\377\0\0\0\1\0\0\0\1", 16);
  refuse(&config, broken, "header promises");
}

static void test_idx__labels_that_do_not_fit_are_refused(void **state) {
  (void)state;
  const char *broken = case_path("mislabelled");
  unsigned char changed[sizeof labels];
  memcpy(changed, labels, sizeof labels);
  changed[8 + 11] = 10;
  case_write(broken, changed, sizeof changed);
  struct tsl_dataset_config config = idx_config(case_path("images"), broken);
  refuse(&config, broken, "label 11 is 10");
  memcpy(changed, labels, sizeof labels);
  changed[7] = COUNT - 1;
  case_write(broken, changed, sizeof changed - 1);
  refuse(&config, broken, "29 labels for the 30 images");
  config = idx_config(case_path("images"), case_path("images"));
  refuse(&config, case_path("images"), "labels have 1");
  config = idx_config(case_path("nowhere"), broken);
  refuse(&config, case_path("nowhere"), "cannot be found");
  config = idx_config(case_folder, broken);
  refuse(&config, case_folder, "folder");
}

static void test_idx__label_names_are_one_a_class(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct tsl_dataset_config config = idx_config(case_path("images"), case_path("labels"));
  case_set(&config, "label_names", "a, b c,d,e,f,g,h,i,j,k");
  assert_int_equal(case_open(&config, &dataset, &err), TSL_OK);
  assert_string_equal(tsl_dataset_view(dataset)->label_names[1], "b c");
  tsl_dataset_close(dataset);
  case_set(&config, "label_names", "a, b");
  assert_int_equal(case_open(&config, &dataset, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "2 names for 10 classes"));
}

static void test_idx__shape_of_the_network_must_fit(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct tsl_dataset_config config = idx_config(case_path("images"), case_path("labels"));
  struct tsl_shape other = {3, {1, 28, 28}}, flat = {1, {HEIGHT * WIDTH}};
  assert_int_equal(
      tsl_dataset_open(&config, &other, case_path("cache"), NULL, NULL, &dataset, &err),
      TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "[1, 4, 5]"));
  assert_non_null(strstr(err.text, "[1, 28, 28]"));
  assert_int_equal(
      tsl_dataset_open(&config, &flat, case_path("cache"), NULL, NULL, &dataset, &err),
      TSL_OK);
  assert_int_equal(tsl_dataset_view(dataset)->shape.rank, 3);
  tsl_dataset_close(dataset);
}

static void test_gather__divides_by_255_as_numpy_does(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct tsl_dataset_config config = idx_config(case_path("images"), case_path("labels"));
  assert_int_equal(case_open(&config, &dataset, &err), TSL_OK);
  float out[2 * HEIGHT * WIDTH];
  const int64_t wanted[] = {29, 3};
  tsl_dataset_gather(dataset, wanted, 2, out);
  for (int i = 0; i < 2 * HEIGHT * WIDTH; i++) {
    const int64_t from =
        wanted[i / (HEIGHT * WIDTH)] * HEIGHT * WIDTH + i % (HEIGHT * WIDTH);
    /* Nearest float32 of the quotient: double holds it with room to spare. */
    assert_true(out[i] == (float)((double)images[16 + from] / 255.0));
  }
  tsl_dataset_close(dataset);
}

int main(void) {
  make_files();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_idx__reads_plain_and_gzip_alike),
      cmocka_unit_test(test_idx__joins_a_test_part_and_limits_both),
      cmocka_unit_test(test_idx__files_cut_at_every_tenth_are_refused),
      cmocka_unit_test(test_idx__flipped_bits_of_gzip_are_found),
      cmocka_unit_test(test_idx__wrong_headers_are_named),
      cmocka_unit_test(test_idx__labels_that_do_not_fit_are_refused),
      cmocka_unit_test(test_idx__label_names_are_one_a_class),
      cmocka_unit_test(test_idx__shape_of_the_network_must_fit),
      cmocka_unit_test(test_gather__divides_by_255_as_numpy_does),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
