/* The format is NumPy's NEP 1: "\x93NUMPY", two bytes of version, the length of the
 * header (2 bytes in version 1, 4 later, little endian), a Python dictionary as text with
 * descr, fortran_order and shape, then the numbers. */
#include "dataset/npy_file.h"

#include "base/regular.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_MAX = 65536 };

static enum tsl_status read_at(const struct tsl__npy *npy, void *out, size_t count,
                               int64_t at, struct tsl_error *err) {
  unsigned char *to = out;
  while (count > 0) {
    ssize_t got = pread(npy->fd, to, count, (off_t)at);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return tsl_error_set(err, TSL_IO, npy->path, "cannot be read: %s", strerror(errno));
    if (got == 0)
      return tsl_error_set(err, TSL_FORMAT, npy->path,
                           "the file is cut off: %zu bytes are missing", count);
    to += got;
    at += got;
    count -= (size_t)got;
  }
  return TSL_OK;
}

/* What stands behind 'key': of the dictionary; NULL when it is not there. */
static const char *value_of(const char *header, const char *key) {
  char quoted[32];
  snprintf(quoted, sizeof quoted, "'%s'", key);
  const char *at = strstr(header, quoted);
  if (at == NULL)
    return NULL;
  at += strlen(quoted);
  at += strspn(at, " ");
  if (*at != ':')
    return NULL;
  at++;
  return at + strspn(at, " ");
}

/* Characters of the dictionary's value at `value`: a quoted text, a list or a word. */
static int value_length(const char *value) {
  const bool text = *value == '\'', list = *value == '[';
  size_t length = strcspn(value, ",}");
  if (text || list)
    length = 1 + strcspn(value + 1, text ? "'\n" : "]\n");
  if ((text || list) && value[length] == (text ? '\'' : ']'))
    length++;
  return (int)length;
}

static enum tsl_status parse_descr(struct tsl__npy *npy, const char *descr,
                                   struct tsl_error *err) {
  char order = '\0', kind = '\0', end = '\0';
  int bytes = 0;
  bool known = descr != NULL &&
               sscanf(descr, "'%c%c%1d%c", &order, &kind, &bytes, &end) == 4 &&
               end == '\'' && (order == '<' || order == '|' || order == '>') &&
               (kind == 'u' || kind == 'i' || kind == 'f') &&
               (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) &&
               !(kind == 'f' && bytes < 4);
  if (!known)
    return tsl_error_set(err, TSL_FORMAT, npy->path,
                         "numbers of the type %.*s are not read; save them as uint8, "
                         "float32, float64 or int64",
                         descr != NULL ? value_length(descr) : 1,
                         descr != NULL ? descr : "?");
  if (order == '>' && bytes > 1)
    return tsl_error_set(err, TSL_FORMAT, npy->path,
                         "numbers with the large end first are not read; save them "
                         "with .astype('<%c%d')",
                         kind, bytes);
  npy->kind = kind;
  npy->item_bytes = bytes;
  npy->array.type = kind == 'f'                 ? TSL_ARRAY_F32
                    : kind == 'u' && bytes == 1 ? TSL_ARRAY_U8
                                                : TSL_ARRAY_I64;
  return TSL_OK;
}

static enum tsl_status parse_shape(struct tsl__npy *npy, const char *shape,
                                   struct tsl_error *err) {
  if (shape == NULL || *shape != '(')
    return tsl_error_set(err, TSL_FORMAT, npy->path, "the header gives no shape");
  int64_t numbers = 1;
  for (const char *at = shape + 1; *(at += strspn(at, " ,")) != ')';) {
    char *end = NULL;
    errno = 0;
    long long value = strtoll(at, &end, 10);
    if (end == at || errno != 0 || value < 0 || npy->array.rank == TSL_ARRAY_RANK_MAX ||
        (value > 0 && numbers > ((int64_t)1 << 55) / value))
      return tsl_error_set(err, TSL_FORMAT, npy->path, "the header's shape is broken");
    npy->array.dims[npy->array.rank++] = value;
    numbers *= value;
    at = end;
  }
  return TSL_OK;
}

static enum tsl_status parse_header(struct tsl__npy *npy, const char *header,
                                    struct tsl_error *err) {
  const char *order = value_of(header, "fortran_order");
  if (order == NULL)
    return tsl_error_set(err, TSL_FORMAT, npy->path, "the header gives no order");
  if (strncmp(order, "False", 5) != 0)
    return tsl_error_set(err, TSL_FORMAT, npy->path,
                         "the array is kept in Fortran's order; save it with "
                         "numpy.ascontiguousarray");
  TSL_TRY(parse_descr(npy, value_of(header, "descr"), err));
  return parse_shape(npy, value_of(header, "shape"), err);
}

