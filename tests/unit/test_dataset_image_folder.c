#include "unit.h"

#include "dataset_case.h"
#include "teasel/image.h"

static void write_picture(const char *name, int width, int height, int channels,
                          int value) {
  struct tsl_image image;
  struct tsl_text text;
  struct tsl_error err = {0};
  assert_int_equal(tsl_image_init(&image, width, height, channels, &err), TSL_OK);
  memset(image.bytes, value, (size_t)(width * height * channels));
  tsl_text_init(&text);
  assert_int_equal(tsl_image_png(&image, &text, &err), TSL_OK);
  case_write(case_path(name), text.bytes, text.length);
  tsl_text_release(&text);
  tsl_image_release(&image);
}

/* Classes b and a, made in that order; sizes and channels differ; names in byte order are
 * "10.png" < "2.png" < "B.png" < "a.jpg". */
static int begin(void **state) {
  if (case_begin(state) != 0)
    return 1;
  mkdir(case_path("set"), 0755);
  mkdir(case_path("set/b"), 0755);
  mkdir(case_path("set/a"), 0755);
  mkdir(case_path("set/.hidden"), 0755);
  write_picture("set/b/2.png", 12, 12, 3, 2);
  write_picture("set/b/10.png", 40, 24, 3, 10);
  write_picture("set/a/a.jpg", 8, 8, 1, 97); /* told by content, not by name */
  write_picture("set/a/B.png", 7, 9, 3, 66);
  case_write(case_path("set/a/.DS_Store"), "x", 1);
  return 0;
}

static const struct tsl_shape shape = {3, {3, 8, 8}};

static enum tsl_status open_folder(const struct tsl_dataset_config *config,
                                   struct tsl_dataset **out, struct tsl_error *err) {
  return tsl_dataset_open(config, &shape, case_path("cache"), NULL, NULL, out, err);
}

static struct tsl_dataset_config folder_config(const char *path) {
  struct tsl_dataset_config config = case_config("image_folder");
  case_set(&config, "path", path);
  return config;
}

static void test_folder__is_sorted_by_bytes_and_labelled_by_class(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct tsl_dataset_config config = folder_config(case_path("set"));
  assert_int_equal(open_folder(&config, &dataset, &err), TSL_OK);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_int_equal(view->count, 4);
  assert_int_equal(view->label_count, 2);
  assert_string_equal(view->label_names[0], "a");
  assert_string_equal(view->label_names[1], "b");
  static const int values[] = {66, 97, 10, 2}, labels[] = {0, 0, 1, 1};
  for (int i = 0; i < 4; i++) {
    assert_int_equal(((const uint8_t *)view->samples)[i * 3 * 8 * 8 + 100], values[i]);
    assert_int_equal(view->labels[i], labels[i]);
  }
  tsl_dataset_close(dataset);
}

static void test_good__maps_classes_to_good_and_bad(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct tsl_dataset_config config = folder_config(case_path("set"));
  case_set(&config, "good", " b ,b");
  assert_int_equal(open_folder(&config, &dataset, &err), TSL_OK);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_string_equal(view->label_names[0], "good");
  assert_int_equal(view->labels[0], 1);
  assert_int_equal(view->labels[3], 0);
  tsl_dataset_close(dataset);
  case_set(&config, "good", "bb");
  assert_int_equal(open_folder(&config, &dataset, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "'bb'"));
  assert_non_null(strstr(err.text, "did you mean 'b'"));
}

static void test_folder__unreadable_files_are_all_counted_and_named(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  char bytes[4096];
  FILE *file = fopen(case_path("set/b/10.png"), "rb");
  size_t count = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  case_write(case_path("set/b/cut.png"), bytes, count * 7 / 10);
  case_write(case_path("set/a/notes.txt"), "no picture", 10);
  case_write(case_path("set/a/empty.jpg"), "", 0);
  mkdir(case_path("set/a/deeper"), 0755);
  struct tsl_dataset_config config = folder_config(case_path("set"));
  assert_int_equal(open_folder(&config, &dataset, &err), TSL_FORMAT);
  assert_string_equal(err.where, case_path("set"));
  assert_non_null(strstr(err.text, "4 of 8 files"));
  assert_non_null(strstr(err.text, "on_error: skip"));
  assert_non_null(strstr(err.text, case_path("set/b/cut.png")));
  assert_non_null(strstr(err.text, case_path("set/a/notes.txt")));
  assert_non_null(strstr(err.text, case_path("set/a/empty.jpg")));
  assert_non_null(strstr(err.text, case_path("set/a/deeper")));
  case_set(&config, "on_error", "skip");
  assert_int_equal(open_folder(&config, &dataset, &err), TSL_OK);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_int_equal(view->count, 4);
  assert_int_equal(view->labels[1], 0);
  assert_int_equal(view->labels[2], 1);
  assert_int_equal(((const uint8_t *)view->samples)[3 * 3 * 8 * 8], 2);
  tsl_dataset_close(dataset);
  remove(case_path("set/b/cut.png"));
  remove(case_path("set/a/notes.txt"));
  remove(case_path("set/a/empty.jpg"));
  rmdir(case_path("set/a/deeper"));
}

