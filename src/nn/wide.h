/* wide.h - what files written for AVX-512 share. On other processors they compile to
 * nothing that is called.
 */
#ifndef TEASEL_NN_WIDE_H
#define TEASEL_NN_WIDE_H

#if defined(__x86_64__)
#include <immintrin.h>
#define TSL__WIDE_BUILT 1
#define TSL__WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define TSL__WIDE_INLINE                                                                 \
  static inline                                                                          \
      __attribute__((always_inline, target("avx512f,avx512bw,avx512vl,avx512dq")))
#else
#define TSL__WIDE_BUILT 0
#endif

#endif
