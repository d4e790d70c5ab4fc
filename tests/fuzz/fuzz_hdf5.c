/* A stranger's HDF5 file behind one byte that says how it is used, and whether the bytes
 * are the file or say what is in it. */
#include "fuzz_dataset.h"
#include "fuzz_h5.h"

enum { CHANNELS_LAST = 1, BINARY = 2, OTHER_NAMES = 4, COMPOSED = 8 };

static const char *const objects[] = {
    "/images",       "/labels",      "/factors",      "/label_names",  "/factor_names",
    "/factor_sizes", "/test_begin",  "/group/images", "/group/labels", "/group/factors",
    "/images",       "/label_names", "/group"};
static const char *const attributes[] = {"classes", "other"};
static const struct fuzz_names names = {objects, sizeof objects / sizeof *objects,
                                        attributes, 2};

static struct fuzz_file file;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  fuzz_dataset_begin();
  fuzz_file_open(&file);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return -1;
  const unsigned flags = data[0];
  struct tsl_dataset_config config = case_config("hdf5");
  case_set(&config, "path", file.path);
  case_set(&config, "layout", flags & CHANNELS_LAST ? "channels_last" : "channels_first");
  case_set(&config, "maximum", flags & BINARY ? "1" : "255");
  if (flags & OTHER_NAMES) {
    case_set(&config, "images", "group/images");
    case_set(&config, "labels", "/group/labels");
    case_set(&config, "factors", "group/factors");
  }
  if (flags & COMPOSED)
    fuzz_compose(file.path, &names, data + 1, size - 1);
  else
    fuzz_file_fill(&file, data + 1, size - 1);
  fuzz_read(&config);
  return 0;
}
