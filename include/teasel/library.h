/* library.h - the libraries that the program runs with, for `teasel --version` and
 * provenance.json. Each version is told by the one folder that may call the library. */
#ifndef TEASEL_LIBRARY_H
#define TEASEL_LIBRARY_H

enum { TSL_LIBRARY_TEXT = 256 }; /* bytes of a version text with its terminator */

#define TSL_LIBRARY_MAP(XX)                                                              \
  XX(mpi, "MPI")                                                                         \
  XX(hdf5, "HDF5")                                                                       \
  XX(onednn, "oneDNN")                                                                   \
  XX(yaml, "libyaml")                                                                    \
  XX(png, "libpng")                                                                      \
  XX(jpeg, "libjpeg")                                                                    \
  XX(xxhash, "xxHash")                                                                   \
  XX(matio, "matio")                                                                     \
  XX(zlib, "zlib")

/* Local. The version in use, not the one compiled against where the two can differ.
 * version: TSL_LIBRARY_TEXT bytes. */
#define XX(name, title) void tsl_library_##name(char *version);
TSL_LIBRARY_MAP(XX)
#undef XX

#endif
