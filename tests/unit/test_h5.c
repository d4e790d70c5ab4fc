#include "unit.h"

#include "teasel/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything of a test lives below its own folder. */
static char folder[64];

static const char *in_folder(const char *name) {
  static char path[2][256];
  static int turn;
  turn = !turn;
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/teasel-h5-XXXXXX");
  return mkdtemp(folder) != NULL ? 0 : -1;
}

static int drop_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static void write_sample(const char *path) {
  struct tsl_error err = {0};
  struct tsl_h5_writer *writer = NULL;
  assert_int_equal(tsl_h5_create(path, &writer, &err), TSL_OK);
  float weight[6] = {0, 1, 2, 3, 4, 5.5F};
  struct tsl_array array = {.name = "/params/encoder.0.weight",
                            .type = TSL_ARRAY_F32,
                            .rank = 2,
                            .dims = {2, 3},
                            .data = weight};
  assert_int_equal(tsl_h5_write(writer, &array, &err), TSL_OK);
  int64_t step[1] = {7};
  struct tsl_array scalar = {.name = "/step", .type = TSL_ARRAY_I64, .data = step};
  assert_int_equal(tsl_h5_write(writer, &scalar, &err), TSL_OK);
  struct tsl_array none = {
      .name = "/params/none", .type = TSL_ARRAY_F64, .rank = 1, .dims = {0}};
  assert_int_equal(tsl_h5_write(writer, &none, &err), TSL_OK);
  const char *words[] = {"size", "Größe", ""};
  assert_int_equal(tsl_h5_write_strings(writer, "/factors/names", words, 3, &err),
                   TSL_OK);
  assert_int_equal(tsl_h5_write_attribute(writer, "/", "first_step", 12, &err), TSL_OK);
  assert_false(tsl_file_exists(path));
  assert_int_equal(tsl_h5_commit(writer, &err), TSL_OK);
}

static void test_h5__reads_back_what_was_written(void **state) {
  (void)state;
  struct tsl_error err = {0};
  write_sample(in_folder("a.h5"));
  struct tsl_h5_reader *reader = NULL;
  assert_int_equal(tsl_h5_open(in_folder("a.h5"), &reader, &err), TSL_OK);

  struct tsl_array about = {0};
  assert_int_equal(tsl_h5_describe(reader, "/params/encoder.0.weight", &about, &err), 0);
  assert_int_equal(about.type, TSL_ARRAY_F32);
  assert_int_equal(about.rank, 2);
  assert_int_equal(about.dims[1], 3);

  struct tsl_array as_double = {0};
  assert_int_equal(
      tsl_h5_read(reader, "/params/encoder.0.weight", TSL_ARRAY_F64, &as_double, &err),
      TSL_OK);
  assert_true(((double *)as_double.data)[5] == 5.5);
  tsl_array_release(&as_double);

  float row[3];
  assert_int_equal(tsl_h5_read_rows(reader, "/params/encoder.0.weight", 1, 1,
                                    TSL_ARRAY_F32, row, &err),
                   TSL_OK);
  assert_true(row[0] == 3);
  assert_int_equal(tsl_h5_read_rows(reader, "/params/encoder.0.weight", 1, 2,
                                    TSL_ARRAY_F32, row, &err),
                   TSL_FORMAT);

  double first = 0;
  assert_int_equal(tsl_h5_read_attribute(reader, "/", "first_step", &first, &err), 0);
  assert_true(first == 12);
  assert_int_equal(tsl_h5_read_attribute(reader, "/", "second", &first, &err),
                   TSL_FORMAT);

  char **words = NULL;
  size_t count = 0;
  assert_int_equal(tsl_h5_read_strings(reader, "/factors/names", &words, &count, &err),
                   TSL_OK);
  assert_int_equal(count, 3);
  assert_string_equal(words[1], "Größe");
  assert_string_equal(words[2], "");
  for (size_t i = 0; i < count; i++)
    free(words[i]);
  free(words);

  assert_int_equal(tsl_h5_list(reader, "/params", &words, &count, &err), TSL_OK);
  assert_int_equal(count, 2);
  assert_string_equal(words[0], "encoder.0.weight");
  assert_string_equal(words[1], "none");
  for (size_t i = 0; i < count; i++)
    free(words[i]);
  free(words);

  assert_true(tsl_h5_has(reader, "/step"));
  assert_false(tsl_h5_has(reader, "/nothing/at/all"));
  struct tsl_array missing = {0};
  assert_int_equal(tsl_h5_read(reader, "/nothing", TSL_ARRAY_F32, &missing, &err),
                   TSL_FORMAT);
  assert_non_null(strstr(err.text, "/nothing"));
  assert_non_null(strstr(err.where, "a.h5"));
  tsl_h5_close(reader);
}

static void test_h5__equal_content_is_equal_bytes(void **state) {
  (void)state;
  struct tsl_error err = {0};
  char *bytes[2] = {NULL};
  size_t counts[2];
  const char *names[2] = {"first.h5", "second.h5"};
  for (int i = 0; i < 2; i++) {
    write_sample(in_folder(names[i]));
    assert_int_equal(tsl_file_read(in_folder(names[i]), &bytes[i], &counts[i], &err), 0);
    if (i == 0)
      sleep(1); /* a stored second would differ */
  }
  assert_int_equal(counts[0], counts[1]);
  assert_memory_equal(bytes[0], bytes[1], counts[0]);
  free(bytes[0]);
  free(bytes[1]);
}

