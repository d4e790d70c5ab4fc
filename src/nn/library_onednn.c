#include "teasel/library.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>

void tsl_library_onednn(char *version) {
  const dnnl_version_t *found = dnnl_version();
  snprintf(version, TSL_LIBRARY_TEXT, "%d.%d.%d", found->major, found->minor,
           found->patch);
}
