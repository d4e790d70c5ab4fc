/* unit.h - what cmocka wants included before itself. */
#ifndef TEASEL_TESTS_UNIT_H
#define TEASEL_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#ifdef __clang_analyzer__ /* cmocka does not tell it that an assertion that fails ends   \
                             the test */
void _fail(const char *file, int line) __attribute__((noreturn));
#undef assert_true
#undef assert_non_null
#undef assert_int_equal
#define assert_true(holds) ((holds) ? (void)0 : abort())
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_int_equal(a, b) assert_true((a) == (b))
#endif

/* memcheck makes everything 50 times slower and looks at addresses, not at numbers: there
 * tests repeat themselves less often. .ci/valgrind says so. */
static inline bool under_valgrind(void) {
  return getenv("TEASEL_UNDER_VALGRIND") != NULL;
}

#endif
