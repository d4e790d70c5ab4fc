#include "teasel/library.h"

#include <hdf5.h>
#include <stdio.h>

void tsl_library_hdf5(char *version) {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  snprintf(version, TSL_LIBRARY_TEXT, "%u.%u.%u", major, minor, release);
}
