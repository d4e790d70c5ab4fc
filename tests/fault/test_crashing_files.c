/* HDF5 files that HDF5 1.10 dies of: a dataset says that its numbers are within its
 * header, where there are 8 bytes of them, and that there are millions, which the library
 * believes. With the names of a file and of a dataset this program does no more than
 * damage that file so. */
#include "unit.h"

#include "fake_scores.h"
#include "teasel/store.h"

#include <hdf5.h>
#include <string.h>

enum { HEADER_MOST = 1024, LAYOUT_CLASS_AT = 1, COMPACT = 0, CONTIGUOUS = 1 };

/* A dataset in a file's bytes. */
struct place {
  size_t header;
  uint64_t offset, bytes, item;
  int rank;
  hsize_t dims[H5S_MAX_RANK];
};

static bool find(const char *path, const char *name, struct place *out) {
  H5O_info_t about;
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  hid_t space = H5Dget_space(set), type = H5Dget_type(set);
  bool found = space >= 0 && type >= 0 && H5Oget_info1(set, &about) >= 0;
  if (found) {
    *out = (struct place){.header = about.addr,
                          .offset = H5Dget_offset(set),
                          .bytes = H5Dget_storage_size(set),
                          .item = H5Tget_size(type)};
    out->rank = H5Sget_simple_extent_dims(space, out->dims, NULL);
    found = out->rank > 0;
  }
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(set);
  H5Fclose(file);
  return found;
}

/* Where the header holds what; NULL: nowhere. */
static unsigned char *seek(unsigned char *header, size_t size, const void *what,
                           size_t count) {
  for (size_t at = 0; at + count <= size; at++)
    if (memcmp(header + at, what, count) == 0)
      return header + at;
  return NULL;
}

/* The layout message of version 3: version, class, and of a contiguous dataset address
 * and bytes, of a compact one 2 bytes of size and the numbers. */
static bool damage(const char *path, const char *name) {
  const uint64_t most = 1 << 25; /* bytes */
  unsigned char layout[18] = {3, CONTIGUOUS}, compact[4] = {3, COMPACT, 8, 0};
  struct place place;
  char *bytes = NULL;
  size_t count = 0;
  if (!find(path, name, &place) || tsl_file_read(path, &bytes, &count, NULL) != TSL_OK)
    return false;
  memcpy(layout + 2, &place.offset, 8);
  memcpy(layout + 10, &place.bytes, 8);
  unsigned char *header = (unsigned char *)bytes + place.header;
  const size_t rest = count - place.header,
               size = rest < HEADER_MOST ? rest : HEADER_MOST;
  unsigned char *said = seek(header, size, layout, sizeof layout);
  unsigned char *dims =
      seek(header, size, place.dims, (size_t)place.rank * sizeof *place.dims);
  const bool found = said != NULL && dims != NULL && place.bytes > 0;
  if (found) {
    const uint64_t claim = 4000 * (uint64_t)count < most ? 4000 * (uint64_t)count : most;
    const uint64_t row = place.bytes / place.dims[0], rows = claim / row;
    memcpy(said, compact, sizeof compact);
    memcpy(dims, &rows, 8);
  }
  const bool written = found && tsl_file_write(path, bytes, count, NULL) == TSL_OK;
  free(bytes);
  return written;
}

/* ---- every reader ---- */

static char folder[] = "/tmp/teasel-crashing-XXXXXX";
static struct tsl_store *store;

static int open_folder(void **state) {
  (void)state;
  char path[TSL_PATH_MAX];
  if (mkdtemp(folder) == NULL ||
      tsl_store_open(folder, TSL_STORE_CREATE, &store, NULL) != TSL_OK)
    return 1;
  return tsl_folder_create(tsl_store_run_path(store, "r", "", path), NULL) != TSL_OK;
}

static int remove_folder(void **state) {
  (void)state;
  tsl_store_close(store);
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command); /* NOLINT: a folder that mkdtemp named */
}

static float numbers[64];

/* The library died of it, this process did not, and the message names the file. */
static void died(enum tsl_status status, const struct tsl_error *err, const char *path) {
  if (status != TSL_FORMAT || strcmp(err->where, path) != 0 ||
      strstr(err->text, "crashed the library") == NULL)
    fail_msg("%s: %s '%s: %s'", path, tsl_status_name(status), err->where, err->text);
}