static void test_folder__changed_files_are_read_again(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct tsl_dataset_config config = folder_config(case_path("set"));
  write_picture("set/b/2.png", 12, 12, 3, 2);
  for (int value = 2; value < 6; value++) {
    write_picture("set/b/2.png", 12, 12, 3, value);
    assert_int_equal(open_folder(&config, &dataset, &err), TSL_OK);
    assert_int_equal(((const uint8_t *)tsl_dataset_view(dataset)->samples)[3 * 3 * 8 * 8],
                     value);
    tsl_dataset_close(dataset);
  }
  write_picture("set/b/2.png", 12, 12, 3, 2);
}

static void refuse(const char *path, const char *words) {
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct tsl_dataset_config config = folder_config(path);
  assert_int_equal(open_folder(&config, &dataset, &err), TSL_BAD_INPUT);
  if (strstr(err.where, path) == NULL || strstr(err.text, words) == NULL)
    fail_msg("expected '%s: %s', got '%s: %s'", path, words, err.where, err.text);
}

static void test_folder__missing_and_empty_folders_are_named(void **state) {
  (void)state;
  mkdir(case_path("nothing"), 0755);
  mkdir(case_path("half"), 0755);
  mkdir(case_path("half/full"), 0755);
  mkdir(case_path("half/void"), 0755);
  write_picture("half/full/a.png", 8, 8, 3, 1);
  refuse(case_path("nowhere"), "cannot be read");
  refuse(case_path("nothing"), "neither class folders nor pictures");
  refuse(case_path("half"), "empty");
}

static size_t occurrences(const char *text, const char *word) {
  size_t count = 0;
  for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
    count++;
  return count;
}

static void test_folder__broken_files_and_empty_classes_are_told_together(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  mkdir(case_path("both"), 0755);
  mkdir(case_path("both/a-void"), 0755);
  mkdir(case_path("both/full"), 0755);
  write_picture("both/full/a.png", 8, 8, 3, 1);
  case_write(case_path("both/full/notes.txt"), "no picture", 10);
  struct tsl_dataset_config config = folder_config(case_path("both"));
  fflush(stderr);
  int kept = dup(STDERR_FILENO);
  assert_non_null(freopen(case_path("stderr"), "w", stderr));
  enum tsl_status status = open_folder(&config, &dataset, &err);
  fflush(stderr);
  dup2(kept, STDERR_FILENO);
  close(kept);
  assert_int_equal(status, TSL_FORMAT);
  assert_non_null(strstr(err.text, "1 of 2 files no picture that can be read, 1 of the "
                                   "class folders empty"));
  assert_int_equal(occurrences(err.text, "both/a-void: "), 1);
  assert_int_equal(occurrences(err.text, "both/full/notes.txt: "), 1);
  struct stat facts;
  assert_int_equal(stat(case_path("stderr"), &facts), 0);
  assert_int_equal(facts.st_size, 0);
  case_set(&config, "on_error", "skip");
  assert_int_equal(open_folder(&config, &dataset, &err), TSL_OK);
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  assert_int_equal(view->count, 1);
  assert_int_equal(view->label_count, 2);
  assert_int_equal(view->labels[0], 1);
  tsl_dataset_close(dataset);
}

static void test_folder__without_classes_has_no_labels(void **state) {
  (void)state;
  struct tsl_dataset *dataset = NULL;
  struct tsl_error err = {0};
  struct tsl_dataset_config config = folder_config(case_path("set/b"));
  assert_int_equal(open_folder(&config, &dataset, &err), TSL_OK);
  assert_int_equal(tsl_dataset_view(dataset)->count, 2);
  assert_null(tsl_dataset_view(dataset)->labels);
  tsl_dataset_close(dataset);
}

static void test_load_images__is_the_reader_s_way_and_names_failures(void **state) {
  (void)state;
  struct tsl_dataset_config config = folder_config(case_path("set"));
  const char *files[] = {case_path("set/b/2.png"), case_path("set/a/B.png"),
                         case_path("absent.png")};
  struct tsl_error err = {0};
  static float out[3 * 3 * 8 * 8];
  assert_int_equal(tsl_dataset_load_images(&config, &shape, files, 2, out, &err), TSL_OK);
  assert_true(out[0] == 2 / 255.0f && out[3 * 8 * 8] == 66 / 255.0f);
  assert_int_equal(tsl_dataset_load_images(NULL, &shape, files, 3, out, &err),
                   TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "absent.png"));
  const struct tsl_shape flat = {1, {64}};
  assert_int_equal(tsl_dataset_load_images(NULL, &flat, files, 1, out, &err),
                   TSL_BAD_INPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_folder__is_sorted_by_bytes_and_labelled_by_class),
      cmocka_unit_test(test_good__maps_classes_to_good_and_bad),
      cmocka_unit_test(test_folder__unreadable_files_are_all_counted_and_named),
      cmocka_unit_test(test_folder__changed_files_are_read_again),
      cmocka_unit_test(test_folder__missing_and_empty_folders_are_named),
      cmocka_unit_test(test_folder__broken_files_and_empty_classes_are_told_together),
      cmocka_unit_test(test_folder__without_classes_has_no_labels),
      cmocka_unit_test(test_load_images__is_the_reader_s_way_and_names_failures),
  };
  return cmocka_run_group_tests(tests, begin, case_end);
}
