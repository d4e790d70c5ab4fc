#include "unit.h"

#include "teasel/date.h"
#include "teasel/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static struct tsl_store *store;

static int make_store(void **state) {
  (void)state;
  struct tsl_error err = {0};
  strcpy(folder, "/tmp/teasel-watch-XXXXXX");
  return mkdtemp(folder) != NULL &&
                 tsl_store_open(folder, TSL_STORE_CREATE, &store, &err) == TSL_OK
             ? 0
             : -1;
}

static int drop_store(void **state) {
  (void)state;
  char command[128];
  tsl_store_close(store);
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static void put(const char *name, const char *text) {
  char path[256];
  struct tsl_error err = {0};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(tsl_file_write(path, text, strlen(text), &err), TSL_OK);
}

static void make(const char *name) {
  char path[256];
  struct tsl_error err = {0};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(tsl_folder_create(path, &err), TSL_OK);
}

static void test_date__is_read_back(void **state) {
  (void)state;
  char text[TSL_DATE_TEXT];
  double date = 0;
  assert_string_equal(tsl_date_print(text, 1000000000.25), "2001-09-09T01:46:40.250Z");
  assert_true(tsl_date_parse(text, &date));
  assert_true(date == 1000000000.25);
  assert_true(tsl_date_parse("2001-09-09T01:46:40Z", &date));
  assert_true(date == 1000000000);
  assert_false(tsl_date_parse("time", &date));
  assert_false(tsl_date_parse("2001-09-09T01:46:40", &date));
}

static void test_duration__is_told_in_its_two_largest_units(void **state) {
  (void)state;
  char text[TSL_DATE_TEXT];
  assert_string_equal(tsl_duration_print(text, 11.6), "12 s");
  assert_string_equal(tsl_duration_print(text, 245), "4 min 05 s");
  assert_string_equal(tsl_duration_print(text, 3 * 3600 + 12 * 60), "3 h 12 min");
  assert_string_equal(tsl_duration_print(text, 2 * 86400 + 4 * 3600), "2 d 4 h");
  assert_string_equal(tsl_duration_print(text, -1), "?");
}

static void test_ranks__neighbours_stand_together(void **state) {
  (void)state;
  char text[TSL_RANKS_TEXT];
  const int ranks[] = {0, 1, 2, 3, 6, 8, 9};
  int odd[200];
  assert_string_equal(tsl_ranks_print(text, ranks, 7), "0-3,6,8-9");
  assert_string_equal(tsl_ranks_print(text, ranks, 0), "");
  for (int i = 0; i < 200; i++)
    odd[i] = 2 * i + 1000000;
  tsl_ranks_print(text, odd, 200);
  assert_true(strlen(text) < TSL_RANKS_TEXT);
  assert_string_equal(text + strlen(text) - 4, ",...");
}

static void test_progress__is_read_back_and_removed_by_its_writer_alone(void **state) {
  (void)state;
  struct tsl_error err = {0};
  struct tsl_run_progress progress = {.steps = 12,
                                      .iterations = 40,
                                      .steps_per_second = 2.5,
                                      .width = 2,
                                      .ranks = "0-1",
                                      .since = 1000000000,
                                      .updated = 1000000002,
                                      .failure = "a \"quoted\" <path>"};
  struct tsl_run_progress found;
  tsl_host_print(progress.host);
  tsl_process_self(&progress.process);
  tsl_store_progress_read(store, "r", &found);
  assert_false(found.known);
  make("runs/r");
  assert_int_equal(tsl_store_progress_write(store, "r", &progress, &err), TSL_OK);
  tsl_store_progress_read(store, "r", &found);
  assert_true(found.known);
  assert_int_equal(found.steps, 12);
  assert_int_equal(found.iterations, 40);
  assert_true(found.steps_per_second == 2.5);
  assert_int_equal(found.width, 2);
  assert_string_equal(found.ranks, "0-1");
  assert_string_equal(found.host, progress.host);
  assert_true(found.since == 1000000000 && found.updated == 1000000002);
  assert_string_equal(found.failure, progress.failure);
  progress.process.pid++;
  assert_int_equal(tsl_store_progress_write(store, "r", &progress, &err), TSL_OK);
  tsl_store_progress_remove(store, "r");
  tsl_store_progress_read(store, "r", &found);
  assert_true(found.known);
  progress.process.pid--;
  assert_int_equal(tsl_store_progress_write(store, "r", &progress, &err), TSL_OK);
  tsl_store_progress_remove(store, "r");
  tsl_store_progress_read(store, "r", &found);
  assert_false(found.known);
}

static void test_progress__a_damaged_file_is_as_none(void **state) {
  (void)state;
  static const char *const damaged[] = {"", "{", "{\"since\": \"yesterday\"}",
                                        "\xff\xfe"};
  make("runs/r");
  for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
    struct tsl_run_progress found;
    put("runs/r/progress.json", damaged[i]);
    tsl_store_progress_read(store, "r", &found);
    assert_false(found.known);
  }
}

