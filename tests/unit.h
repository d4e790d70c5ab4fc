/* unit.h - what cmocka wants included before itself. */
#ifndef TEASEL_TESTS_UNIT_H
#define TEASEL_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
