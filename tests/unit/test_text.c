#include "unit.h"

#include "teasel/text.h"

#include <string.h>
#include <zlib.h>

static void test_number__shortest_decimal_that_reads_back(void **state) {
  (void)state;
  char buffer[32];
  assert_string_equal(tsl_number_print(buffer, 0.1), "0.1");
  assert_string_equal(tsl_number_print(buffer, 1e-4), "0.0001");
  assert_string_equal(tsl_number_print(buffer, 300000), "300000");
  assert_string_equal(tsl_number_print(buffer, 1.0 / 3.0), "0.3333333333333333");
}

static void test_nearest__finds_a_misspelt_word_and_nothing_far(void **state) {
  (void)state;
  const char *words[] = {"batch", "shards", "optimizer", "learning_rate"};
  assert_string_equal(tsl_text_nearest("lerning_rate", words, 4), "learning_rate");
  assert_string_equal(tsl_text_nearest("shrads", words, 4), "shards");
  assert_null(tsl_text_nearest("zzz", words, 4));
}

static void test_html__escapes_markup(void **state) {
  (void)state;
  struct tsl_text text;
  tsl_text_init(&text);
  tsl_text_add_html(&text, "<a href=\"x\">'&'</a>");
  assert_string_equal(text.bytes,
                      "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  tsl_text_release(&text);
}

static void test_base64__pads_every_length(void **state) {
  (void)state;
  const char *want[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (size_t n = 0; n <= 6; n++) { /* the vectors of RFC 4648 */
    struct tsl_text text;
    tsl_text_init(&text);
    tsl_text_add_base64(&text, "foobar", n);
    assert_string_equal(text.bytes, want[n]);
    tsl_text_release(&text);
  }
}

static void test_deflated__zlib_gives_the_bytes_back(void **state) {
  (void)state;
  unsigned char in[5000], out[sizeof in];
  for (size_t i = 0; i < sizeof in; i++)
    in[i] = (unsigned char)(i % 7 * (i / 1000));
  for (size_t n = 0; n <= sizeof in; n += 2500) {
    struct tsl_text text = {0};
    uLongf length = sizeof out;
    tsl_text_add(&text, "before");
    tsl_text_add_deflated(&text, in, n);
    assert_memory_equal(text.bytes, "before", 6);
    assert_true(text.length < 6 + n / 4 + 20);
    assert_int_equal(
        uncompress(out, &length, (const Bytef *)text.bytes + 6, text.length - 6), Z_OK);
    assert_int_equal(length, n);
    assert_memory_equal(out, in, n);
    tsl_text_release(&text);
  }
}

static void test_csv__quotes_only_when_needed(void **state) {
  (void)state;
  struct tsl_text text;
  tsl_text_init(&text);
  tsl_text_add_csv(&text, "plain");
  tsl_text_add(&text, ",");
  tsl_text_add_csv(&text, "a,\"b\"");
  assert_string_equal(text.bytes, "plain,\"a,\"\"b\"\"\"");
  tsl_text_release(&text);
}

static void check_visible(const char *string, bool lines, const char *wanted) {
  struct tsl_text text;
  tsl_text_init(&text);
  tsl_text_add_visible(&text, string, lines);
  assert_string_equal(text.bytes, wanted);
  tsl_text_release(&text);
}

static void test_visible__shows_what_a_terminal_would_obey(void **state) {
  (void)state;
  check_visible("a\tb\nc", true, "a\tb\nc");
  check_visible("a\nb", false, "a\\nb");
  check_visible("\x1b[2J\r\x7f", true, "\\x1b[2J\\x0d\\x7f");
  check_visible("\u00e9\u4e2d\U0001f600\u00a0", true, "\u00e9\u4e2d\U0001f600\u00a0");
  check_visible("gpj.\u202Eexe\u2066\u200b\ufeff\xc2\x9b", true,
                "gpj.\\u202eexe\\u2066\\u200b\\ufeff\\u009b");
  /* cut off, too long a form, a surrogate, beyond the last character */
  check_visible("\xe2\x82", true, "\\xe2\\x82");
  check_visible("\xc0\xaf\xe0\x80\xaf", true, "\\xc0\\xaf\\xe0\\x80\\xaf");
  check_visible("\xed\xa0\x80", true, "\\xed\\xa0\\x80");
  check_visible("\xf4\x90\x80\x80\xff", true, "\\xf4\\x90\\x80\\x80\\xff");
}

static void test_text__outgrows_a_lent_buffer(void **state) {
  (void)state;
  char room[8];
  struct tsl_text text;
  tsl_text_init_in(&text, room, sizeof room);
  tsl_text_add(&text, "1234567");
  assert_ptr_equal(text.bytes, room);
  tsl_text_add(&text, "89");
  assert_ptr_not_equal(text.bytes, room);
  assert_string_equal(text.bytes, "123456789");
  assert_false(text.failed);
  tsl_text_release(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text__outgrows_a_lent_buffer),
      cmocka_unit_test(test_number__shortest_decimal_that_reads_back),
      cmocka_unit_test(test_nearest__finds_a_misspelt_word_and_nothing_far),
      cmocka_unit_test(test_html__escapes_markup),
      cmocka_unit_test(test_base64__pads_every_length),
      cmocka_unit_test(test_deflated__zlib_gives_the_bytes_back),
      cmocka_unit_test(test_visible__shows_what_a_terminal_would_obey),
      cmocka_unit_test(test_csv__quotes_only_when_needed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
