/* Every file of tests/fault/jobs is one mistake. Its first lines say what must be told of
 * it, `# expect: LINE:COLUMN: message` (a path in front when another file is at fault),
 * one line a problem and no other; `# set: key=value` gives a `--set`. A new case is one
 * new file. The rest of this program makes files that cannot be committed as text. */
#include "unit.h"

#include "unit/job_fixture.h"

#include "teasel/model.h"

#include <dirent.h>

#define FOLDER "tests/fault/jobs/"

enum { CASES_LEAST = 150, LINE_BYTES = 1024 };

static enum tsl_status read_bytes(const char *file, const char *bytes, size_t count,
                                  const char *const *settings, size_t setting_count,
                                  struct tsl_error *err) {
  const struct tsl_family *families[64];
  struct tsl_registry registry = fixture_registry();
  struct tsl_job *job = NULL;
  for (size_t i = 0; i < registry.family_count; i++)
    families[i] = registry.families[i];
  families[registry.family_count++] = &tsl_model_find("gmvae")->family; /* as it is */
  registry.families = families;
  memset(err, 0, sizeof *err);
  const struct tsl_job_text text = {file, bytes, count, settings, setting_count};
  enum tsl_status status =
      tsl_job_read(&text, &registry, &fixture_source, "/nonexistent", &job, err);
  tsl_job_free(job);
  return status;
}

/* The lines of the file that begin with `# key: `, in *list, terminated by NULL. */
static size_t take_lines(const char *text, const char *key, char list[][LINE_BYTES],
                         size_t room) {
  char prefix[32];
  size_t count = 0;
  snprintf(prefix, sizeof prefix, "# %s: ", key);
  for (const char *line = text; line[0] == '#' && count < room;) {
    size_t span = strcspn(line, "\n");
    if (strncmp(line, prefix, strlen(prefix)) == 0)
      snprintf(list[count++], LINE_BYTES, "%.*s", (int)(span - strlen(prefix)),
               line + strlen(prefix));
    line += span + (line[span] == '\n' ? 1 : 0);
  }
  return count;
}

/* As the message has it: the case's file in front of a bare place, its folder in front of
 * another file. */
static void add_expected(struct tsl_text *out, const char *file, const char *line) {
  tsl_text_add(out, "\n");
  if (line[0] >= '0' && line[0] <= '9')
    tsl_text_format(out, "%s:", file);
  else if (strncmp(line, "--set", 5) != 0)
    tsl_text_add(out, FOLDER);
  tsl_text_add(out, line);
}

static bool check_case(const char *name) {
  static char expect[64][LINE_BYTES], set[8][LINE_BYTES];
  char file[512];
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_error err = {0};
  snprintf(file, sizeof file, "%s%s", FOLDER, name);
  assert_int_equal(fixture_read(NULL, file, &bytes, &count, &err), TSL_OK);
  size_t expected = take_lines(bytes, "expect", expect, 64);
  size_t set_count = take_lines(bytes, "set", set, 8);
  const char *settings[8];
  for (size_t i = 0; i < set_count; i++)
    settings[i] = set[i];
  enum tsl_status status = read_bytes(file, bytes, count, settings, set_count, &err);
  struct tsl_text want;
  tsl_text_init(&want);
  for (size_t i = 0; i < expected; i++)
    add_expected(&want, file, expect[i]);
  const char *told = strchr(err.text, '\n');
  bool right = status == TSL_BAD_INPUT && expected > 0 && told != NULL &&
               strcmp(told, want.bytes) == 0;
  if (!right)
    print_error("%s: status %s\nexpected:%s\ntold:%s\n", file, tsl_status_name(status),
                want.bytes != NULL ? want.bytes : " (no `# expect:` line)",
                told != NULL ? told : err.text);
  tsl_text_release(&want);
  free(bytes);
  return right;
}

static void test_malformed_files__are_told_with_place_and_remedy(void **state) {
  (void)state;
  DIR *folder = opendir(FOLDER);
  assert_non_null(folder);
  int cases = 0, wrong = 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    size_t length = strlen(entry->d_name);
    if (length < 5 || strcmp(entry->d_name + length - 5, ".yaml") != 0)
      continue;
    cases++;
    wrong += !check_case(entry->d_name);
  }
  closedir(folder);
  print_message("%d cases\n", cases);
  assert_true(cases >= CASES_LEAST);
  assert_int_equal(wrong, 0);
}

static void check_told(const char *bytes, size_t count, const char *line) {
  struct tsl_error err;
  char want[512];
  snprintf(want, sizeof want, "\njobs/x.yaml:%s", line);
  assert_int_equal(read_bytes("jobs/x.yaml", bytes, count, NULL, 0, &err), TSL_BAD_INPUT);
  const char *told = strchr(err.text, '\n');
  assert_non_null(told);
  assert_string_equal(told, want);
}

