/* wide.h - what files written for AVX-512 share. On other processors they compile to
 * nothing that is called.
 */
#ifndef TEASEL_NN_WIDE_H
#define TEASEL_NN_WIDE_H

#if defined(__x86_64__)
#include <immintrin.h>
#define TSL__WIDE_BUILT 1
/* AVX512-BF16 is used by name only, where tsl__dnnl_bfloat16() says so. */
#define TSL__WIDE_TARGET target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")
#define TSL__WIDE __attribute__((TSL__WIDE_TARGET))
#define TSL__WIDE_INLINE static inline __attribute__((always_inline, TSL__WIDE_TARGET))
#else
#define TSL__WIDE_BUILT 0
#endif

#endif
