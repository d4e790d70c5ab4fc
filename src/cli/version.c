#include "cli/version.h"

#include "teasel/library.h"
#include "teasel/nn.h"

#include <stdio.h>

#ifndef TSL_REVISION /* the Makefile includes revision.h, which it makes */
#define TSL_REVISION "unknown"
#endif

const char *tsl__revision(void) {
  return TSL_REVISION;
}

void tsl__version_print(void) {
  printf("teasel " TSL_VERSION " (revision " TSL_REVISION ")\n");
  char version[TSL_LIBRARY_TEXT];
#define XX(name, title)                                                                  \
  tsl_library_##name(version);                                                           \
  printf("  %-10s %s\n", title, version);
  TSL_LIBRARY_MAP(XX)
#undef XX
  struct tsl_error err = {0};
  if (tsl_nn_start("", &err) == TSL_OK)
    printf("  %-10s %s\n", "kernels", tsl_nn_kernel_set());
  else
    printf("  %-10s %s\n", "kernels", err.text);
}
