#include "teasel/status.h"

#undef tsl_error_set /* a macro for the analyzer alone */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define XX(name, code, sentence) #name,
    TSL_STATUS_MAP(XX)
#undef XX
};

static const char *const sentences[] = {
#define XX(name, code, sentence) sentence,
    TSL_STATUS_MAP(XX)
#undef XX
};

static const int exit_codes[] = {
#define XX(name, code, sentence) code,
    TSL_STATUS_MAP(XX)
#undef XX
};

const char *tsl_status_name(enum tsl_status status) {
  return names[status];
}

const char *tsl_status_sentence(enum tsl_status status) {
  return sentences[status];
}

int tsl_status_exit_code(enum tsl_status status) {
  return exit_codes[status];
}

enum tsl_status tsl_error_set(struct tsl_error *err, enum tsl_status status,
                              const char *where, const char *format, ...) {
  if (err == NULL)
    return status;
  va_list arguments;
  va_start(arguments, format);
  err->status = (int)status;
  err->rank = -1;
  snprintf(err->where, sizeof err->where, "%s", where != NULL ? where : "");
  vsnprintf(err->text, sizeof err->text, format, arguments);
  va_end(arguments);
  return status;
}

void tsl_error_add(struct tsl_error *err, enum tsl_status status, const char *where,
                   const char *format, ...) {
  if (err == NULL)
    return;
  if (err->status == TSL_OK) {
    err->status = (int)status;
    err->rank = -1;
    err->where[0] = '\0';
    err->text[0] = '\0';
  }
  size_t used = strlen(err->text);
  va_list arguments;
  va_start(arguments, format);
  char line[1024];
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  const char *separator = used > 0 ? "\n" : "";
  const char *place = where != NULL ? where : "";
  snprintf(err->text + used, sizeof err->text - used, "%s%s%s%s", separator, place,
           place[0] != '\0' ? ": " : "", line);
}

_Noreturn void tsl__bug(const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "teasel: defect at %s:%d: ", file, line);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  abort();
}
