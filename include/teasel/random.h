/* random.h - counter-based random numbers (Philox4x32-10: Salmon et al. 2011, "Parallel
 * random numbers: as easy as 1, 2, 3", through Random123).
 *
 * A number is a function of (seed, purpose, step, sample, lane): there is no state to
 * save, and nothing depends on who draws or in which order. Everything random in teasel
 * comes from here.
 */
#ifndef TEASEL_RANDOM_H
#define TEASEL_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* What numbers are for; draws for different purposes never meet. Append only: the values
 * are part of the reproducibility contract. */
enum tsl_purpose {
  TSL_PURPOSE_INITIALISATION = 1, /* step = 0, sample = parameter index */
  TSL_PURPOSE_EPOCH = 2,          /* step = epoch */
  TSL_PURPOSE_NOISE = 3,   /* sub = noise stream index, sample = index in the batch */
  TSL_PURPOSE_SPLIT = 4,   /* held-out split and encoded points */
  TSL_PURPOSE_DATASET = 5, /* generated data sets */
  TSL_PURPOSE_SCORE = 6,   /* sampled comparisons, votes of factor metrics */
  TSL_PURPOSE_FIT = 7,     /* starts of k-means, EM */
  TSL_PURPOSE_REPORT = 8,
  TSL_PURPOSE_TEST = 9
};

/* A stream: 64-bit seed, purpose, and a sub-purpose (stream index, metric index ...). */
struct tsl_stream {
  uint64_t seed;
  uint32_t purpose;
  uint32_t sub;
};

/* Local. The 4 words at (step, sample, lane); step and sample below 2^48 and 2^32. */
void tsl_random_words(const struct tsl_stream *stream, uint64_t step, uint32_t sample,
                      uint32_t lane, uint32_t out[4]);

/* Local. count numbers at (step, sample): uniform in [0, 1) with 24 bits, or standard
 * normal (Box-Muller in double precision, rounded once). out: (count) */
void tsl_random_uniform(const struct tsl_stream *stream, uint64_t step, uint32_t sample,
                        size_t count, float *out);
void tsl_random_normal(const struct tsl_stream *stream, uint64_t step, uint32_t sample,
                       size_t count, float *out);
/* Local. One double in [0, 1) with 53 bits, number `lane` of (step, sample). */
double tsl_random_double(const struct tsl_stream *stream, uint64_t step, uint32_t sample,
                         uint32_t lane);
/* Local. An integer in [0, bound) without bias worth the name (64-bit multiply). */
uint64_t tsl_random_below(const struct tsl_stream *stream, uint64_t step, uint32_t sample,
                          uint32_t lane, uint64_t bound);
/* Local. A permutation of 0..count-1 (Fisher-Yates), a function of (stream, step). out:
 * (count) */
void tsl_random_permutation(const struct tsl_stream *stream, uint64_t step, int64_t count,
                            int64_t *out);

#endif
