/* status.h - what a fallible function returns, and the error that it fills.
 *
 * A fallible function returns `enum tsl_status` and takes `struct tsl_error *err` as its
 * last argument. The error is untouched on success, so calls can be chained; it is plain
 * bytes, so it can be sent to another rank. NULL is allowed where the caller does not
 * want the words.
 */
#ifndef TEASEL_STATUS_H
#define TEASEL_STATUS_H

#include <stdarg.h>

/* name, exit code, sentence. The exit code is used by main alone. */
#define TSL_STATUS_MAP(XX)                                                               \
  XX(OK, 0, "success")                                                                   \
  XX(BAD_INPUT, 2, "bad input: nothing was written")                                     \
  XX(IO, 1, "reading or writing failed")                                                 \
  XX(FORMAT, 2, "a file does not hold what it should")                                   \
  XX(MEMORY, 1, "out of memory")                                                         \
  XX(LIBRARY, 1, "a library reported a failure")                                         \
  XX(PEER_LOST, 1, "another rank no longer answers")                                     \
  XX(INTERRUPTED, 75, "interrupted with everything saved: run the same command again")   \
  XX(TAKEN, 75, "another process has taken this over")                                   \
  XX(GONE, 1, "the results folder was moved or removed")                                 \
  XX(NOT_SO, 1, "the answer to what was asked is no")                                    \
  XX(INTERNAL, 1, "a defect of teasel")

enum tsl_status {
#define XX(name, code, sentence) TSL_##name,
  TSL_STATUS_MAP(XX)
#undef XX
};

/* Plain bytes: no pointers, so that one rank's error can be shown by all. */
struct tsl_error {
  int status;       /* enum tsl_status */
  int rank;         /* world rank that failed, -1 when it does not matter */
  char where[256];  /* place for the user: "FILE:LINE:COLUMN", a path, an option; may be
                       empty */
  char text[16120]; /* one clear message with the remedy; several problems are one a line
                     */
};

/* Local. Fills err (when not NULL) and returns status, so that a failure is one
 * statement: `return tsl_error_set(err, TSL_IO, path, "cannot write: %s; free some
 * space", why);` */
enum tsl_status tsl_error_set(struct tsl_error *err, enum tsl_status status,
                              const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#ifdef __clang_analyzer__ /* which cannot see that a failure is returned as it was given \
                           */
#define tsl_error_set(err, status, ...)                                                  \
  ((void)tsl_error_set(err, status, __VA_ARGS__), (status))
#endif

/* Local. Adds a line to an error that lists several problems; sets status when it is the
 * first. */
void tsl_error_add(struct tsl_error *err, enum tsl_status status, const char *where,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

const char *tsl_status_name(enum tsl_status status);
const char *tsl_status_sentence(enum tsl_status status);
int tsl_status_exit_code(enum tsl_status status);

/* A broken invariant: prints the place and aborts. Never for anything a user can cause.
 */
#define TSL_BUG(...) tsl__bug(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void tsl__bug(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns from the calling function when the call failed. */
#define TSL_TRY(call)                                                                    \
  do {                                                                                   \
    enum tsl_status tsl_try_status_ = (call);                                            \
    if (tsl_try_status_ != TSL_OK)                                                       \
      return tsl_try_status_;                                                            \
  } while (0)

#endif
