/* MAT files of SVHN behind one byte that says how they are used. */
#include "fuzz_dataset.h"

enum { TEST_PART = 1, LIMITED = 2 };

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
  struct tsl_dataset_config config = case_config("svhn");
  case_set(&config, "train", file.path);
  if (data[0] & TEST_PART)
    case_set(&config, "test", file.path);
  if (data[0] & LIMITED)
    case_set(&config, "count", "1");
  fuzz_file_fill(&file, data + 1, size - 1);
  fuzz_read(&config);
  return 0;
}
