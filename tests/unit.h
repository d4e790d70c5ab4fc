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

/* memcheck makes everything 50 times slower and looks at addresses, not at numbers: there
 * tests repeat themselves less often. .ci/valgrind says so. */
static inline bool under_valgrind(void) {
  return getenv("TEASEL_UNDER_VALGRIND") != NULL;
}

#endif
