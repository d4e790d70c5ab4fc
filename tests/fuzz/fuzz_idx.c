/* IDX files: the first byte says how they are used, then come the labels behind their
 * length, then the images. */
#include "fuzz_dataset.h"

#include <zlib.h>

enum { LABELS = 1, TEST_PART = 2, LIMITED = 4, PACKED = 8 };

static struct fuzz_file images, labels;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  fuzz_dataset_begin();
  fuzz_file_open(&images);
  fuzz_file_open(&labels);
  return 0;
}

/* Good gzip around bad IDX, which random bytes seldom become. */
static void pack(const uint8_t *data, size_t size) {
  if (ftruncate(images.fd, 0) != 0 || lseek(images.fd, 0, SEEK_SET) != 0)
    abort();
  gzFile file = gzdopen(dup(images.fd), "wb1");
  if (file == NULL || (size > 0 && gzwrite(file, data, (unsigned)size) != (int)size) ||
      gzclose(file) != Z_OK)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return -1;
  const unsigned flags = data[0];
  data++, size--;
  struct tsl_dataset_config config = case_config("idx");
  case_set(&config, "images", images.path);
  if (flags & LABELS) {
    fuzz_take(&data, &size, &labels);
    case_set(&config, "labels", labels.path);
  }
  if (flags & TEST_PART) {
    case_set(&config, "test_images", images.path);
    case_set(&config, "test_labels", flags & LABELS ? labels.path : "");
  }
  if (flags & LIMITED) {
    case_set(&config, "count", "3");
    case_set(&config, "label_names", "a, b,c,d,e,f,g,h,i,j");
  }
  if (flags & PACKED)
    pack(data, size);
  else
    fuzz_file_fill(&images, data, size);
  fuzz_read(&config);
  return 0;
}
