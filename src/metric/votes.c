#include "metric/votes.h"

int tsl__votes_factor(const struct tsl_code_source *source,
                      const struct tsl_stream *stream, uint64_t vote) {
  return (int)tsl_random_below(stream, vote, UINT32_MAX, 0,
                               (uint64_t)source->factor_count);
}

void tsl__votes_draw(const struct tsl_code_source *source,
                     const struct tsl_stream *stream, uint64_t vote, int held, bool pairs,
                     int64_t count, double *factors) {
  for (int64_t i = 0; i < count; i++) {
    for (int j = 0; j < source->factor_count; j++) {
      int64_t from = j != held ? i : pairs ? i / 2 * 2 : 0;
      double at = tsl_random_double(stream, vote, (uint32_t)from, (uint32_t)j);
      factors[i * source->factor_count + j] = source->value(source->context, j, at);
    }
  }
}
