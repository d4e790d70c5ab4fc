#include "teasel/library.h"

#include <stdio.h>
/* jpeglib.h wants stdio.h before it. */
#include <jpeglib.h>
#include <png.h>
#include <xxhash.h>
#include <zlib.h>

void tsl_library_png(char *version) {
  snprintf(version, TSL_LIBRARY_TEXT, "%s", png_get_libpng_ver(NULL));
}

void tsl_library_jpeg(char *version) {
  /* The library does not tell when it runs: what it was compiled against. */
#ifdef LIBJPEG_TURBO_VERSION
#define TEXT_OF(value) #value
#define TEXT_IN(macro) TEXT_OF(macro)
  snprintf(version, TSL_LIBRARY_TEXT, "turbo %s", TEXT_IN(LIBJPEG_TURBO_VERSION));
#else
  snprintf(version, TSL_LIBRARY_TEXT, "interface %d", JPEG_LIB_VERSION);
#endif
}

void tsl_library_zlib(char *version) {
  snprintf(version, TSL_LIBRARY_TEXT, "%s", zlibVersion());
}

void tsl_library_xxhash(char *version) {
  unsigned number = XXH_versionNumber();
  snprintf(version, TSL_LIBRARY_TEXT, "%u.%u.%u", number / 10000, number / 100 % 100,
           number % 100);
}
