/* What the page's script is given of R. */
#include "unit.h"

#include "report_sample.h"

#include "report/correlation_data.h"

#include <zlib.h>

static const struct sample_request small = {.families = 2,
                                            .settings = 2,
                                            .seeds = 3,
                                            .latent = 6,
                                            .points = 10,
                                            .scores = true,
                                            .lasso = true};

static int all_runs(const struct tsl__report_data *data, int *order) {
  for (int i = 0; i < data->run_count; i++)
    order[i] = i;
  return data->run_count;
}

/* The bytes behind "base64":". out: (capacity); returns their number. */
static size_t unpack(const struct tsl_text *json, unsigned char *out, size_t capacity) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = strstr(json->bytes, "\"base64\":\"");
  struct tsl_text packed = {0};
  unsigned word = 0;
  assert_non_null(at);
  at += 10;
  for (int bits = 0; *at != '"' && *at != '='; at++) {
    word = word << 6 | (unsigned)(strchr(digits, *at) - digits);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      unsigned char byte = (unsigned char)(word >> bits & 255u);
      tsl_text_add_bytes(&packed, &byte, 1);
    }
  }
  uLongf length = (uLongf)capacity;
  assert_int_equal(
      uncompress(out, &length, (const Bytef *)packed.bytes, (uLong)packed.length), Z_OK);
  tsl_text_release(&packed);
  return length;
}

/* Every value of every pair kept, in hundredths, in the order that the script expects. */
static void check_values(enum tsl_similarity similarity, enum tsl__report_pairs scope,
                         const char *word) {
  enum { CAPACITY = 12 * 12 * 36 };
  struct tsl__report_data *data = sample_create(&small);
  int order[12], count = all_runs(data, order);
  static unsigned char bytes[CAPACITY];
  struct tsl_text json = {0};
  char expected[32];
  size_t at = 0;
  data->pairs = scope;
  tsl__pairs_add(data, similarity, order, count, &json);
  snprintf(expected, sizeof expected, "\"scope\":\"%s\"", word);
  assert_non_null(strstr(json.bytes, expected));
  assert_non_null(strstr(json.bytes, "\"step\":0.01,"));
  size_t length = unpack(&json, bytes, CAPACITY);
  for (int k = 0; k < count; k++)
    for (int i = similarity == TSL_SPEARMAN ? k : 0; i < count; i++) {
      const float *matrix = tsl__report_matrix(data, similarity, k, i);
      const struct tsl__report_run *a = &data->runs[k], *b = &data->runs[i];
      if ((scope == TSL__PAIRS_FAMILY && a->family != b->family) ||
          (scope == TSL__PAIRS_SETTING && a->setting != b->setting))
        continue;
      for (int row = 0; row < 6; row++)
        for (int column = 0; column < 6; column++)
          if (tsl__report_is_informative(data, k, row) &&
              tsl__report_is_informative(data, i, column)) {
            assert_true(at < length);
            assert_true(fabs(bytes[at++] / 100.0 - (double)matrix[row * 6 + column]) <
                        0.00501);
          }
    }
  assert_true(at > 0);
  assert_int_equal(at, length);
  tsl_text_release(&json);
  sample_free(data);
}

static void test_pairs__hold_every_value_of_their_scope(void **state) {
  (void)state;
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++) {
    check_values((enum tsl_similarity)s, TSL__PAIRS_ALL, "all");
    check_values((enum tsl_similarity)s, TSL__PAIRS_FAMILY, "family");
    check_values((enum tsl_similarity)s, TSL__PAIRS_SETTING, "setting");
    check_values((enum tsl_similarity)s, TSL__PAIRS_AUTO, "all");
  }
}

static void test_pairs__auto_keeps_fewer_of_many_runs(void **state) {
  (void)state;
  struct sample_request request = small;
  request.families = 3;
  request.settings = 13;
  request.seeds = 5;
  struct tsl__report_data *data = sample_create(&request);
  int *order = calloc((size_t)data->run_count, sizeof *order);
  assert_non_null(order);
  int count = all_runs(data, order);
  assert_int_equal(tsl__pairs_scope(data, TSL_SPEARMAN, order, count), TSL__PAIRS_ALL);
  assert_int_equal(tsl__pairs_scope(data, TSL_LASSO, order, count), TSL__PAIRS_FAMILY);
  data->pairs = TSL__PAIRS_ALL;
  assert_int_equal(tsl__pairs_scope(data, TSL_LASSO, order, count), TSL__PAIRS_ALL);
  free(order);
  sample_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pairs__hold_every_value_of_their_scope),
      cmocka_unit_test(test_pairs__auto_keeps_fewer_of_many_runs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
