#include "teasel/library.h"

#include <stdio.h>
#include <yaml.h>

void tsl_library_yaml(char *version) {
  snprintf(version, TSL_LIBRARY_TEXT, "%s", yaml_get_version_string());
}