static const char *line_of(const struct tsl_text *text, int number) {
  const char *line = text->bytes;
  for (int i = 0; i < number && line != NULL; i++) {
    line = strchr(line, '\n');
    line = line != NULL ? line + 1 : NULL;
  }
  assert_non_null(line);
  return line;
}

static void read_ledger(struct tsl_text *text) {
  struct tsl_error err = {0};
  tsl_text_init(text);
  assert_int_equal(tsl_store_ledger_read(store, text, &err), TSL_OK);
  assert_int_equal(strncmp(text->bytes, "time\tevent\t", 11), 0);
}

static void test_ledger__joins_files_by_time_and_skips_torn_lines(void **state) {
  (void)state;
  struct tsl_text text;
  read_ledger(&text);
  assert_int_equal(strlen(line_of(&text, 1)), 0);
  tsl_text_release(&text);
  make("ledger");
  put("ledger/a-1-1.tsv", "time\tevent\trun\tranks\thost\tprocess\tsteps\tnote\n"
                          "2026-01-01T00:00:03.000Z\tstart\tr\t0\ta\t1\t0\t\n"
                          "2026-01-01T00:00:01.000Z\tbegin\t\t0\ta\t1\t\tfirst\n"
                          "2026-01-01T00:00:05.000Z\tfini");
  put("ledger/b-2-2.tsv", "2026-01-01T00:00:02.000Z\tbegin\t\t0\tb\t2\t\tother\n");
  put("ledger/b-2-2.tsv.part-1", "2026-01-01T00:00:02.000Z\tend\t\t0\tb\t2\t\tno\n");
  read_ledger(&text);
  assert_non_null(strstr(line_of(&text, 1), "first"));
  assert_non_null(strstr(line_of(&text, 2), "other"));
  assert_int_equal(strncmp(line_of(&text, 3), "2026-01-01T00:00:03.000Z\tstart", 30), 0);
  assert_int_equal(strlen(line_of(&text, 4)), 0);
  tsl_text_release(&text);
}

static void test_ledger__an_entry_is_one_line_whatever_it_says(void **state) {
  (void)state;
  const int ranks[] = {0, 1};
  struct tsl_error err = {0};
  struct tsl_ledger *ledger = NULL;
  char path[TSL_PATH_MAX], *bytes = NULL;
  size_t count = 0;
  assert_int_equal(tsl_ledger_open(store, &ledger, &err), TSL_OK);
  assert_false(tsl_file_exists(tsl_store_path(store, TSL_STORE_LEDGERS, path)));
  tsl_ledger_add(ledger, &(struct tsl_ledger_entry){.event = TSL_LEDGER_FAIL,
                                                    .run = "r",
                                                    .ranks = ranks,
                                                    .width = 2,
                                                    .steps = 7,
                                                    .note = "a\tb\nc\r\x7f"});
  tsl_ledger_add(ledger,
                 &(struct tsl_ledger_entry){.event = TSL_LEDGER_END, .steps = -1});
  tsl_ledger_close(ledger);
  tsl_store_path(store, TSL_STORE_LEDGER, path);
  assert_int_equal(tsl_file_read(path, &bytes, &count, &err), TSL_OK);
  struct tsl_text text = {.bytes = bytes, .length = count};
  assert_non_null(strstr(line_of(&text, 1), "\tfail\tr\t0-1\t"));
  assert_non_null(strstr(line_of(&text, 1), "\t7\ta b c  \n"));
  assert_non_null(strstr(line_of(&text, 2), "\tend\t\t\t"));
  assert_int_equal(strlen(line_of(&text, 3)), 0);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_date__is_read_back),
      cmocka_unit_test(test_duration__is_told_in_its_two_largest_units),
      cmocka_unit_test(test_ranks__neighbours_stand_together),
      cmocka_unit_test_setup_teardown(
          test_progress__is_read_back_and_removed_by_its_writer_alone, make_store,
          drop_store),
      cmocka_unit_test_setup_teardown(test_progress__a_damaged_file_is_as_none,
                                      make_store, drop_store),
      cmocka_unit_test_setup_teardown(
          test_ledger__joins_files_by_time_and_skips_torn_lines, make_store, drop_store),
      cmocka_unit_test_setup_teardown(test_ledger__an_entry_is_one_line_whatever_it_says,
                                      make_store, drop_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
