/* Pictures that are stored lying on their side, as cameras do: the EXIF tag Orientation
 * (JEITA CP-3451 section 4.6.4 A) says where their first row and column belong. */
#include "base/image_codec.h"

#include <string.h>

/* The TIFF structure behind "Exif\0\0". */
struct tiff {
  const unsigned char *bytes;
  size_t count;
  bool big_endian;
};

/* A number of 2 or 4 bytes; 0 where the structure ends. */
static size_t number_at(const struct tiff *tiff, size_t at, size_t bytes) {
  size_t value = 0;
  if (at > tiff->count || tiff->count - at < bytes)
    return 0;
  for (size_t i = 0; i < bytes; i++)
    value |= (size_t)tiff->bytes[at + i] << 8 * (tiff->big_endian ? bytes - 1 - i : i);
  return value;
}

int tsl__exif_orientation(const unsigned char *marker, size_t count) {
  enum { SIGNATURE = 6, HEADER = 8, ENTRY = 12, ORIENTATION = 0x112, SHORT = 3 };
  if (count < SIGNATURE + HEADER || memcmp(marker, "Exif\0", SIGNATURE) != 0)
    return 1;
  struct tiff tiff = {marker + SIGNATURE, count - SIGNATURE, marker[SIGNATURE] == 'M'};
  size_t folder = number_at(&tiff, 4, 4);
  size_t entries = number_at(&tiff, folder, 2);
  for (size_t i = 0; i < entries; i++) {
    size_t at = folder + 2 + i * ENTRY;
    if (number_at(&tiff, at, 2) != ORIENTATION || number_at(&tiff, at + 2, 2) != SHORT)
      continue;
    size_t value = number_at(&tiff, at + 8, 2);
    return value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}

enum tsl_status tsl__image_turn(struct tsl_image *image, int orientation,
                                struct tsl_error *err) {
  const bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
  const bool from_below =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool swaps = orientation >= 5; /* rows become columns */
  struct tsl_image turned = {0};
  if (orientation == 1)
    return TSL_OK;
  TSL_TRY(tsl_image_init(&turned, swaps ? image->height : image->width,
                         swaps ? image->width : image->height, image->channels, err));
  size_t pixel = (size_t)image->channels;
  uint8_t *to = turned.bytes;
  for (int y = 0; y < turned.height; y++) {
    for (int x = 0; x < turned.width; x++, to += pixel) {
      int column = swaps ? y : x, row = swaps ? x : y;
      column = from_right ? image->width - 1 - column : column;
      row = from_below ? image->height - 1 - row : row;
      memcpy(to,
             image->bytes + ((size_t)row * (size_t)image->width + (size_t)column) * pixel,
             pixel);
    }
  }
  tsl_image_release(image);
  *image = turned;
  return TSL_OK;
}