static void test_latents__a_crash_is_an_error(void **state) {
  (void)state;
  char path[TSL_PATH_MAX];
  int64_t indices[8] = {0};
  struct tsl_latents_run run = {
      .name = "r", .latent = 2, .mean = numbers, .log_variance = numbers};
  struct tsl_latents latents = {
      .points = 8, .indices = indices, .run_count = 1, .runs = &run};
  static const char *const names[] = {"/indices", "/run_table/latent", "/runs/r/mean",
                                      "/runs/r/digest"};
  tsl_store_path(store, TSL_STORE_LATENTS, path);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct tsl_latents found = {0};
    struct tsl_error err = {0};
    assert_int_equal(tsl_store_latents_write(store, tsl_team_alone(), &latents, NULL),
                     TSL_OK);
    assert_true(damage(path, names[i]));
    died(tsl_store_latents_read(store, &found, &err), &err, path);
  }
}

static void test_scores__a_crash_is_an_error(void **state) {
  (void)state;
  char path[TSL_PATH_MAX];
  struct tsl_scores scores, found = {0};
  static const char *const names[] = {"/runs/seed", "/spearman/pairwise/lib"};
  tsl_store_path(store, TSL_STORE_SCORES, path);
  assert_int_equal(fake_scores(&scores, 1, 2), TSL_OK);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct tsl_error err = {0};
    assert_int_equal(tsl_scores_write(store, &scores, NULL), TSL_OK);
    assert_true(damage(path, names[i]));
    died(tsl_scores_read(store, &found, &err), &err, path);
  }
  tsl_scores_release(&scores);
}

static void test_model__a_crash_is_an_error(void **state) {
  (void)state;
  char path[TSL_PATH_MAX];
  struct tsl_array weight = {"a.weight", TSL_ARRAY_F32, 2, {8, 8}, numbers}, *found;
  struct tsl_error err = {0};
  size_t count = 0;
  assert_int_equal(tsl_store_model_write(store, "r", &weight, 1, NULL), TSL_OK);
  assert_true(
      damage(tsl_store_run_path(store, "r", "model.h5", path), "/params/a.weight"));
  died(tsl_store_model_read(store, "r", &found, &count, &err), &err, path);
}

static void test_snapshot__a_crash_is_an_error(void **state) {
  (void)state;
  char path[TSL_PATH_MAX];
  struct tsl_snapshot snapshot = {.step = 3, .points = 8, .latent = 2, .mean = numbers};
  struct tsl_snapshot *found;
  struct tsl_error err = {0};
  size_t count = 0;
  assert_int_equal(tsl_store_snapshot_write(store, "r", &snapshot, NULL), TSL_OK);
  assert_true(damage(tsl_store_run_path(store, "r", "snapshot.3.h5", path), "/mean"));
  died(tsl_store_snapshots_read(store, "r", &found, &count, &err), &err, path);
}

static void test_classified__a_crash_is_an_error(void **state) {
  (void)state;
  char path[TSL_PATH_MAX];
  bool bad[8] = {false};
  struct tsl_classified classified = {.points = 8,
                                      .latent = 2,
                                      .mean = numbers,
                                      .log_variance = numbers,
                                      .bad = bad,
                                      .good_name = "good",
                                      .bad_name = "bad"};
  struct tsl_classified found;
  struct tsl_error err = {0};
  assert_int_equal(tsl_store_classified_write(store, "r", &classified, NULL), TSL_OK);
  assert_true(damage(tsl_store_classify_path(store, "r", "points.h5", path), "/bad"));
  died(tsl_store_classified_read(store, "r", &found, &err), &err, path);
}

/* A digest that fits does not make a checkpoint harmless. */
static void test_checkpoint__a_crash_is_an_error(void **state) {
  (void)state;
  enum { HEAD = 512, DIGITS = 32 };
  static const char before[] = "teasel checkpoint\nformat 0001\ndigest ";
  char path[TSL_PATH_MAX], inner[TSL_PATH_MAX], digits[DIGITS + 1];
  char *head = NULL, *rest = NULL, *digest_at = NULL;
  size_t count = 0, rest_count = 0;
  struct tsl_array weight = {"params/a", TSL_ARRAY_F32, 2, {8, 8}, numbers};
  struct tsl_checkpoint checkpoint = {
      .phase = "whole", .kernels = "any", .count = 1, .arrays = &weight};
  struct tsl_checkpoint found;
  struct tsl_error err = {0};
  assert_int_equal(tsl_store_checkpoint_write(store, "r", &checkpoint, NULL), TSL_OK);
  tsl_store_run_path(store, "r", "checkpoint.h5", path);
  tsl_store_run_path(store, "r", "inner.h5", inner);
  assert_int_equal(tsl_file_read(path, &head, &count, NULL), TSL_OK);
  assert_int_equal(tsl_file_write(inner, head + HEAD, count - HEAD, NULL), TSL_OK);
  assert_true(damage(inner, "/state/params/a"));
  assert_int_equal(tsl_file_read(inner, &rest, &rest_count, NULL), TSL_OK);
  assert_int_equal(rest_count, count - HEAD);
  memcpy(head + HEAD, rest, rest_count);
  digest_at = head + sizeof before - 1;
  memset(digest_at, '0', DIGITS);
  const struct tsl_digest digest = tsl_digest_bytes(head, count);
  tsl_digest_print(&digest, digits);
  memcpy(digest_at, digits, DIGITS);
  assert_int_equal(tsl_file_write(path, head, count, NULL), TSL_OK);
  died(tsl_store_checkpoint_read(store, "r", 0, &found, &err), &err, path);
  free(head);
  free(rest);
}

