/* MAT-File Level 5 (MathWorks, "MAT-File Format"): 128 bytes of header, then elements,
 * each a tag of two 32-bit numbers (type, bytes) and its data. An array is an element of
 * type 14 that holds others: flags, dimensions, name, values. Type 15 is a zlib stream of
 * such an element. */
#include "dataset/mat_file.h"

#include "base/regular.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { TYPE_I8 = 1, TYPE_I32 = 5, TYPE_U32 = 6, TYPE_ARRAY = 14, TYPE_PACKED = 15 };
enum { CLASS_FIRST = 6, CLASS_LAST = 15, FLAG_COMPLEX = 0x08 };
enum { BUFFER = 1 << 16, SMALL = 4 };

/* One element of the file, read through zlib when packed. */
struct source {
  const char *path;
  FILE *file;
  int64_t left; /* bytes of the element in the file that are not read yet */
  bool packed;
  z_stream stream;
  unsigned char buffer[BUFFER];
};

static enum tsl_status broken(const struct source *source, const char *what,
                              struct tsl_error *err) {
  return tsl_error_set(err, TSL_FORMAT, source->path,
                       "%s; the file is damaged or cut off", what);
}

static enum tsl_status read_file(struct source *source, void *out, size_t count,
                                 struct tsl_error *err) {
  if ((int64_t)count > source->left)
    return broken(source, "an array ends before its values do", err);
  if (fread(out, 1, count, source->file) != count) {
    if (ferror(source->file))
      return tsl_error_set(err, TSL_IO, source->path, "reading failed: %s",
                           strerror(errno));
    return broken(source, "the file ends inside an array", err);
  }
  source->left -= (int64_t)count;
  return TSL_OK;
}

/* More packed bytes for zlib when it has none. */
static enum tsl_status refill(struct source *source, struct tsl_error *err) {
  if (source->stream.avail_in > 0 || source->left == 0)
    return TSL_OK;
  size_t piece = source->left < BUFFER ? (size_t)source->left : BUFFER;
  TSL_TRY(read_file(source, source->buffer, piece, err));
  source->stream.next_in = source->buffer;
  source->stream.avail_in = (unsigned)piece;
  return TSL_OK;
}

static enum tsl_status read_bytes(struct source *source, void *out, size_t count,
                                  struct tsl_error *err) {
  if (!source->packed)
    return read_file(source, out, count, err);
  source->stream.next_out = out;
  source->stream.avail_out = (unsigned)count;
  while (source->stream.avail_out > 0) {
    TSL_TRY(refill(source, err));
    int code = inflate(&source->stream, Z_NO_FLUSH);
    if (code == Z_STREAM_END && source->stream.avail_out == 0)
      break;
    if (code != Z_OK)
      return broken(source, "a compressed array cannot be unpacked", err);
  }
  return TSL_OK;
}

static enum tsl_status skip_bytes(struct source *source, int64_t count,
                                  struct tsl_error *err) {
  static const size_t most = BUFFER;
  unsigned char *scratch = malloc(most);
  enum tsl_status status =
      scratch != NULL ? TSL_OK : tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  while (status == TSL_OK && count > 0) {
    size_t piece = count < (int64_t)most ? (size_t)count : most;
    status = read_bytes(source, scratch, piece, err);
    count -= (int64_t)piece;
  }
  free(scratch);
  return status;
}

/* The stream must end where its array does: there zlib keeps its check sum. */
static enum tsl_status end_packed(struct source *source, struct tsl_error *err) {
  unsigned char more;
  source->stream.next_out = &more;
  source->stream.avail_out = 1;
  int code = Z_OK;
  while (code == Z_OK && source->stream.avail_out == 1) {
    TSL_TRY(refill(source, err));
    code = inflate(&source->stream, Z_NO_FLUSH);
  }
  if (source->stream.avail_out == 0)
    return broken(source, "a compressed array holds more than it says", err);
  if (code != Z_STREAM_END || source->left > 0 || source->stream.avail_in > 0)
    return broken(source, "a compressed array does not end as its check sum wants", err);
  return TSL_OK;
}

/* ---- an array's parts ---- */

/* A part's tag; up to four bytes of data may lie in the tag itself: *small. */
struct tag {
  int type;
  int64_t bytes;
  bool small;
  unsigned char data[SMALL];
};

static uint32_t little_endian(const unsigned char *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
         (uint32_t)bytes[3] << 24;
}

static enum tsl_status read_tag(struct source *source, struct tag *tag,
                                struct tsl_error *err) {
  unsigned char bytes[8] = {0};
  TSL_TRY(read_bytes(source, bytes, sizeof bytes, err));
  uint32_t first = little_endian(bytes);
  tag->small = first >> 16 != 0;
  tag->type = (int)(first & 0xffff);
  tag->bytes = tag->small ? first >> 16 : little_endian(bytes + 4);
  memcpy(tag->data, bytes + 4, SMALL);
  if ((!tag->small && first > 0xffff) || (tag->small && tag->bytes > SMALL))
    return broken(source, "an array's part has a broken tag", err);
  return TSL_OK;
}

