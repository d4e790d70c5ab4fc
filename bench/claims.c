/* claims FOLDER [RUNS]: what a claim costs a run, beside one synced file of the same run,
 * in FOLDER's file system. */
#include "teasel/claim.h"
#include "teasel/log.h"

#include <stdio.h>
#include <stdlib.h>

static void name_of(int64_t run, char *buffer, size_t bytes) {
  snprintf(buffer, bytes, "run-%lld", (long long)run);
}

/* Seconds of claiming, holding and giving back one run after the other. */
static enum tsl_status claim_all(const struct tsl_store *store, int64_t runs,
                                 double *seconds, struct tsl_error *err) {
  char session[TSL_SESSION_MAX], name[64];
  struct tsl_claims *claims = NULL;
  struct tsl_claim claim;
  struct tsl_claim_state other;
  enum tsl_claim_answer answer = TSL_CLAIM_HELD;
  TSL_TRY(tsl_claims_open(store, tsl_session_print(session), "", 180, tsl_clock_seconds,
                          &claims, err));
  double begun = tsl_clock_seconds();
  enum tsl_status status = TSL_OK;
  for (int64_t i = 0; i < runs && status == TSL_OK; i++) {
    name_of(i, name, sizeof name);
    status = tsl_claims_take(claims, name, &answer, &other, err);
    if (status == TSL_OK)
      status = tsl_claim_hold(claims, name, &claim, err);
    if (status == TSL_OK)
      tsl_claim_drop(&claim);
  }
  *seconds = tsl_clock_seconds() - begun;
  tsl_claims_close(claims);
  return status;
}

static enum tsl_status write_all(const struct tsl_store *store, int64_t runs,
                                 double *seconds, struct tsl_error *err) {
  char name[64], path[TSL_PATH_MAX];
  double begun = tsl_clock_seconds();
  for (int64_t i = 0; i < runs; i++) {
    name_of(i, name, sizeof name);
    tsl_store_run_path(store, name, "record.json", path);
    TSL_TRY(tsl_file_write(path, "{}\n", 3, err));
  }
  *seconds = tsl_clock_seconds() - begun;
  return TSL_OK;
}

int main(int argc, char **argv) {
  int64_t runs = argc > 2 ? strtoll(argv[2], NULL, 10) : 10000;
  double claimed = 0, written = 0;
  struct tsl_error err = {0};
  struct tsl_store *store = NULL;
  if (argc < 2 || runs < 1) {
    fprintf(stderr, "usage: claims FOLDER [RUNS]\n");
    return 2;
  }
  enum tsl_status status = tsl_store_open(argv[1], TSL_STORE_CREATE, &store, &err);
  if (status == TSL_OK)
    status = claim_all(store, runs, &claimed, &err);
  if (status == TSL_OK)
    status = write_all(store, runs, &written, &err);
  tsl_store_close(store);
  if (status != TSL_OK) {
    fprintf(stderr, "claims: %s: %s\n", err.where, err.text);
    return 1;
  }
  printf("%lld runs: a claim costs %.3f ms a run, a synced file %.3f ms: %.1f %%\n",
         (long long)runs, 1e3 * claimed / (double)runs, 1e3 * written / (double)runs,
         100 * claimed / written);
  return 0;
}