static void test_score_file__a_crash_is_an_error(void **state) {
  (void)state;
  static double latents[24];
  static int32_t codes[3];
  char path[TSL_PATH_MAX];
  const struct tsl_array arrays[] = {{"/mu", TSL_ARRAY_F64, 3, {3, 4, 2}, latents},
                                     {"/logvar", TSL_ARRAY_F64, 3, {3, 4, 2}, latents},
                                     {"/family", TSL_ARRAY_I32, 1, {3}, codes},
                                     {"/setting", TSL_ARRAY_I32, 1, {3}, codes}};
  struct tsl_score_file_options options = {.form = TSL_UDR_LIB};
  struct tsl_h5_writer *writer = NULL;
  struct tsl_text json = {0};
  struct tsl_error err = {0};
  snprintf(path, sizeof path, "%s/input.h5", folder);
  assert_int_equal(tsl_h5_create(path, &writer, NULL), TSL_OK);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    assert_int_equal(tsl_h5_write(writer, &arrays[i], NULL), TSL_OK);
  assert_int_equal(tsl_h5_commit(writer, NULL), TSL_OK);
  assert_true(damage(path, "/mu"));
  died(tsl_score_file(path, &options, tsl_team_alone(), &json, &err), &err, path);
  assert_null(json.bytes);
}

/* Nothing is there any more, and whatever is asked says why. */
static void test_reader__once_crashed_says_so_each_time(void **state) {
  (void)state;
  char path[TSL_PATH_MAX], **names = NULL;
  struct tsl_array array = {"/a", TSL_ARRAY_F32, 1, {8}, numbers}, found;
  struct tsl_h5_writer *writer = NULL;
  struct tsl_h5_reader *reader = NULL;
  struct tsl_error err = {0};
  size_t count = 0;
  double value = 0;
  snprintf(path, sizeof path, "%s/once.h5", folder);
  assert_int_equal(tsl_h5_create(path, &writer, NULL), TSL_OK);
  assert_int_equal(tsl_h5_write(writer, &array, NULL), TSL_OK);
  assert_int_equal(tsl_h5_commit(writer, NULL), TSL_OK);
  assert_true(damage(path, "/a"));
  assert_int_equal(tsl_h5_open(path, &reader, NULL), TSL_OK);
  assert_true(tsl_h5_has(reader, "/a"));
  assert_false(tsl_h5_has(reader, "/b"));
  for (int i = 0; i < 2; i++)
    died(tsl_h5_read(reader, "/a", TSL_ARRAY_F32, &found, &err), &err, path);
  died(tsl_h5_read_rows(reader, "/a", 0, 1, TSL_ARRAY_F32, numbers, &err), &err, path);
  died(tsl_h5_describe(reader, "/a", &found, &err), &err, path);
  died(tsl_h5_list(reader, "/", &names, &count, &err), &err, path);
  died(tsl_h5_read_strings(reader, "/b", &names, &count, &err), &err, path);
  died(tsl_h5_read_attribute(reader, "/", "x", &value, &err), &err, path);
  assert_true(tsl_h5_has(reader, "/b")); /* as reading it will say */
  tsl_h5_close(reader);
}

int main(int count, char **arguments) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_latents__a_crash_is_an_error),
      cmocka_unit_test(test_scores__a_crash_is_an_error),
      cmocka_unit_test(test_model__a_crash_is_an_error),
      cmocka_unit_test(test_snapshot__a_crash_is_an_error),
      cmocka_unit_test(test_classified__a_crash_is_an_error),
      cmocka_unit_test(test_checkpoint__a_crash_is_an_error),
      cmocka_unit_test(test_score_file__a_crash_is_an_error),
      cmocka_unit_test(test_reader__once_crashed_says_so_each_time),
  };
  if (count == 3)
    return damage(arguments[1], arguments[2]) ? 0 : 1;
  return cmocka_run_group_tests(tests, open_folder, remove_folder);
}
