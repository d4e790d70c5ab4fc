/* winograd_tiles.h - the maps between pictures and the nine points of their tiles; see
 * winograd.h. Tiles of a group of pictures are counted picture by picture, row by row.
 */
#ifndef TEASEL_NN_WINOGRAD_TILES_H
#define TEASEL_NN_WINOGRAD_TILES_H

#include <stdbool.h>
#include <stdint.h>

enum { TSL__POINTS = 9, TSL__PHASES = 4 };

/* A picture in blocks of 16 channels, and the points of all tiles: point p of tile t
 * begins at float p * point + t * tile. */
struct tsl__tiles {
  int64_t pictures;
  int64_t blocks;        /* of 16 channels, of the picture at hand */
  int64_t height, width; /* of small */
  int64_t point, tile;   /* floats */
  bool bfloat16; /* points that are made are pairs along the channels, half as long */
};

/* What is added to a result, and whether what is below 0 then is 0. bias: (16 blocks) or
 * NULL. */
struct tsl__tiles_finish {
  const float *bias;
  bool relu;
};

/* points: (9, tiles, 4 phases, 16 blocks), in tsl__tiles_from_* perhaps of pairs */
void tsl__tiles_from_large(const struct tsl__tiles *tiles, const float *large,
                           float *points);
void tsl__tiles_to_large(const struct tsl__tiles *tiles, const float *points,
                         const struct tsl__tiles_finish *finish, float *large);
/* points: (9, tiles, 16 blocks) */
void tsl__tiles_from_small(const struct tsl__tiles *tiles, const float *small,
                           float *points);
void tsl__tiles_to_small(const struct tsl__tiles *tiles, const float *points,
                         const struct tsl__tiles_finish *finish, float *small);

/* A gradient is taken through its ReLU in place (0 where the value is not above 0) and
 * summed. All: (pictures, blocks, pixels, 16); sums: (16 blocks), added to */
struct tsl__tiles_gradient {
  int64_t pictures, blocks, pixels;
  float *gradient;
  const float *value; /* or NULL */
  double *sums;       /* or NULL */
};
void tsl__tiles_enter_gradient(const struct tsl__tiles_gradient *gradient);

#endif