/* A part of at most `most` bytes with its padding to 8; *count: bytes read. */
static enum tsl_status read_part(struct source *source, int type, unsigned char *out,
                                 size_t most, size_t *count, struct tsl_error *err) {
  struct tag tag;
  unsigned char padding[8];
  TSL_TRY(read_tag(source, &tag, err));
  if (tag.type != type || tag.bytes > (int64_t)most)
    return broken(source, "an array's description is not as it must be", err);
  *count = (size_t)tag.bytes;
  if (tag.small) {
    memcpy(out, tag.data, *count);
    return TSL_OK;
  }
  TSL_TRY(read_bytes(source, out, *count, err));
  return read_bytes(source, padding, (8 - *count % 8) % 8, err);
}

/* Bytes a value of a storage type; 0: no type of numbers. */
static int64_t value_bytes(int type) {
  static const signed char bytes[] = {0, 1, 1, 2, 2, 4, 4, 4, 0, 8, 0, 0, 8, 8};
  return type >= 0 && type < (int)sizeof bytes ? bytes[type] : 0;
}

static enum tsl_status read_dims(struct source *source, struct tsl__mat_array *array,
                                 struct tsl_error *err) {
  unsigned char bytes[4 * TSL__MAT_RANK_MAX] = {0};
  size_t count = 0;
  TSL_TRY(read_part(source, TYPE_I32, bytes, sizeof bytes, &count, err));
  if (count < 8 || count % 4 != 0)
    return broken(source, "an array's dimensions are not as they must be", err);
  array->rank = (int)(count / 4);
  array->count = 1;
  for (int i = 0; i < array->rank; i++) {
    array->dims[i] = little_endian(bytes + 4 * i);
    if (array->dims[i] < 1 || array->dims[i] > INT32_MAX / array->count)
      return tsl_error_set(err, TSL_FORMAT, source->path,
                           "an array's dimension %d is %lld", i,
                           (long long)array->dims[i]);
    array->count *= array->dims[i];
  }
  return TSL_OK;
}

