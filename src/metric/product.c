#include "metric/product.h"

#include <string.h>

/* Points that are worked on together: two panels of so many fit the first cache. */
enum { POINTS_BLOCK = 256 };

typedef double wide8 __attribute__((vector_size(64), aligned(8), may_alias));
typedef double wide4 __attribute__((vector_size(32), aligned(8), may_alias));

/* ROWS rows of one panel against 8 columns of another, added to out (stride doubles a
 * row): the accumulators stay in registers. */
#define KERNEL(name, vector, lanes, rows)                                                \
  static inline __attribute__((always_inline)) void name(                                \
      const double *a, const double *b, int64_t points, double *out, int64_t stride) {   \
    enum { PARTS = TSL__PANEL / (lanes) };                                               \
    vector sum[rows][PARTS];                                                             \
    for (int r = 0; r < (rows); r++)                                                     \
      for (int p = 0; p < PARTS; p++)                                                    \
        sum[r][p] = *(const vector *)(out + r * stride + p * (lanes));                   \
    for (int64_t k = 0; k < points; k++) {                                               \
      vector column[PARTS];                                                              \
      for (int p = 0; p < PARTS; p++)                                                    \
        column[p] = *(const vector *)(b + k * TSL__PANEL + p * (lanes));                 \
      for (int r = 0; r < (rows); r++)                                                   \
        for (int p = 0; p < PARTS; p++)                                                  \
          sum[r][p] += a[k * TSL__PANEL + r] * column[p];                                \
    }                                                                                    \
    for (int r = 0; r < (rows); r++)                                                     \
      for (int p = 0; p < PARTS; p++)                                                    \
        *(vector *)(out + r * stride + p * (lanes)) = sum[r][p];                         \
  }
KERNEL(kernel_8_rows, wide8, 8, 8)
KERNEL(kernel_4_rows, wide4, 4, 4)

struct operands {
  const double *a;
  const double *b;
  int64_t row_panels, column_panels, points;
  double *out;
};

#define PRODUCT(name, kernel, rows)                                                      \
  static void name(const struct operands *o) {                                           \
    int64_t stride = o->column_panels * TSL__PANEL;                                      \
    for (int64_t begin = 0; begin < o->points; begin += POINTS_BLOCK) {                  \
      int64_t left = o->points - begin;                                                  \
      int64_t count = left < POINTS_BLOCK ? left : POINTS_BLOCK;                         \
      for (int64_t q = 0; q < o->column_panels; q++) {                                   \
        const double *b = o->b + (q * o->points + begin) * TSL__PANEL;                   \
        for (int64_t p = 0; p < o->row_panels; p++) {                                    \
          const double *a = o->a + (p * o->points + begin) * TSL__PANEL;                 \
          double *out = o->out + p * TSL__PANEL * stride + q * TSL__PANEL;               \
          for (int r = 0; r < TSL__PANEL; r += (rows))                                   \
            kernel(a + r, b, count, out + r * stride, stride);                           \
        }                                                                                \
      }                                                                                  \
    }                                                                                    \
  }
#if defined(__x86_64__)
__attribute__((target("avx512f"))) PRODUCT(product_avx512, kernel_8_rows, 8)
    __attribute__((target("avx2"))) PRODUCT(product_avx2, kernel_4_rows, 4)
#endif
        PRODUCT(product_plain, kernel_4_rows, 4)

            void tsl__product(const double *a, int64_t row_panels, const double *b,
                              int64_t column_panels, int64_t points, double *out) {
  struct operands o = {a, b, row_panels, column_panels, points, out};
  memset(out, 0,
         (size_t)(row_panels * column_panels * TSL__PANEL * TSL__PANEL) * sizeof *out);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    product_avx512(&o);
    return;
  }
  if (__builtin_cpu_supports("avx2")) {
    product_avx2(&o);
    return;
  }
#endif
  product_plain(&o);
}
