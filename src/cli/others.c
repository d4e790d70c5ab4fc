#include "cli/others.h"

#include "teasel/arena.h"
#include "teasel/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A claim that is left by a process of this machine which has died is nobody's. */
static void find_worker(const struct tsl_store *store, struct tsl__others *others) {
  for (size_t i = 0; i < others->count && others->worker[0] == '\0'; i++) {
    struct tsl_claim_state claim;
    bool found = false;
    if (tsl_claim_read(store, others->names[i], &claim, &found, NULL) == TSL_OK &&
        found && !claim.dead)
      tsl_claim_state_print(others->worker, others->names[i], &claim);
  }
}

enum tsl_status tsl__others_read(const struct tsl_store *store, const struct tsl_job *job,
                                 struct tsl__others *out, struct tsl_error *err) {
  const size_t count = tsl_job_run_count(job);
  const char **own = NULL;
  *out = (struct tsl__others){.count = 0};
  TSL_TRY(tsl_allocate((void **)&own, count + 1, sizeof *own, err));
  for (size_t i = 0; i < count; i++)
    own[i] = tsl_job_run(job, i)->name;
  qsort((void *)own, count, sizeof *own, by_name);
  const enum tsl_status status =
      tsl_store_runs_list(store, own, count, &out->names, &out->count, err);
  free((void *)own);
  if (status == TSL_OK)
    find_worker(store, out);
  return status;
}

void tsl__others_release(struct tsl__others *others) {
  tsl_store_runs_free(others->names, others->count);
  *others = (struct tsl__others){.count = 0};
}

char *tsl__others_print(char *buffer, const struct tsl__others *others) {
  snprintf(buffer, TSL__OTHERS_TEXT, "%zu run%s here %s not of this job (kept)",
           others->count, others->count == 1 ? "" : "s",
           others->count == 1 ? "is" : "are");
  return buffer;
}

char *tsl__others_remedy(char *buffer, const struct tsl_store *store,
                         const struct tsl__others *others) {
  snprintf(buffer, TSL__OTHERS_TEXT,
           "%s%s`teasel status %.3000s --verbose` names them; scores and report leave "
           "them out; a job that was edited can have a folder of its own with another "
           "`name:` or -o",
           others->worker, others->worker[0] != '\0' ? "; " : "",
           tsl_store_folder(store));
  return buffer;
}

size_t tsl__others_tell(const struct tsl_store *store, const struct tsl_job *job,
                        size_t known) {
  char what[TSL__OTHERS_TEXT], remedy[TSL__OTHERS_TEXT];
  struct tsl__others others;
  if (tsl__others_read(store, job, &others, NULL) != TSL_OK)
    return known;
  const size_t count = others.count;
  if (count > 0 && count != known)
    tsl_log(TSL_LOG_NORMAL, "%s: %s: %s", tsl_store_folder(store),
            tsl__others_print(what, &others), tsl__others_remedy(remedy, store, &others));
  tsl__others_release(&others);
  return count;
}