#define CHECK_TOLD(text, line) check_told(text, sizeof(text) - 1, line)

static void test_bytes__that_are_no_text_are_told(void **state) {
  (void)state;
  CHECK_TOLD("name: t\nlatent: \xff\n",
             "2:9: byte 0xff is not UTF-8; save the file as UTF-8");
  CHECK_TOLD("name: \xc0\xaf\n", "1:7: byte 0xc0 is not UTF-8; save the file as UTF-8");
  CHECK_TOLD("name: \xed\xa0\x80\n",
             "1:7: byte 0xed is not UTF-8; save the file as UTF-8");
  CHECK_TOLD("name: \xe2\x82", "1:7: byte 0xe2 is not UTF-8; save the file as UTF-8");
  CHECK_TOLD("\xff\xfen\0", "1:1: byte 0xff is not UTF-8; save the file as UTF-8");
  CHECK_TOLD("na\0me: t\n",
             "1:3: a NUL byte (U+0000) cannot stand in a YAML file; remove it");
  CHECK_TOLD("name: \x1b[0m\n",
             "1:7: a control character (U+001B) cannot stand in a YAML file; remove it");
  CHECK_TOLD("", "1:1: it is empty");
  CHECK_TOLD("\xef\xbb\xbf", "1:1: it is empty");
  CHECK_TOLD("\xef\xbb\xbfname: \xc0\xaf\n",
             "1:7: byte 0xc0 is not UTF-8; save the file as UTF-8");
  CHECK_TOLD("\xef\xbb\xbfname: *x\n",
             "1:7: unknown anchor 'x'; write &x before it is used as *x");
}

static void test_size__beyond_the_limits_is_told(void **state) {
  (void)state;
  size_t count = (1u << 20) + 1;
  char *bytes = malloc(count);
  assert_non_null(bytes);
  memset(bytes, '#', count);
  check_told(bytes, count, "1:1: 1048577 bytes; a file of this kind has at most 1048576");
  memset(bytes, '[', 100000);
  check_told(bytes, 100000, "1:34: nested deeper than 32 levels");
  free(bytes);
}

/* Nine aliases in each of nine levels would be 400 million values. */
static void test_aliases__that_explode_are_told(void **state) {
  (void)state;
  struct tsl_text text;
  struct tsl_error err;
  tsl_text_init(&text);
  tsl_text_add(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
  for (int i = 1; i < 9; i++) {
    tsl_text_format(&text, "a%d: &a%d [*a%d", i, i, i - 1);
    for (int k = 1; k < 9; k++)
      tsl_text_format(&text, ", *a%d", i - 1);
    tsl_text_add(&text, "]\n");
  }
  assert_int_equal(read_bytes("x.yaml", text.bytes, text.length, NULL, 0, &err),
                   TSL_BAD_INPUT);
  assert_non_null(strstr(err.text, "more than 100000 values"));
  tsl_text_release(&text);
}

/* Good files, cut off at every byte and with bytes exchanged, must be refused or read,
 * never more. */
static void test_damaged_files__never_crash(void **state) {
  (void)state;
  static const char text[] =
      "name: t\ndataset: {reader: pictures, folder: a}\nnetwork: &n {input: [2],\n"
      "  parameters: {h: 4}, encoder: [dense: $h], decoder: [dense: 2]}\n"
      "train: {epochs: 1, learning_rate: [1.0e-3, 1e-4]}\nseeds: [0, 1]\n"
      "families:\n  - {model: beta_vae, beta: [1, 2]}\n"
      "  - model: vae\n    network: *n\n    network.h: 7\n    \"latent\": 5\n";
  static const char marks[] = "[]{}:,-#&*!|>'\"%@`\n\t 09.$x\xc3";
  char bytes[sizeof text];
  struct tsl_error err;
  size_t length = sizeof text - 1;
  assert_int_equal(read_bytes("jobs/x.yaml", text, length, NULL, 0, &err), TSL_OK);
  for (size_t cut = 0; cut < length; cut++)
    read_bytes("jobs/x.yaml", text, cut, NULL, 0, &err);
  unsigned random = 1;
  for (int i = 0; i < 4000; i++) {
    memcpy(bytes, text, sizeof text);
    for (int k = 0; k <= i % 3; k++) {
      random = random * 1664525u + 1013904223u;
      bytes[(random >> 8) % length] = marks[(random >> 20) % (sizeof marks - 1)];
    }
    enum tsl_status status = read_bytes("jobs/x.yaml", bytes, length, NULL, 0, &err);
    assert_true(status == TSL_OK || status == TSL_BAD_INPUT);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_malformed_files__are_told_with_place_and_remedy),
      cmocka_unit_test(test_bytes__that_are_no_text_are_told),
      cmocka_unit_test(test_size__beyond_the_limits_is_told),
      cmocka_unit_test(test_aliases__that_explode_are_told),
      cmocka_unit_test(test_damaged_files__never_crash),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
