/* digest.h - 128-bit digests (XXH3 of libxxhash), for data, options and checkpoints. Not
 * cryptographic: they find accidents, not adversaries. */
#ifndef TEASEL_DIGEST_H
#define TEASEL_DIGEST_H

#include <stddef.h>

struct tsl_digest {
  unsigned char bytes[16];
};

struct tsl_digester; /* for data that come in pieces */

struct tsl_digest tsl_digest_bytes(const void *bytes, size_t count);
struct tsl_digester *tsl_digester_create(void); /* NULL when out of memory */
void tsl_digester_add(struct tsl_digester *digester, const void *bytes, size_t count);
struct tsl_digest tsl_digester_value(const struct tsl_digester *digester);
void tsl_digester_free(struct tsl_digester *digester);

/* Local. 32 lower-case hex digits and a terminator. */
void tsl_digest_print(const struct tsl_digest *digest, char out[33]);

#endif
