/* JPEG and PNG pictures, and the EXIF tag that says how a JPEG lies. The first byte says
 * to which shape the picture is brought, or that the rest is an EXIF marker. */
#include "fuzz.h"

#include "base/image_codec.h"

enum { GREY = 1, CROP = 2, MARKER = 4, SMALL = 8, PIXELS_MAX = 1 << 22 };

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  tsl_log_level_set(TSL_LOG_QUIET);
  return 0;
}

static void turn(const uint8_t *data, size_t size) {
  struct tsl_image image;
  struct tsl_error err = {0};
  uint8_t *marker = malloc(size + 1); /* exactly as long as it says */
  if (marker == NULL)
    abort();
  memcpy(marker, data, size);
  uint8_t *exact = realloc(marker, size > 0 ? size : 1);
  const int orientation = tsl__exif_orientation(exact, size);
  free(exact);
  if (orientation < 1 || orientation > 8 ||
      tsl_image_init(&image, 5, 3, 3, &err) != TSL_OK ||
      tsl__image_turn(&image, orientation, &err) != TSL_OK)
    abort();
  tsl_image_release(&image);
}

/* A PNG's header promises its size: one that only costs time is left out. */
static bool is_large(const uint8_t *data, size_t size) {
  if (size < 24 || data[0] != 0x89)
    return false;
  uint64_t sides[2] = {0, 0};
  for (size_t i = 0; i < 8; i++)
    sides[i / 4] = sides[i / 4] << 8 | data[16 + i];
  return sides[0] * sides[1] > PIXELS_MAX && sides[0] * sides[1] <= TSL_IMAGE_PIXELS_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t planes[3 * 32 * 32];
  struct tsl_image image = {0};
  struct tsl_error err = {0};
  if (size < 1)
    return -1;
  const unsigned flags = data[0];
  data++, size--;
  if (flags & MARKER) {
    turn(data, size);
    return 0;
  }
  if (is_large(data, size))
    return -1;
  enum tsl_status status = tsl_image_decode(data, size, "picture", &image, &err);
  fuzz_judge(status, &err);
  if (status == TSL_OK)
    tsl_image_average(&image, flags & CROP ? 0.3 : 1, flags & GREY ? 1 : 3,
                      flags & SMALL ? 2 : 32, 32, planes);
  tsl_image_release(&image);
  return 0;
}
