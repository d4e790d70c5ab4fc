#include "teasel/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void tsl_text_init(struct tsl_text *text) {
  *text = (struct tsl_text){0};
}

void tsl_text_init_in(struct tsl_text *text, char *buffer, size_t capacity) {
  *text = (struct tsl_text){.bytes = buffer, .capacity = capacity, .lent = true};
  if (capacity > 0)
    buffer[0] = '\0';
}

void tsl_text_release(struct tsl_text *text) {
  if (!text->lent)
    free(text->bytes);
  *text = (struct tsl_text){0};
}

void tsl_text_clear(struct tsl_text *text) {
  text->length = 0;
  if (text->bytes != NULL)
    text->bytes[0] = '\0';
}

/* Room for `extra` more bytes and the terminator. */
static bool reserve(struct tsl_text *text, size_t extra) {
  if (text->failed)
    return false;
  size_t needed = text->length + extra + 1;
  if (needed <= text->capacity)
    return true;
  size_t capacity = text->capacity < 256 ? 256 : text->capacity;
  while (capacity < needed)
    capacity *= 2;
  char *bytes = realloc(text->lent ? NULL : text->bytes, capacity);
  if (bytes == NULL) {
    text->failed = true;
    return false;
  }
  if (text->lent)
    memcpy(bytes, text->bytes, text->length);
  text->lent = false;
  text->bytes = bytes;
  text->capacity = capacity;
  return true;
}

void tsl_text_add_bytes(struct tsl_text *text, const void *bytes, size_t count) {
  if (!reserve(text, count))
    return;
  if (count > 0)
    memcpy(text->bytes + text->length, bytes, count);
  text->length += count;
  text->bytes[text->length] = '\0';
}

void tsl_text_add(struct tsl_text *text, const char *string) {
  tsl_text_add_bytes(text, string, strlen(string));
}

void tsl_text_format(struct tsl_text *text, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int count = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (count >= 0 && reserve(text, (size_t)count)) {
    vsnprintf(text->bytes + text->length, (size_t)count + 1, format, again);
    text->length += (size_t)count;
  }
  va_end(again);
}

/* Prints so many digits; whether they are read back as the number. */
static bool is_exact(char *buffer, double value, int digits) {
  snprintf(buffer, 32, "%.*g", digits, value);
  return isnan(value) || strtod(buffer, NULL) == value;
}

char *tsl_number_print(char *buffer, double value) {
  if (fabs(value) < 1e15 && value == floor(value)) {
    snprintf(buffer, 32, "%.0f", value);
    return buffer;
  }
  /* What is read back right from some digits is so from more: results of computations
   * need 16 or 17, what people wrote needs few. */
  const int many = 16, most = 17;
  int digits = is_exact(buffer, value, many - 1) ? 1 : many;
  while (digits < most && !is_exact(buffer, value, digits))
    digits++;
  if (digits == most)
    (void)is_exact(buffer, value, most);
  return buffer;
}

void tsl_text_add_number(struct tsl_text *text, double value) {
  char buffer[32];
  tsl_text_add(text, tsl_number_print(buffer, value));
}

/* The character that begins at s, in UTF-8 of the shortest form, and its bytes; 0: none.
 */
static size_t decode(const unsigned char *s, unsigned *character) {
  static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  const size_t count = s[0] < 0x80                    ? 1
                       : s[0] >= 0xc2 && s[0] <= 0xdf ? 2
                       : (s[0] & 0xf0) == 0xe0        ? 3
                       : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                      : 0;
  unsigned value = count < 2 ? s[0] : s[0] & (0x7fu >> count);
  for (size_t i = 1; i < count; i++) {
    if ((s[i] & 0xc0) != 0x80)
      return 0;
    value = value << 6 | (s[i] & 0x3f);
  }
  *character = value;
  const bool is_surrogate = (value & ~0x7ffu) == 0xd800;
  return value < least[count] || is_surrogate || value > 0x10ffff ? 0 : count;
}

/* Control characters (C0, DEL, C1), marks of direction, and what has no width. */
static bool is_visible(unsigned c) {
  return c >= 0x20 && (c < 0x7f || c > 0x9f) && c != 0x61c &&
         (c < 0x200b || c > 0x200f) && (c < 0x2028 || c > 0x202e) &&
         (c < 0x2060 || c > 0x206f) && c != 0xfeff;
}

void tsl_text_add_visible(struct tsl_text *text, const char *string, bool lines) {
  for (const unsigned char *s = (const unsigned char *)string; *s != '\0';) {
    unsigned character = 0;
    size_t count = decode(s, &character);
    if (count == 0)
      tsl_text_format(text, "\\x%02x", *s);
    else if (character == '\n' && !lines)
      tsl_text_add(text, "\\n");
    else if (is_visible(character) || character == '\n' || character == '\t')
      tsl_text_add_bytes(text, s, count);
    else
      tsl_text_format(text, character < 0x80 ? "\\x%02x" : "\\u%04x", character);
    s += count > 0 ? count : 1;
  }
}