static void test_h5__abandon_leaves_the_old_file_and_nothing_else(void **state) {
  (void)state;
  struct tsl_error err = {0};
  write_sample(in_folder("keep.h5"));
  struct tsl_h5_writer *writer = NULL;
  assert_int_equal(tsl_h5_create(in_folder("keep.h5"), &writer, &err), TSL_OK);
  tsl_h5_abandon(writer);
  struct tsl_h5_reader *reader = NULL;
  assert_int_equal(tsl_h5_open(in_folder("keep.h5"), &reader, &err), TSL_OK);
  assert_true(tsl_h5_has(reader, "/step"));
  tsl_h5_close(reader);
  char command[128];
  snprintf(command, sizeof command, "test -z \"$(ls '%s' | grep part)\"", folder);
  assert_int_equal(system(command), 0);
}

/* A file cut or damaged at any place is an error that names it, or reads as it was: never
 * a crash. */
static void test_h5__damage_is_an_error_that_names_the_file(void **state) {
  (void)state;
  struct tsl_error err = {0};
  write_sample(in_folder("whole.h5"));
  char *bytes = NULL;
  size_t count = 0;
  assert_int_equal(tsl_file_read(in_folder("whole.h5"), &bytes, &count, &err), TSL_OK);
  const size_t rarely = under_valgrind() ? 20 : 1; /* a process for each file */
  for (size_t cut = 0; cut < count; cut += 97 * rarely) {
    assert_int_equal(tsl_file_write(in_folder("cut.h5"), bytes, cut, &err), TSL_OK);
    struct tsl_h5_reader *reader = NULL;
    memset(&err, 0, sizeof err);
    assert_int_equal(tsl_h5_open(in_folder("cut.h5"), &reader, &err), TSL_FORMAT);
    assert_non_null(strstr(err.where, "cut.h5"));
    assert_true(err.text[0] != '\0');
  }
  for (size_t place = 0; place < count; place += 13 * rarely) {
    bytes[place] = (char)(bytes[place] ^ 0x5a);
    assert_int_equal(tsl_file_write(in_folder("bad.h5"), bytes, count, &err), TSL_OK);
    bytes[place] = (char)(bytes[place] ^ 0x5a);
    struct tsl_h5_reader *reader = NULL;
    if (tsl_h5_open(in_folder("bad.h5"), &reader, &err) != TSL_OK)
      continue;
    struct tsl_array array = {0};
    if (tsl_h5_read(reader, "/params/encoder.0.weight", TSL_ARRAY_F32, &array, &err) == 0)
      tsl_array_release(&array);
    char **words = NULL;
    size_t word_count = 0;
    if (tsl_h5_read_strings(reader, "/factors/names", &words, &word_count, &err) == 0) {
      for (size_t i = 0; i < word_count; i++)
        free(words[i]);
      free(words);
    }
    tsl_h5_close(reader);
  }
  free(bytes);
}

static void test_h5__foreign_and_missing_files_are_told_apart(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl_h5_reader *reader = NULL;
  assert_int_equal(tsl_h5_open(in_folder("none.h5"), &reader, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "no such file"));
  assert_int_equal(tsl_file_write(in_folder("text.h5"), "hello there\n", 12, &err), 0);
  assert_int_equal(tsl_h5_open(in_folder("text.h5"), &reader, &err), TSL_FORMAT);
  assert_non_null(strstr(err.text, "not an HDF5 file"));
  assert_int_equal(tsl_h5_open(folder, &reader, &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "is a folder"));
}

static void test_file__is_whole_or_not_there(void **state) {
  (void)state;
  struct tsl_error err = {0};
  char *bytes = NULL;
  size_t count = 0;
  assert_int_equal(tsl_folder_create(in_folder("a/b//c"), &err), TSL_OK);
  assert_int_equal(tsl_folder_create(in_folder("a/b/c/"), &err), TSL_OK);
  assert_int_equal(tsl_file_write(in_folder("a/b/c/file"), "one", 3, &err), TSL_OK);
  assert_int_equal(tsl_file_write(in_folder("a/b/c/file"), "three", 5, &err), TSL_OK);
  assert_int_equal(tsl_file_read(in_folder("a/b/c/file"), &bytes, &count, &err), TSL_OK);
  assert_int_equal(count, 5);
  assert_string_equal(bytes, "three");
  free(bytes);
  assert_int_equal(tsl_file_write(in_folder("a/x/file"), "one", 3, &err), TSL_IO);
  assert_int_equal(tsl_folder_create(in_folder("a/b/c/file/d"), &err), TSL_BAD_INPUT);
  assert_non_null(strstr(err.where, "file"));
  assert_int_equal(tsl_file_read("/proc/self/status", &bytes, &count, &err), TSL_OK);
  assert_true(count > 100 && strlen(bytes) == count); /* no size in advance */
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_h5__reads_back_what_was_written),
      cmocka_unit_test(test_h5__equal_content_is_equal_bytes),
      cmocka_unit_test(test_h5__abandon_leaves_the_old_file_and_nothing_else),
      cmocka_unit_test(test_h5__damage_is_an_error_that_names_the_file),
      cmocka_unit_test(test_h5__foreign_and_missing_files_are_told_apart),
      cmocka_unit_test(test_file__is_whole_or_not_there),
  };
  return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
