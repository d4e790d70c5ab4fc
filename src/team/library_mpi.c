#include "teasel/library.h"

#include <mpi.h>
#include <stdio.h>
#include <string.h>

void tsl_library_mpi(char *version) {
  char words[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  MPI_Get_library_version(words, &length); /* allowed before MPI_Init */
  words[strcspn(words, ",\n")] = '\0';     /* the packager and build host follow */
  snprintf(version, TSL_LIBRARY_TEXT, "%.250s", words);
}