static enum tsl_status check_size(const struct tsl__npy *npy, struct tsl_error *err) {
  struct stat facts;
  if (fstat(npy->fd, &facts) != 0)
    return tsl_error_set(err, TSL_IO, npy->path, "cannot be read: %s", strerror(errno));
  int64_t promised = tsl_array_count(&npy->array) * npy->item_bytes;
  int64_t there = (int64_t)facts.st_size - npy->data_at;
  if (there != promised)
    return tsl_error_set(err, TSL_FORMAT, npy->path,
                         "the header promises %lld bytes of numbers, but there are %lld; "
                         "the file is %s",
                         (long long)promised, (long long)there,
                         there < promised ? "cut off" : "damaged");
  return TSL_OK;
}

static enum tsl_status read_header(struct tsl__npy *npy, struct tsl_error *err) {
  unsigned char head[12];
  TSL_TRY(read_at(npy, head, 10, 0, err));
  if (memcmp(head, "\x93NUMPY", 6) != 0)
    return tsl_error_set(err, TSL_FORMAT, npy->path,
                         "not an NPY file (numpy.save writes such)");
  if (head[6] < 1 || head[6] > 3)
    return tsl_error_set(err, TSL_FORMAT, npy->path,
                         "version %d of the NPY format is not known", head[6]);
  size_t length = (size_t)head[8] | (size_t)head[9] << 8;
  npy->data_at = 10;
  if (head[6] > 1) {
    TSL_TRY(read_at(npy, head + 10, 2, 10, err));
    length |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
    npy->data_at = 12;
  }
  if (length > HEADER_MAX)
    return tsl_error_set(err, TSL_FORMAT, npy->path, "a header of %zu bytes", length);
  char *header = calloc(length + 1, 1);
  if (header == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  enum tsl_status status = read_at(npy, header, length, npy->data_at, err);
  npy->data_at += (int64_t)length;
  if (status == TSL_OK)
    status = parse_header(npy, header, err);
  free(header);
  return status == TSL_OK ? check_size(npy, err) : status;
}

enum tsl_status tsl__npy_open(const char *path, struct tsl__npy *npy,
                              struct tsl_error *err) {
  *npy = (struct tsl__npy){.path = path, .fd = tsl__regular_open(path)};
  if (npy->fd < 0)
    return tsl__regular_error(err, path, errno);
  enum tsl_status status = read_header(npy, err);
  if (status != TSL_OK)
    tsl__npy_close(npy);
  return status;
}

void tsl__npy_close(struct tsl__npy *npy) {
  if (npy->fd >= 0)
    close(npy->fd);
  npy->fd = -1;
}

/* ---- numbers ---- */

/* One number as a double and, for whole numbers, as an integer. */
static void number_at(const struct tsl__npy *npy, const unsigned char *bytes,
                      double *real, int64_t *whole) {
  uint64_t bits = 0;
  for (int i = npy->item_bytes - 1; i >= 0; i--)
    bits = bits << 8 | bytes[i];
  if (npy->kind == 'f' && npy->item_bytes == 4) {
    uint32_t narrow = (uint32_t)bits;
    float value;
    memcpy(&value, &narrow, sizeof value);
    *real = (double)value;
  } else if (npy->kind == 'f') {
    memcpy(real, &bits, sizeof *real);
  } else {
    int unused = 64 - 8 * npy->item_bytes;
    /* Moved up and down again, which spreads the sign. */
    *whole = npy->kind == 'i' ? (int64_t)(bits << unused) >> unused : (int64_t)bits;
    *real = npy->kind == 'i' ? (double)*whole : (double)bits;
  }
}

enum tsl_status tsl__npy_read(const struct tsl__npy *npy, int64_t begin, int64_t count,
                              enum tsl_array_type type, void *out,
                              struct tsl_error *err) {
  enum { PIECE = 8192 };
  unsigned char bytes[PIECE * 8];
  size_t item = (size_t)npy->item_bytes;
  if (type == TSL_ARRAY_U8 || (type == TSL_ARRAY_F32 && npy->kind == 'f' && item == 4))
    return read_at(npy, out, (size_t)count * item, npy->data_at + begin * (int64_t)item,
                   err);
  for (int64_t done = 0; done < count; done += PIECE) {
    int64_t left = count - done < PIECE ? count - done : PIECE;
    TSL_TRY(read_at(npy, bytes, (size_t)left * item,
                    npy->data_at + (begin + done) * (int64_t)item, err));
    for (int64_t i = 0; i < left; i++) {
      double real = 0;
      int64_t whole = 0;
      number_at(npy, bytes + (size_t)i * item, &real, &whole);
      if (type == TSL_ARRAY_F32)
        ((float *)out)[done + i] = (float)real;
      else
        ((int64_t *)out)[done + i] = whole;
    }
  }
  return TSL_OK;
}
