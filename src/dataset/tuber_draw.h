/* tuber_draw.h - one generated potato tuber. */
#ifndef TEASEL_DATASET_TUBER_DRAW_H
#define TEASEL_DATASET_TUBER_DRAW_H

#include <stdint.h>

/* Numbers of levels of each factor; a factor's value is its level, from 0. */
#define TSL__TUBER_FACTOR_MAP(XX)                                                        \
  XX(SIZE, "size", 16)                                                                   \
  XX(ELONGATION, "elongation", 16)                                                       \
  XX(X, "x", 16)                                                                         \
  XX(Y, "y", 16)                                                                         \
  XX(ROTATION, "rotation", 32) /* a half turn: an ellipse has no head */                 \
  XX(BRIGHTNESS, "brightness", 16)                                                       \
  XX(SPOTS, "spots", 7) /* number of black spots; 0: good */
enum tsl__tuber_factor {
#define XX(name, word, levels) TSL__TUBER_##name,
  TSL__TUBER_FACTOR_MAP(XX)
#undef XX
      TSL__TUBER_FACTOR_COUNT
};

/* Local. What the factors leave open (outline, texture, where spots are) follows from the
 * seed and the levels, so equal factors give equal pictures. planes: (3, size, size) */
void tsl__tuber_draw(uint64_t seed, const int levels[TSL__TUBER_FACTOR_COUNT], int size,
                     uint8_t *planes);

#endif
