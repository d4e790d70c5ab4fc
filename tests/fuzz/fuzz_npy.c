/* NPY files: the first byte says how they are used, then come labels and factors, each
 * behind its length, then the samples. */
#include "fuzz_dataset.h"

enum { LABELS = 1, FACTORS = 2, CHANNELS_LAST = 4, BINARY = 8 };

static struct fuzz_file samples, labels, factors;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  fuzz_dataset_begin();
  fuzz_file_open(&samples);
  fuzz_file_open(&labels);
  fuzz_file_open(&factors);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return -1;
  const unsigned flags = data[0];
  data++, size--;
  struct tsl_dataset_config config = case_config("npy");
  case_set(&config, "path", samples.path);
  if (flags & LABELS) {
    fuzz_take(&data, &size, &labels);
    case_set(&config, "labels", labels.path);
  }
  if (flags & FACTORS) {
    fuzz_take(&data, &size, &factors);
    case_set(&config, "factors", factors.path);
  }
  case_set(&config, "layout", flags & CHANNELS_LAST ? "channels_last" : "channels_first");
  case_set(&config, "maximum", flags & BINARY ? "1" : "255");
  fuzz_file_fill(&samples, data, size);
  fuzz_read(&config);
  return 0;
}
