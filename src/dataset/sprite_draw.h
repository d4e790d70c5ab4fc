/* sprite_draw.h - one frame of the re-created dSprites. */
#ifndef TEASEL_DATASET_SPRITE_DRAW_H
#define TEASEL_DATASET_SPRITE_DRAW_H

#include <stdint.h>

enum { TSL__SPRITE_SIDE = 64, TSL__SPRITE_FRAMES = 3 * 6 * 40 * 32 * 32 };

/* Order of dSprites: shape slowest, y fastest. */
#define TSL__SPRITE_FACTOR_MAP(XX)                                                       \
  XX(SHAPE, "shape", 3) /* square, ellipse, heart */                                     \
  XX(SCALE, "scale", 6)                                                                  \
  XX(ORIENTATION, "orientation", 40) /* 0 and 39 coincide, as in the original */         \
  XX(X, "x", 32)                                                                         \
  XX(Y, "y", 32)
enum tsl__sprite_factor {
#define XX(name, word, levels) TSL__SPRITE_##name,
  TSL__SPRITE_FACTOR_MAP(XX)
#undef XX
      TSL__SPRITE_FACTOR_COUNT
};

/* Local. plane: (64, 64), 0 or 255. */
void tsl__sprite_draw(const int levels[TSL__SPRITE_FACTOR_COUNT], uint8_t *plane);

#endif
