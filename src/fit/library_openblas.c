#include "teasel/library.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>

void tsl_library_openblas(char *version) {
  const char *words = openblas_get_config(); /* "OpenBLAS 0.3.21 NO_LAPACKE ... core" */
  const char *number = strchr(words, ' ');
  snprintf(version, TSL_LIBRARY_TEXT, "%s on %s", number != NULL ? number + 1 : words,
           openblas_get_corename());
}
