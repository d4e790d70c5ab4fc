#include "teasel/random.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <Random123/philox.h>
#pragma GCC diagnostic pop
#include <math.h>

__extension__ typedef unsigned __int128 wide;

void tsl_random_words(const struct tsl_stream *stream, uint64_t step, uint32_t sample,
                      uint32_t lane, uint32_t out[4]) {
  /* The counter holds what differs from draw to draw, the key what differs from run to
   * run; sub and the step's upper half share a word (16 bits each), purpose and seed are
   * mixed into the key so that equal low words of two seeds do not meet. */
  philox4x32_ctr_t counter = {{(uint32_t)step,
                               ((uint32_t)(step >> 32) & 0xffffu) | stream->sub << 16,
                               sample, lane}};
  uint64_t mixed = (stream->seed + 0x9e3779b97f4a7c15u * (stream->purpose + 1u));
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u; /* the finaliser of SplitMix64 */
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  mixed ^= mixed >> 31;
  philox4x32_key_t key = {{(uint32_t)mixed, (uint32_t)(mixed >> 32)}};
  philox4x32_ctr_t words = philox4x32(counter, key);
  for (int i = 0; i < 4; i++)
    out[i] = words.v[i];
}

void tsl_random_uniform(const struct tsl_stream *stream, uint64_t step, uint32_t sample,
                        size_t count, float *out) {
  for (size_t i = 0; i < count; i += 4) {
    uint32_t words[4];
    tsl_random_words(stream, step, sample, (uint32_t)(i / 4), words);
    for (size_t k = 0; k < 4 && i + k < count; k++)
      out[i + k] = (float)(words[k] >> 8) * 0x1p-24f;
  }
}

void tsl_random_normal(const struct tsl_stream *stream, uint64_t step, uint32_t sample,
                       size_t count, float *out) {
  const double turn = 6.283185307179586476925286766559;
  for (size_t i = 0; i < count; i += 4) {
    uint32_t words[4];
    tsl_random_words(stream, step, sample, (uint32_t)(i / 4), words);
    float normals[4];
    for (int pair = 0; pair < 4; pair += 2) {
      /* u in (0, 1], so that the logarithm is finite. */
      double u = ((double)words[pair] + 1.0) * 0x1p-32;
      double v = (double)words[pair + 1] * 0x1p-32;
      double radius = sqrt(-2.0 * log(u));
      normals[pair] = (float)(radius * cos(turn * v));
      normals[pair + 1] = (float)(radius * sin(turn * v));
    }
    for (size_t k = 0; k < 4 && i + k < count; k++)
      out[i + k] = normals[k];
  }
}

double tsl_random_double(const struct tsl_stream *stream, uint64_t step, uint32_t sample,
                         uint32_t lane) {
  uint32_t words[4];
  tsl_random_words(stream, step, sample, lane, words);
  uint64_t bits = (uint64_t)words[0] << 32 | words[1];
  return (double)(bits >> 11) * 0x1p-53;
}

uint64_t tsl_random_below(const struct tsl_stream *stream, uint64_t step, uint32_t sample,
                          uint32_t lane, uint64_t bound) {
  uint32_t words[4];
  tsl_random_words(stream, step, sample, lane, words);
  uint64_t bits = (uint64_t)words[0] << 32 | words[1];
  return (uint64_t)(((wide)bits * bound) >> 64);
}

void tsl_random_permutation(const struct tsl_stream *stream, uint64_t step, int64_t count,
                            int64_t *out) {
  for (int64_t i = 0; i < count; i++)
    out[i] = i;
  for (int64_t i = count - 1; i > 0; i--) {
    int64_t j = (int64_t)tsl_random_below(stream, step, (uint32_t)i, (uint32_t)(i >> 32),
                                          (uint64_t)i + 1);
    int64_t held = out[i];
    out[i] = out[j];
    out[j] = held;
  }
}
