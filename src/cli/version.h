/* version.h - which program this is, for --version and provenance.json. */
#ifndef TEASEL_CLI_VERSION_H
#define TEASEL_CLI_VERSION_H

/* Local. The git revision that was built, "unknown" outside a checkout. */
const char *tsl__revision(void);
/* Local. Prints version, revision, libraries and kernels. */
void tsl__version_print(void);

#endif
