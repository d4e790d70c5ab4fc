/* option.h - the one row type in which every option of teasel is declared.
 *
 * The same row parses the value from YAML, gives the default, checks the bounds, prints
 * job.used.yaml, answers `teasel explain`, and says what may be an axis. No default lives
 * anywhere else.
 */
#ifndef TEASEL_OPTION_H
#define TEASEL_OPTION_H

#include <stddef.h>
#include <stdint.h>

enum { TSL_TEXT_MAX = 512 }; /* bytes of a text option with its terminator */

enum tsl_option_type {
  TSL_OPTION_BOOL,    /* bool; with words "no|yes": word 0 or 1 instead of false, true */
  TSL_OPTION_INTEGER, /* int64_t; with words "auto": word i is stored as i */
  TSL_OPTION_REAL,    /* double */
  TSL_OPTION_CHOICE,  /* int: index into words */
  TSL_OPTION_SET,     /* unsigned: bit i set when word i is listed; never an axis */
  TSL_OPTION_TEXT,    /* char[TSL_TEXT_MAX]; with words: one of them */
  TSL_OPTION_PATH /* char[TSL_TEXT_MAX], a path of the disk. A relative one is relative
                     to the file that names it (to the current folder for `--set`) and
                     is stored ready to be opened; empty stays empty. */
};

/* What a change of the option makes anew: `run` changes weights and is part of the run's
 * id. */
enum tsl_scope { TSL_SCOPE_RUN, TSL_SCOPE_SCORE, TSL_SCOPE_REPORT, TSL_SCOPE_SCHEDULE };

/* The order is that in which a row is read.
 * NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct tsl_option {
  const char *name;          /* dotted path in the file: "train.batch" */
  enum tsl_option_type type; /* says what stands at offset */
  size_t offset;             /* into the struct that the table describes */
  const char *initial;       /* default as it would be written, not checked against the
                                bounds; NULL: must be given */
  double min, max;           /* inclusive bounds of numbers; min == max == 0: none */
  const char *words;         /* "adam|adamax|sgd" for CHOICE and SET */
  enum tsl_scope scope;
  const char *help; /* one sentence with the unit */
};

#endif
