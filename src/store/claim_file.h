/* claim_file.h - the files of claims: their names, their content, and whose they are. */
#ifndef TEASEL_STORE_CLAIM_FILE_H
#define TEASEL_STORE_CLAIM_FILE_H

#include "teasel/claim.h"
#include "teasel/process.h"

/* One line of JSON and spaces behind it, always as many: so a heartbeat writes over the
 * old content, needs no space, and a reader never sees a shorter file. */
enum { TSL__CLAIM_BYTES = 1024 };
/* The highest number of a claim, of 18 digits: nobody takes a run over so often. A file
 * of this number is as good as any, but has no successor. */
#define TSL__CLAIM_NUMBER_MOST INT64_C(999999999999999999)
struct tsl__claim_content {
  char bytes[TSL__CLAIM_BYTES];
  size_t count; /* less than all: it is just being written */
};

/* Local. Path of claim `number`; the buffer holds TSL_PATH_MAX bytes; returned. */
char *tsl__claim_path(const struct tsl_store *store, const char *run, int64_t number,
                      char *buffer);
/* Local. The highest number there is, 0: none, also without the folder. */
enum tsl_status tsl__claim_highest(const struct tsl_store *store, const char *run,
                                   int64_t *out, struct tsl_error *err);
/* Local. Removes the claims up to this number. */
void tsl__claim_remove(const struct tsl_store *store, const char *run, int64_t number);
/* Local. *found false: the file has vanished. */
enum tsl_status tsl__claim_load(const char *path, struct tsl__claim_content *out,
                                bool *found, struct tsl_error *err);
/* Local. exclusive: *done false when another was faster. Else *done false when the file
 * has vanished. */
enum tsl_status tsl__claim_store(const char *path, bool exclusive,
                                 const struct tsl__claim_content *content, bool *done,
                                 struct tsl_error *err);
void tsl__claim_print(const struct tsl_claim_state *state,
                      const struct tsl_process *process, struct tsl__claim_content *out);
/* Local. Fields that are missing are empty, 0 or NaN; process may be NULL. */
void tsl__claim_parse(const struct tsl__claim_content *content,
                      struct tsl_claim_state *state, struct tsl_process *process);

#endif
