/* problems.h - everything that is wrong with a job and the files that it names, each with
 * its place, told at once. */
#ifndef TEASEL_JOB_PROBLEMS_H
#define TEASEL_JOB_PROBLEMS_H

#include "job/pool.h"

#include "teasel/status.h"

/* line and column count from 1; line 0: the place has none (a `--set`). */
struct tsl__place {
  const char *file;
  int line, column;
};

struct tsl__problem {
  struct tsl__place place;
  const char *text;
  int file_order; /* files in the order in which they were first blamed */
};

struct tsl__problems {
  struct tsl__pool *pool;
  struct tsl__problem *items;
  int count, capacity;
  int told; /* as count, with those that were not kept since they are there already */
};

/* The same words at the same place are kept once. */
void tsl__problem(struct tsl__problems *problems, struct tsl__place place,
                  const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "FILE:LINE:COLUMN" of a place, in the pool. */
const char *tsl__place_text(struct tsl__pool *pool, struct tsl__place place);
/* TSL_OK when there are none; else TSL_BAD_INPUT and err with a first line that counts
 * them, then one line a problem, sorted by place. */
enum tsl_status tsl__problems_report(struct tsl__problems *problems, const char *file,
                                     struct tsl_error *err);
/* "; did you mean 'WORD'?" in the pool, or "" when nothing is near. */
const char *tsl__did_you_mean(struct tsl__pool *pool, const char *word,
                              const char *const *words, size_t count);

#endif