void tsl_text_add_html(struct tsl_text *text, const char *string) {
  for (const char *c = string; *c != '\0'; c++) {
    switch (*c) {
    case '&':
      tsl_text_add(text, "&amp;");
      break;
    case '<':
      tsl_text_add(text, "&lt;");
      break;
    case '>':
      tsl_text_add(text, "&gt;");
      break;
    case '"':
      tsl_text_add(text, "&quot;");
      break;
    case '\'':
      tsl_text_add(text, "&#39;");
      break;
    default:
      tsl_text_add_bytes(text, c, 1);
    }
  }
}

void tsl_text_add_json(struct tsl_text *text, const char *string) {
  tsl_text_add(text, "\"");
  for (const unsigned char *c = (const unsigned char *)string; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\')
      tsl_text_format(text, "\\%c", *c);
    else if (*c < 0x20 ||
             *c == '<') /* '<' so that JSON can stand inside a script element */
      tsl_text_format(text, "\\u%04x", *c);
    else
      tsl_text_add_bytes(text, c, 1);
  }
  tsl_text_add(text, "\"");
}

void tsl_text_add_json_number(struct tsl_text *text, double value) {
  if (isfinite(value))
    tsl_text_add_number(text, value);
  else
    tsl_text_add(text, "null");
}

void tsl_text_add_csv(struct tsl_text *text, const char *string) {
  if (strpbrk(string, ",\"\n\r") == NULL) {
    tsl_text_add(text, string);
    return;
  }
  tsl_text_add(text, "\"");
  for (const char *c = string; *c != '\0'; c++) {
    if (*c == '"')
      tsl_text_add(text, "\"");
    tsl_text_add_bytes(text, c, 1);
  }
  tsl_text_add(text, "\"");
}

void tsl_text_add_base64(struct tsl_text *text, const void *bytes, size_t count) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *in = bytes;
  if (!reserve(text, (count + 2) / 3 * 4))
    return;
  char *out = text->bytes + text->length;
  for (size_t i = 0; i < count; i += 3) {
    size_t left = count - i;
    unsigned word = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0u) |
                    (left > 2 ? (unsigned)in[i + 2] : 0u);
    *out++ = digits[word >> 18 & 63];
    *out++ = digits[word >> 12 & 63];
    *out++ = left > 1 ? digits[word >> 6 & 63] : '=';
    *out++ = left > 2 ? digits[word & 63] : '=';
  }
  *out = '\0';
  text->length = (size_t)(out - text->bytes);
}

/* Tables of numbers are mostly distinct from their neighbours: zlib's strategy for such
 * takes a twentieth less. */
void tsl_text_add_deflated(struct tsl_text *text, const void *bytes, size_t count) {
  z_stream stream = {0};
  if (count > UINT32_MAX / 2 ||
      deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15, 9, Z_FILTERED) != Z_OK) {
    text->failed = true;
    return;
  }
  uLong most = deflateBound(&stream, (uLong)count);
  if (reserve(text, most)) {
    stream.next_in = (z_const Bytef *)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = (Bytef *)text->bytes + text->length;
    stream.avail_out = (uInt)most;
    text->failed = deflate(&stream, Z_FINISH) != Z_STREAM_END;
    text->length += stream.total_out;
    text->bytes[text->length] = '\0';
  }
  deflateEnd(&stream);
}

static int least(int a, int b) {
  return a < b ? a : b;
}

int tsl_text_distance(const char *a, const char *b) {
  enum { LONGEST = 63 };
  int rows = (int)strlen(a), columns = (int)strlen(b);
  if (rows > LONGEST || columns > LONGEST)
    return rows > columns ? rows : columns;
  int table[LONGEST + 1][LONGEST + 1];
  for (int i = 0; i <= rows; i++)
    table[i][0] = i;
  for (int j = 0; j <= columns; j++)
    table[0][j] = j;
  for (int i = 1; i <= rows; i++) {
    for (int j = 1; j <= columns; j++) {
      int best = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      best = least(best, least(table[i - 1][j], table[i][j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = least(best, table[i - 2][j - 2] + 1);
      table[i][j] = best;
    }
  }
  return table[rows][columns];
}

const char *tsl_text_nearest(const char *word, const char *const *words, size_t count) {
  const char *best = NULL;
  int best_distance =
      1 + (int)strlen(word) / 3; /* more edits than that: not what was meant */
  for (size_t i = 0; i < count; i++) {
    int distance = tsl_text_distance(word, words[i]);
    if (distance < best_distance || (best == NULL && distance == best_distance)) {
      best = words[i];
      best_distance = distance;
    }
  }
  return best;
}