static enum tsl_status read_name(struct source *source, struct tsl__mat_array *array,
                                 struct tsl_error *err) {
  unsigned char name[TSL__MAT_NAME_MAX] = {0};
  size_t count = 0;
  TSL_TRY(read_part(source, TYPE_I8, name, sizeof name - 1, &count, err));
  for (size_t i = 0; i < count; i++) {
    bool letter =
        (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z');
    if (!letter && (i == 0 || (name[i] != '_' && (name[i] < '0' || name[i] > '9'))))
      return broken(source, "an array's name is none", err);
  }
  if (count == 0)
    return broken(source, "an array has no name", err);
  memcpy(array->name, name, sizeof array->name);
  return TSL_OK;
}

static enum tsl_status read_values(struct source *source, struct tsl__mat_array *array,
                                   struct tsl_error *err) {
  struct tag tag;
  TSL_TRY(read_tag(source, &tag, err));
  int64_t width = value_bytes(tag.type);
  array->storage = tag.type;
  if (width == 0 || tag.bytes != width * array->count)
    return tsl_error_set(err, TSL_FORMAT, source->path,
                         "array %s has %lld bytes of type %d for %lld values; the file "
                         "is damaged or cut off",
                         array->name, (long long)tag.bytes, tag.type,
                         (long long)array->count);
  if (tag.small)
    return TSL_OK;
  return skip_bytes(source, tag.bytes + (8 - tag.bytes % 8) % 8, err);
}

static enum tsl_status read_array(struct source *source, struct tsl__mat_array *array,
                                  struct tsl_error *err) {
  unsigned char flags[8] = {0};
  size_t count = 0;
  TSL_TRY(read_part(source, TYPE_U32, flags, sizeof flags, &count, err));
  array->kind = flags[0];
  if (count != sizeof flags)
    return broken(source, "an array's flags are not as they must be", err);
  if (array->kind < CLASS_FIRST || array->kind > CLASS_LAST || flags[1] & FLAG_COMPLEX)
    return tsl_error_set(err, TSL_FORMAT, source->path,
                         "an array is of class %d%s; only real numbers are read (classes "
                         "%d to %d)",
                         array->kind, flags[1] & FLAG_COMPLEX ? ", complex" : "",
                         CLASS_FIRST, CLASS_LAST);
  TSL_TRY(read_dims(source, array, err));
  TSL_TRY(read_name(source, array, err));
  return read_values(source, array, err);
}

/* ---- the file ---- */

static enum tsl_status read_packed(struct source *source, struct tsl__mat_array *array,
                                   struct tsl_error *err) {
  source->stream = (z_stream){0};
  if (inflateInit(&source->stream) != Z_OK)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  source->packed = true;
  struct tag tag;
  enum tsl_status status = read_tag(source, &tag, err);
  if (status == TSL_OK && (tag.type != TYPE_ARRAY || tag.small))
    status = broken(source, "a compressed element holds no array", err);
  if (status == TSL_OK)
    status = read_array(source, array, err);
  if (status == TSL_OK && (int64_t)source->stream.total_out != 8 + tag.bytes)
    status = broken(source, "a compressed array is not as long as it says", err);
  if (status == TSL_OK)
    status = end_packed(source, err);
  inflateEnd(&source->stream);
  source->packed = false;
  return status;
}

static enum tsl_status read_element(struct source *source, int64_t left_in_file,
                                    struct tsl__mat_array *array, int64_t *bytes,
                                    struct tsl_error *err) {
  struct tag tag;
  source->left = 8;
  TSL_TRY(read_tag(source, &tag, err));
  if (tag.small || (tag.type != TYPE_ARRAY && tag.type != TYPE_PACKED))
    return broken(source, "what follows the header is no array", err);
  if (tag.bytes > left_in_file - 8)
    return tsl_error_set(err, TSL_FORMAT, source->path,
                         "an array of %lld bytes is announced, %lld are left; the file "
                         "is damaged or cut off",
                         (long long)tag.bytes, (long long)(left_in_file - 8));
  *bytes = 8 + tag.bytes;
  source->left = tag.bytes;
  if (tag.type == TYPE_PACKED)
    return read_packed(source, array, err);
  TSL_TRY(read_array(source, array, err));
  return source->left == 0 ? TSL_OK
                           : broken(source, "an array holds more than it says", err);
}

static enum tsl_status read_header(struct source *source, struct tsl_error *err) {
  static const unsigned char signature[] = {0x89, 'H', 'D', 'F'};
  unsigned char header[128] = {0};
  size_t got = fread(header, 1, sizeof header, source->file);
  unsigned version = (unsigned)header[124] | (unsigned)header[125] << 8;
  if (got == sizeof header && header[126] == 'I' && header[127] == 'M' &&
      version == 0x0100)
    return TSL_OK;
  if (memcmp(header, signature, sizeof signature) == 0 || version == 0x0200)
    return tsl_error_set(err, TSL_FORMAT, source->path,
                         "a MAT file of version 7.3 (HDF5); save it with -v7, or read it "
                         "with the reader `hdf5`");
  if (header[126] == 'M' && header[127] == 'I')
    return tsl_error_set(err, TSL_FORMAT, source->path,
                         "a MAT file of a big-endian machine, which is not read");
  return tsl_error_set(err, TSL_FORMAT, source->path, "not a MAT file of version 5%s",
                       got < sizeof header ? ": it ends inside the header" : "");
}

static enum tsl_status read_elements(struct source *source, struct tsl__mat_file *file,
                                     struct tsl_error *err) {
  struct stat facts;
  TSL_TRY(read_header(source, err));
  if (fstat(fileno(source->file), &facts) != 0)
    return tsl_error_set(err, TSL_IO, source->path, "cannot be read: %s",
                         strerror(errno));
  int64_t at = 128, bytes = 0;
  while (at < (int64_t)facts.st_size) {
    struct tsl__mat_array *array = &file->arrays[file->array_count];
    if (file->array_count == TSL__MAT_ARRAYS_MAX)
      return tsl_error_set(err, TSL_FORMAT, source->path,
                           "the file holds more than %d "
                           "arrays",
                           TSL__MAT_ARRAYS_MAX);
    TSL_TRY(read_element(source, (int64_t)facts.st_size - at, array, &bytes, err));
    if (tsl__mat_find(file, array->name) != NULL)
      return tsl_error_set(err, TSL_FORMAT, source->path, "two arrays are called %s",
                           array->name);
    file->array_count++;
    at += bytes;
  }
  return TSL_OK;
}

enum tsl_status tsl__mat_check(const char *path, struct tsl__mat_file *file,
                               struct tsl_error *err) {
  *file = (struct tsl__mat_file){.path = path};
  struct source *source = calloc(1, sizeof *source);
  if (source == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  source->path = path;
  int number = tsl__regular_open(path);
  source->file = number >= 0 ? fdopen(number, "rb") : NULL;
  enum tsl_status status;
  if (source->file == NULL)
    status = tsl__regular_error(err, path, errno);
  else
    status = read_elements(source, file, err);
  if (source->file != NULL)
    fclose(source->file);
  else if (number >= 0)
    close(number);
  free(source);
  return status;
}

const struct tsl__mat_array *tsl__mat_find(const struct tsl__mat_file *file,
                                           const char *name) {
  for (int i = 0; i < file->array_count; i++)
    if (strcmp(file->arrays[i].name, name) == 0)
      return &file->arrays[i];
  return NULL;
}
