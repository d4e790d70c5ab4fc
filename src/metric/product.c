#include "metric/product.h"

#include <stdbool.h>
#include <string.h>

/* Points that are worked on together: three panels of so many fit the first cache. */
enum { POINTS_BLOCK = 128 };

typedef double wide8 __attribute__((vector_size(64), aligned(8), may_alias));
typedef double wide4 __attribute__((vector_size(32), aligned(8), may_alias));

/* ROWS rows of one panel against the columns of `panels` others, `step` doubles apart,
 * added to out (stride doubles a row): the accumulators stay in registers. */
#define KERNEL(name, vector, lanes, rows, panels)                                        \
  static inline __attribute__((always_inline)) void name(                                \
      const double *a, const double *b, int64_t step, int64_t points, double *out,       \
      int64_t stride) {                                                                  \
    enum { PARTS = TSL__PANEL / (lanes), ALL = PARTS * (panels) };                       \
    vector sum[rows][ALL];                                                               \
    for (int r = 0; r < (rows); r++)                                                     \
      for (int p = 0; p < ALL; p++)                                                      \
        sum[r][p] = *(const vector *)(out + r * stride + p * (lanes));                   \
    for (int64_t k = 0; k < points; k++) {                                               \
      vector column[ALL];                                                                \
      for (int p = 0; p < ALL; p++)                                                      \
        column[p] = *(const vector *)(b + p / PARTS * step + k * TSL__PANEL +            \
                                      p % PARTS * (lanes));                              \
      for (int r = 0; r < (rows); r++)                                                   \
        for (int p = 0; p < ALL; p++)                                                    \
          sum[r][p] += a[k * TSL__PANEL + r] * column[p];                                \
    }                                                                                    \
    for (int r = 0; r < (rows); r++)                                                     \
      for (int p = 0; p < ALL; p++)                                                      \
        *(vector *)(out + r * stride + p * (lanes)) = sum[r][p];                         \
  }
KERNEL(kernel_8_by_16, wide8, 8, 8, 2)
KERNEL(kernel_8_by_8, wide8, 8, 8, 1)
KERNEL(kernel_4_by_8, wide4, 4, 4, 1)

struct operands {
  const double *a;
  const double *b;
  int64_t row_panels, column_panels, points;
  double *out;
};

/* two, one: against so many panels of columns, `rows` rows at once. */
#define PRODUCT(name, two, one, rows, panels)                                            \
  static void name(const struct operands *o) {                                           \
    const int64_t stride = o->column_panels * TSL__PANEL;                                \
    const int64_t step = o->points * TSL__PANEL;                                         \
    for (int64_t begin = 0; begin < o->points; begin += POINTS_BLOCK) {                  \
      int64_t left = o->points - begin;                                                  \
      int64_t count = left < POINTS_BLOCK ? left : POINTS_BLOCK;                         \
      for (int64_t q = 0; q < o->column_panels;) {                                       \
        const double *b = o->b + q * step + begin * TSL__PANEL;                          \
        const bool both = (panels) == 2 && q + 2 <= o->column_panels;                    \
        for (int64_t p = 0; p < o->row_panels; p++) {                                    \
          const double *a = o->a + p * step + begin * TSL__PANEL;                        \
          double *out = o->out + p * TSL__PANEL * stride + q * TSL__PANEL;               \
          for (int r = 0; r < TSL__PANEL; r += (rows)) {                                 \
            if (both)                                                                    \
              two(a + r, b, step, count, out + r * stride, stride);                      \
            else                                                                         \
              one(a + r, b, step, count, out + r * stride, stride);                      \
          }                                                                              \
        }                                                                                \
        q += both ? 2 : 1;                                                               \
      }                                                                                  \
    }                                                                                    \
  }
#if defined(__x86_64__)
__attribute__((target("avx512f")))
PRODUCT(product_avx512, kernel_8_by_16, kernel_8_by_8, 8, 2)
    __attribute__((target("avx2")))
    PRODUCT(product_avx2, kernel_4_by_8, kernel_4_by_8, 4, 1)
#endif
        PRODUCT(product_plain, kernel_4_by_8, kernel_4_by_8, 4, 1)

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
