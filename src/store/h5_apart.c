/* Reading HDF5 files in a copy of this process, one for each file that is open: HDF5 1.10
 * crashes on some damaged files. The copy answers questions until nobody asks any more.
 */
#include "store/file.h"
#include "store/h5.h"

#include "base/isolate.h"
#include "teasel/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct tsl__h5_apart {
  struct tsl__copy copy; /* process -1: it has ended, as `how` says */
  int how;
};

enum what { HAS, DESCRIBE, READ, ROWS, ATTRIBUTE, STRINGS, LIST };

struct question {
  enum what what;
  enum tsl_array_type type;
  int64_t begin, count; /* rows */
  char name[TSL_ARRAY_NAME_MAX], attribute[TSL_ARRAY_NAME_MAX];
};

/* Behind it come `bytes` bytes: the numbers, or `count` strings, each with its
 * terminator; where status is not TSL_OK, a struct tsl_error. */
struct answer {
  enum tsl_status status;
  bool has;
  double value;
  struct tsl_array array; /* data: nothing of the reader's */
  size_t bytes, count;
};

/* ---- in the copy ---- */

/* A damaged file may send HDF5 round for ever. */
static void allow_time(void) {
  const rlim_t most = 600; /* seconds of processor time for one question */
  struct rusage used;
  struct rlimit limit;
  if (getrusage(RUSAGE_SELF, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0)
    return;
  const rlim_t wanted =
      (rlim_t)used.ru_utime.tv_sec + (rlim_t)used.ru_stime.tv_sec + most;
  limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
  setrlimit(RLIMIT_CPU, &limit);
}

static bool say(struct tsl__copy *copy, const struct answer *answer, const void *data,
                const struct tsl_error *err) {
  const bool good = answer->status == TSL_OK;
  return tsl__copy_put(copy, answer, sizeof *answer, good ? data : err,
                       good ? answer->bytes : sizeof *err);
}

/* The strings, freed, as one block in *data. */
static enum tsl_status pack(struct tsl_h5_reader *reader, char **strings,
                            struct answer *answer, void **data, struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  for (size_t i = 0; i < answer->count; i++)
    answer->bytes += strlen(strings[i]) + 1;
  char *next = *data = malloc(answer->bytes + 1);
  if (next == NULL)
    status = tsl_error_set(err, TSL_MEMORY, reader->path, "no memory for %zu strings",
                           answer->count);
  for (size_t i = 0; i < answer->count; i++) {
    if (next != NULL)
      next = stpcpy(next, strings[i]) + 1;
    free(strings[i]);
  }
  free(strings);
  return status;
}

/* Memory for the rows where the dataset has them; where it has not, reading says so. */
static enum tsl_status read_rows(struct tsl_h5_reader *reader,
                                 const struct question *question, struct answer *answer,
                                 void **data, struct tsl_error *err) {
  TSL_TRY(tsl_h5_describe(reader, question->name, &answer->array, err));
  struct tsl_array rows = answer->array;
  if (rows.rank > 0 && question->count >= 0 && question->count <= rows.dims[0]) {
    rows.dims[0] = question->count;
    answer->bytes = (size_t)tsl_array_count(&rows) * tsl_array_type_bytes(question->type);
    *data = calloc(answer->bytes + 1, 1);
    if (*data == NULL)
      return tsl_error_set(err, TSL_MEMORY, reader->path, "no memory for %lld rows of %s",
                           (long long)question->count, question->name);
  }
  return tsl_h5_read_rows(reader, question->name, question->begin, question->count,
                          question->type, *data, err);
}

static enum tsl_status look_up(struct tsl_h5_reader *reader,
                               const struct question *question, struct answer *answer,
                               void **data, struct tsl_error *err) {
  const char *name = question->name;
  char **strings = NULL;
  switch (question->what) {
  case HAS:
    answer->has = tsl_h5_has(reader, name);
    return TSL_OK;
  case DESCRIBE:
    return tsl_h5_describe(reader, name, &answer->array, err);
  case READ:
    TSL_TRY(tsl_h5_read(reader, name, question->type, &answer->array, err));
    *data = answer->array.data;
    answer->bytes =
        (size_t)tsl_array_count(&answer->array) * tsl_array_type_bytes(question->type);
    return TSL_OK;
  case ROWS:
    return read_rows(reader, question, answer, data, err);
  case ATTRIBUTE:
    return tsl_h5_read_attribute(reader, name, question->attribute, &answer->value, err);
  case STRINGS:
    TSL_TRY(tsl_h5_read_strings(reader, name, &strings, &answer->count, err));
    return pack(reader, strings, answer, data, err);
  case LIST:
    TSL_TRY(tsl_h5_list(reader, name, &strings, &answer->count, err));
    return pack(reader, strings, answer, data, err);
  }
  return tsl_error_set(err, TSL_INTERNAL, reader->path, "a question of no kind");
}

static void serve(struct tsl__copy *copy, struct tsl_h5_reader *reader) {
  struct question question;
  bool heard = true;
  while (heard && tsl__copy_get(copy, &question, sizeof question)) {
    struct answer answer = {.status = TSL_OK};
    struct tsl_error why = {0};
    void *data = NULL;
    allow_time();
    answer.status = look_up(reader, &question, &answer, &data, &why);
    heard = say(copy, &answer, data, &why);
    free(data);
  }
}

/* The file, or its bytes where there are some. */
static enum tsl_status open_here(const char *path, const void *bytes, size_t count,
                                 struct tsl_h5_reader **out, struct tsl_error *err) {
  return bytes != NULL ? tsl__h5_open_image_here(path, bytes, count, out, err)
                       : tsl_h5_open_here(path, out, err);
}

/* Leaves HDF5 as it is: closing a damaged file may crash, too. */
static _Noreturn void read_and_exit(struct tsl__copy *copy, const char *path,
                                    const void *bytes, size_t count) {
  struct tsl_h5_reader *reader = NULL;
  struct tsl_error why = {0};
  allow_time();
  const struct answer answer = {.status = open_here(path, bytes, count, &reader, &why)};
  if (say(copy, &answer, NULL, &why) && answer.status == TSL_OK)
    serve(copy, reader);
  _exit(0);
}

/* ---- in this process ---- */

static enum tsl_status hear(struct tsl_h5_reader *reader, struct answer *answer,
                            struct tsl_error *err) {
  struct tsl__h5_apart *apart = reader->apart;
  struct tsl_error why;
  bool heard =
      apart->copy.process > 0 && tsl__copy_get(&apart->copy, answer, sizeof *answer);
  if (heard && answer->status == TSL_OK)
    return TSL_OK;
  heard = heard && tsl__copy_get(&apart->copy, &why, sizeof why);
  if (heard && err != NULL)
    *err = why;
  if (heard)
    return answer->status;
  if (apart->copy.process > 0)
    apart->how = tsl__copy_end(&apart->copy);
  return tsl__copy_crashed(apart->how, reader->path, err);
}

static enum tsl_status ask(struct tsl_h5_reader *reader, const struct question *question,
                           struct answer *answer, struct tsl_error *err) {
  if (reader->apart->copy.process > 0) /* hear finds out whether it was heard */
    (void)tsl__copy_put(&reader->apart->copy, question, sizeof *question, NULL, 0);
  return hear(reader, answer, err);
}

/* What comes behind an answer, into data (bytes). */
static enum tsl_status take(struct tsl_h5_reader *reader, void *data, size_t bytes,
                            struct tsl_error *err) {
  struct tsl__h5_apart *apart = reader->apart;
  if (tsl__copy_get(&apart->copy, data, bytes))
    return TSL_OK;
  apart->how = tsl__copy_end(&apart->copy);
  return tsl__copy_crashed(apart->how, reader->path, err);
}

static enum tsl_status put_question(enum what what, const char *name,
                                    struct question *out, struct tsl_error *err) {
  *out = (struct question){.what = what};
  return tsl__path_print(out->name, sizeof out->name, err, "%s", name);
}

/* Without memory there is no reading on: what follows the answer stays unread. */
static enum tsl_status no_memory(struct tsl_h5_reader *reader, size_t bytes,
                                 const char *name, struct tsl_error *err) {
  reader->apart->how = tsl__copy_end(&reader->apart->copy);
  return tsl_error_set(err, TSL_MEMORY, reader->path, "no memory for the %zu bytes of %s",
                       bytes, name);
}

static enum tsl_status open_apart(const char *path, const void *bytes, size_t count,
                                  struct tsl_h5_reader **out, struct tsl_error *err) {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION /* what a copy does is not seen */
  return open_here(path, bytes, count, out, err);
#endif
  void *memory = NULL, *apart = NULL;
  struct answer answer = {.bytes = 0};
  tsl__h5_quiet(); /* HDF5 is made ready once, and not in every copy */
  TSL_TRY(tsl_allocate(&apart, 1, sizeof(struct tsl__h5_apart), err));
  enum tsl_status status = tsl_allocate(&memory, 1, sizeof(struct tsl_h5_reader), err);
  struct tsl_h5_reader *reader = memory;
  if (status != TSL_OK || !tsl__copy_make(&((struct tsl__h5_apart *)apart)->copy)) {
    free(apart);
    free(reader);
    return status != TSL_OK ? status : open_here(path, bytes, count, out, err);
  }
  reader->apart = apart;
  if (reader->apart->copy.process == 0)
    read_and_exit(&reader->apart->copy, path, bytes, count);
  reader->file = -1;
  status = tsl__path_print(reader->path, sizeof reader->path, err, "%s", path);
  if (status == TSL_OK)
    status = hear(reader, &answer, err);
  if (status == TSL_OK)
    *out = reader;
  else
    tsl_h5_close(reader);
  return status;
}

enum tsl_status tsl_h5_open(const char *path, struct tsl_h5_reader **out,
                            struct tsl_error *err) {
  return open_apart(path, NULL, 0, out, err);
}

enum tsl_status tsl__h5_open_image(const char *path, const void *bytes, size_t count,
                                   struct tsl_h5_reader **out, struct tsl_error *err) {
  return open_apart(path, bytes, count, out, err);
}

void tsl__h5_apart_close(struct tsl_h5_reader *reader) {
  if (reader->apart != NULL && reader->apart->copy.process > 0)
    tsl__copy_end(&reader->apart->copy);
  free(reader->apart);
}

bool tsl__h5_ask_has(struct tsl_h5_reader *reader, const char *name) {
  struct question question;
  struct answer answer = {.bytes = 0};
  if (put_question(HAS, name, &question, NULL) != TSL_OK)
    return false; /* no object has so long a name */
  return ask(reader, &question, &answer, NULL) != TSL_OK || answer.has;
}

enum tsl_status tsl__h5_ask_describe(struct tsl_h5_reader *reader, const char *name,
                                     struct tsl_array *out, struct tsl_error *err) {
  struct question question;
  struct answer answer = {.bytes = 0};
  TSL_TRY(put_question(DESCRIBE, name, &question, err));
  TSL_TRY(ask(reader, &question, &answer, err));
  *out = answer.array;
  return TSL_OK;
}

enum tsl_status tsl__h5_ask_read(struct tsl_h5_reader *reader, const char *name,
                                 enum tsl_array_type type, struct tsl_array *out,
                                 struct tsl_error *err) {
  struct question question;
  struct answer answer = {.bytes = 0};
  TSL_TRY(put_question(READ, name, &question, err));
  question.type = type;
  TSL_TRY(ask(reader, &question, &answer, err));
  void *data = malloc(answer.bytes + 1);
  if (data == NULL)
    return no_memory(reader, answer.bytes, name, err);
  enum tsl_status status = take(reader, data, answer.bytes, err);
  if (status != TSL_OK) {
    free(data);
    return status;
  }
  *out = answer.array;
  out->data = data;
  return TSL_OK;
}

enum tsl_status tsl__h5_ask_rows(struct tsl_h5_reader *reader, const char *name,
                                 int64_t begin, int64_t count, enum tsl_array_type type,
                                 void *data, struct tsl_error *err) {
  struct question question;
  struct answer answer = {.bytes = 0};
  TSL_TRY(put_question(ROWS, name, &question, err));
  question.type = type;
  question.begin = begin;
  question.count = count;
  TSL_TRY(ask(reader, &question, &answer, err));
  return take(reader, data, answer.bytes, err);
}

enum tsl_status tsl__h5_ask_attribute(struct tsl_h5_reader *reader, const char *name,
                                      const char *attribute, double *out,
                                      struct tsl_error *err) {
  struct question question;
  struct answer answer = {.bytes = 0};
  TSL_TRY(put_question(ATTRIBUTE, name, &question, err));
  TSL_TRY(tsl__path_print(question.attribute, sizeof question.attribute, err, "%s",
                          attribute));
  TSL_TRY(ask(reader, &question, &answer, err));
  *out = answer.value;
  return TSL_OK;
}

/* The strings that come behind an answer; freed one by one, with the list. */
static enum tsl_status unpack(struct tsl_h5_reader *reader, const struct answer *answer,
                              const char *name, char ***out, struct tsl_error *err) {
  char *block = malloc(answer->bytes + 1), **strings = NULL;
  if (block == NULL)
    return no_memory(reader, answer->bytes, name, err);
  enum tsl_status status = take(reader, block, answer->bytes, err);
  void *memory = NULL;
  if (status == TSL_OK)
    status = tsl_allocate(&memory, answer->count + 1, sizeof(char *), err);
  strings = memory;
  block[answer->bytes] = '\0';
  const char *next = block, *end = block + answer->bytes;
  for (size_t i = 0; status == TSL_OK && i < answer->count; i++) {
    strings[i] = strdup(next);
    if (strings[i] == NULL)
      status = tsl_error_set(err, TSL_MEMORY, reader->path,
                             "no memory for the strings of %s", name);
    next = next < end ? next + strlen(next) + 1 : end;
  }
  for (size_t i = 0; strings != NULL && status != TSL_OK && i < answer->count; i++)
    free(strings[i]);
  free(block);
  if (status == TSL_OK)
    *out = strings;
  else
    free(strings);
  return status;
}

static enum tsl_status ask_strings(struct tsl_h5_reader *reader, enum what what,
                                   const char *name, char ***out, size_t *count,
                                   struct tsl_error *err) {
  struct question question;
  struct answer answer = {.bytes = 0};
  TSL_TRY(put_question(what, name, &question, err));
  TSL_TRY(ask(reader, &question, &answer, err));
  TSL_TRY(unpack(reader, &answer, name, out, err));
  *count = answer.count;
  return TSL_OK;
}

enum tsl_status tsl__h5_ask_strings(struct tsl_h5_reader *reader, const char *name,
                                    char ***out, size_t *count, struct tsl_error *err) {
  return ask_strings(reader, STRINGS, name, out, count, err);
}

enum tsl_status tsl__h5_ask_list(struct tsl_h5_reader *reader, const char *group,
                                 char ***out, size_t *count, struct tsl_error *err) {
  return ask_strings(reader, LIST, group, out, count, err);
}
