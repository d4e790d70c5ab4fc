/* text.h - growing text, and the few things everybody does with words and numbers. */
#ifndef TEASEL_TEXT_H
#define TEASEL_TEXT_H

#include "teasel/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing string. bytes is always terminated once something was added; NULL before. A
 * failed allocation sets `failed` and further calls do nothing, so that only the end
 * needs a check. */
struct tsl_text {
  char *bytes;
  size_t length;
  size_t capacity;
  bool failed;
  bool lent; /* bytes are the caller's */
};

void tsl_text_init(struct tsl_text *text);
/* Begins in the caller's buffer, and allocates only what does not fit there. */
void tsl_text_init_in(struct tsl_text *text, char *buffer, size_t capacity);
void tsl_text_release(struct tsl_text *text);
void tsl_text_clear(struct tsl_text *text); /* length 0, memory kept */
void tsl_text_add(struct tsl_text *text, const char *string);
void tsl_text_add_bytes(struct tsl_text *text, const void *bytes, size_t count);
void tsl_text_format(struct tsl_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The shortest decimal that reads back as the same double ("0.1", "1e-04" is written
 * 0.0001). */
void tsl_text_add_number(struct tsl_text *text, double value);
void tsl_text_add_html(struct tsl_text *text, const char *string); /* escapes & < > " ' */
void tsl_text_add_json(struct tsl_text *text, const char *string); /* with the quotes */
void tsl_text_add_json_number(struct tsl_text *text,
                              double value); /* null when not finite */
void tsl_text_add_csv(struct tsl_text *text, const char *string); /* quoted when needed */
/* For a terminal: what would move its cursor, turn its lines round or be invisible, as
 * \x1b or \u202e, and so are bytes that are no UTF-8. lines: '\n' stays. */
void tsl_text_add_visible(struct tsl_text *text, const char *string, bool lines);
void tsl_text_add_base64(struct tsl_text *text, const void *bytes, size_t count);
/* Compressed by zlib, in its own format (RFC 1950: what browsers call "deflate"). */
void tsl_text_add_deflated(struct tsl_text *text, const void *bytes, size_t count);

/* Local. The shortest decimal into a buffer of at least 32 bytes; returns the buffer. */
char *tsl_number_print(char *buffer, double value);

/* Local. Number of single-character edits between two words (Levenshtein with
 * transpositions). */
int tsl_text_distance(const char *a, const char *b);
/* Local. The word of `words` nearest to `word`, NULL when none is close enough to be
 * meant. */
const char *tsl_text_nearest(const char *word, const char *const *words, size_t count);

#endif
