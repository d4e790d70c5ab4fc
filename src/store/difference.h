/* difference.h - what the files that compare share: the first of the numbers that differ,
 * and its sentence. */
#ifndef TEASEL_STORE_DIFFERENCE_H
#define TEASEL_STORE_DIFFERENCE_H

#include "teasel/difference.h"

/* Of two lists of numbers. */
struct tsl__spot {
  int64_t differing; /* numbers that differ */
  int64_t first;     /* index of the first of these */
  double a, b;       /* its values */
  uint64_t ulps;     /* between them; for whole numbers their distance */
  uint64_t most;     /* the largest of these */
};

/* Local. Both have the same type and dims. */
void tsl__spot_find(const struct tsl_array *a, const struct tsl_array *b,
                    struct tsl__spot *out);
/* Local. "0.5 and 0.25, 8388608 ulps apart". type: of the numbers. */
void tsl__spot_values(const struct tsl__spot *spot, enum tsl_array_type type,
                      struct tsl_text *out);

/* Local. Begins a line for a product: "runs/R/model.h5: ". run NULL: of the folder. */
void tsl__difference_begin(struct tsl_difference *out, const char *run,
                           const char *product);
/* Local. Ends the line and counts it. */
void tsl__difference_end(struct tsl_difference *out);
/* Local. A whole line for a product that only one side has. */
void tsl__difference_only(struct tsl_difference *out, const char *run,
                          const char *product, bool in_first);

/* Local. All datasets below group_a of one file and group_b of the other ("" : all). One
 * line at most. */
struct tsl__h5_place {
  const char *path, *group;
};
enum tsl_status tsl__difference_h5(const struct tsl__h5_place *a,
                                   const struct tsl__h5_place *b, const char *run,
                                   const char *product, struct tsl_difference *out,
                                   struct tsl_error *err);

#endif
