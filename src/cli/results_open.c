#include "cli/results_open.h"

#include "cli/job_open.h"

#include <stdio.h>
#include <string.h>

static bool parse_digest(const char *hex, struct tsl_digest *out) {
  for (size_t i = 0; i < sizeof out->bytes; i++) {
    unsigned byte = 0;
    if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
      return false;
    out->bytes[i] = (unsigned char)byte;
  }
  return true;
}

enum tsl_status tsl_cli_results_open(const char *folder, struct tsl_cli_results *out,
                                     struct tsl_error *err) {
  struct tsl_cli_results results = {.store = NULL, .job = NULL};
  struct tsl_identity identity;
  struct tsl_digest data;
  char path[TSL_PATH_MAX];
  enum tsl_status status =
      tsl_store_open(folder, TSL_STORE_EXISTING, &results.store, err);
  if (status == TSL_OK)
    status = tsl_cli_job_open(tsl_store_path(results.store, TSL_STORE_JOB, path), NULL, 0,
                              &results.job, err);
  if (status == TSL_OK)
    status = tsl_store_identity_read(results.store, &identity, err);
  if (status == TSL_OK && (strlen(identity.data_digest) != 2 * sizeof data.bytes ||
                           !parse_digest(identity.data_digest, &data)))
    status = tsl_error_set(err, TSL_FORMAT,
                           tsl_store_path(results.store, TSL_STORE_PROVENANCE, path),
                           "does not say which data the results are of; run the job "
                           "again, which writes it anew");
  if (status != TSL_OK) {
    tsl_cli_results_close(&results);
    return status;
  }
  tsl_job_name_runs(results.job, &data);
  *out = results;
  return TSL_OK;
}

void tsl_cli_results_close(struct tsl_cli_results *results) {
  tsl_job_free(results->job);
  tsl_store_close(results->store);
  *results = (struct tsl_cli_results){.store = NULL, .job = NULL};
}

static bool begins(const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

/* The 8 hex digits at the end of a run's name. */
static const char *number_of(const struct tsl_run *run) {
  const char *dash = strrchr(run->name, '-');
  return dash != NULL ? dash + 1 : run->name;
}

enum tsl_status tsl_cli_run_find(const struct tsl_job *job, const char *wanted,
                                 const struct tsl_run **out, struct tsl_error *err) {
  enum { LISTED_MAX = 8 };
  const size_t count = tsl_job_run_count(job);
  const struct tsl_run *found = NULL;
  size_t matches = 0;
  struct tsl_text list;
  tsl_text_init(&list);
  for (size_t i = 0; i < count; i++) {
    const struct tsl_run *run = tsl_job_run(job, i);
    if (strcmp(run->name, wanted) == 0) {
      found = run;
      matches = 1;
      break;
    }
    if (begins(run->name, wanted) || begins(number_of(run), wanted)) {
      found = run;
      if (matches++ < LISTED_MAX)
        tsl_text_format(&list, "\n  %s", run->name);
    }
  }
  enum tsl_status status = TSL_OK;
  if (matches == 1)
    *out = found;
  else if (matches > 1)
    status = tsl_error_set(err, TSL_BAD_INPUT, "--run",
                           "'%s' is the beginning of %zu runs; give more of it:%s%s",
                           wanted, matches, list.bytes != NULL ? list.bytes : "",
                           matches > LISTED_MAX ? "\n  ..." : "");
  else
    status = tsl_error_set(err, TSL_BAD_INPUT, "--run",
                           "no run is called '%s'; the job has %zu, the first is %s",
                           wanted, count, count > 0 ? tsl_job_run(job, 0)->name : "none");
  tsl_text_release(&list);
  return status;
}
