/* start.c - one thread a rank, the instruction set, and what the kernels are. */
#include "nn/dnnl.h"
#include "teasel/nn.h"

#include <stdio.h>

/* Of OpenMP's runtime, which oneDNN uses; its header is the compiler's own and missing
 * where another compiler only checks. */
void omp_set_num_threads(int threads);

enum tsl_status tsl_nn_start(const char *isa, struct tsl_error *err) {
  omp_set_num_threads(1);
  if (isa == NULL || isa[0] == '\0')
    return TSL_OK;
  return tsl__dnnl_cap(isa, err);
}

enum tsl_status tsl_nn_precision_check(enum tsl_precision precision,
                                       struct tsl_error *err) {
  if (precision == TSL_PRECISION_FLOAT32 || tsl__dnnl_bfloat16())
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, "train.precision",
                       "bfloat16 needs AVX512-BF16, but the instruction set is %s (the "
                       "processor's, or what schedule.isa allows): use float32",
                       tsl__dnnl_isa());
}

/* Of the kernels in this folder: counts up when their bits change. */
enum { OWN_KERNELS = 5 };

const char *tsl_nn_kernel_set(void) {
  static char words[96]; /* the same whenever it is asked */
  char version[32];
  tsl__dnnl_version(version, sizeof version);
  snprintf(words, sizeof words, "%s %s, teasel kernels %d", version, tsl__dnnl_isa(),
           OWN_KERNELS);
  return words;
}
