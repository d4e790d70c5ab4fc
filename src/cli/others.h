/* others.h - runs in a results folder that are not of its job: the job was edited under
 * the same name, or two edits of it share the folder. They are kept, and nothing looks at
 * them, so somebody has to say so. */
#ifndef TEASEL_CLI_OTHERS_H
#define TEASEL_CLI_OTHERS_H

#include "teasel/claim.h"
#include "teasel/job.h"

struct tsl__others {
  char **names; /* (count) sorted */
  size_t count;
  char worker[TSL_CLAIM_TEXT]; /* who has claimed one of them; "": nobody */
};

/* Local. The job's runs have their names. */
enum tsl_status tsl__others_read(const struct tsl_store *store, const struct tsl_job *job,
                                 struct tsl__others *out, struct tsl_error *err);
void tsl__others_release(struct tsl__others *others);

enum { TSL__OTHERS_TEXT = 2 * TSL_PATH_MAX };
/* Local. "3 runs here are not of this job (kept)"; buffer: TSL__OTHERS_TEXT bytes;
 * returned. */
char *tsl__others_print(char *buffer, const struct tsl__others *others);
/* Local. What can be done about them, as half a sentence: how they are seen, and where
 * else the job could go; buffer: as above; returned. */
char *tsl__others_remedy(char *buffer, const struct tsl_store *store,
                         const struct tsl__others *others);

/* Local. Logs both where there are any; a folder that cannot be listed is no failure of
 * what is to be done there. known: how many were told before. Returns their number. */
size_t tsl__others_tell(const struct tsl_store *store, const struct tsl_job *job,
                        size_t known);

#endif
