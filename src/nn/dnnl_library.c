/* dnnl_library.c - oneDNN itself: version, instruction sets. */
#include "nn/dnnl.h"

#include <stdio.h>
#include <string.h>

int64_t tsl__dnnl_block(void) {
  switch (dnnl_get_effective_cpu_isa()) {
  case dnnl_cpu_isa_sse41:
  case dnnl_cpu_isa_avx:
    return 0;
  case dnnl_cpu_isa_avx2:
  case dnnl_cpu_isa_avx2_vnni:
    return 8;
  default:
    return 16;
  }
}

bool tsl__dnnl_bfloat16(void) {
  switch (dnnl_get_effective_cpu_isa()) {
  case dnnl_cpu_isa_avx512_core_bf16:
  case dnnl_cpu_isa_avx512_core_amx:
    return true;
  default:
    return false;
  }
}

static const struct {
  const char *name;
  dnnl_cpu_isa_t isa;
} isas[] = {
    {"sse41", dnnl_cpu_isa_sse41},
    {"avx", dnnl_cpu_isa_avx},
    {"avx2", dnnl_cpu_isa_avx2},
    {"avx2_vnni", dnnl_cpu_isa_avx2_vnni},
    {"avx512_core", dnnl_cpu_isa_avx512_core},
    {"avx512_core_vnni", dnnl_cpu_isa_avx512_core_vnni},
    {"avx512_core_bf16", dnnl_cpu_isa_avx512_core_bf16},
    {"avx512_core_amx", dnnl_cpu_isa_avx512_core_amx},
};
enum { ISA_COUNT = sizeof isas / sizeof isas[0] };

static enum tsl_status cap(dnnl_cpu_isa_t isa, struct tsl_error *err) {
  if (dnnl_set_max_cpu_isa(isa) == dnnl_success)
    return TSL_OK;
  return tsl_error_set(
      err, TSL_LIBRARY, "schedule.isa",
      "oneDNN's instruction set can only be capped before its first use");
}

enum tsl_status tsl__dnnl_cap(const char *isa, struct tsl_error *err) {
  for (int i = 0; i < ISA_COUNT; i++) {
    if (strcmp(isa, isas[i].name) == 0)
      return cap(isas[i].isa, err);
  }
  return tsl_error_set(
      err, TSL_BAD_INPUT, "schedule.isa",
      "unknown instruction set '%s'; known: sse41, avx, avx2, avx2_vnni, "
      "avx512_core, avx512_core_vnni, avx512_core_bf16, avx512_core_amx",
      isa);
}

const char *tsl__dnnl_isa(void) {
  dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  for (int i = 0; i < ISA_COUNT; i++) {
    if (isas[i].isa == isa)
      return isas[i].name;
  }
  return "generic";
}

void tsl__dnnl_version(char *out, size_t bytes) {
  const dnnl_version_t *version = dnnl_version();
  snprintf(out, bytes, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
}
