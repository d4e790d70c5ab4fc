#include "teasel/digest.h"

#include <xxhash.h>

static struct tsl_digest canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  struct tsl_digest digest;
  for (size_t i = 0; i < sizeof digest.bytes; i++)
    digest.bytes[i] = bytes.digest[i];
  return digest;
}

struct tsl_digest tsl_digest_bytes(const void *bytes, size_t count) {
  return canonical(XXH3_128bits(bytes, count));
}

struct tsl_digester *tsl_digester_create(void) {
  XXH3_state_t *state = XXH3_createState();
  if (state != NULL)
    XXH3_128bits_reset(state);
  return (struct tsl_digester *)state;
}

void tsl_digester_add(struct tsl_digester *digester, const void *bytes, size_t count) {
  XXH3_128bits_update((XXH3_state_t *)digester, bytes, count);
}

struct tsl_digest tsl_digester_value(const struct tsl_digester *digester) {
  return canonical(XXH3_128bits_digest((const XXH3_state_t *)digester));
}

void tsl_digester_free(struct tsl_digester *digester) {
  XXH3_freeState((XXH3_state_t *)digester);
}

void tsl_digest_print(const struct tsl_digest *digest, char out[33]) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < sizeof digest->bytes; i++) {
    out[2 * i] = digits[digest->bytes[i] >> 4];
    out[2 * i + 1] = digits[digest->bytes[i] & 15];
  }
  out[2 * sizeof digest->bytes] = '\0';
}
