#include "cli/provenance.h"

#include "cli/version.h"

#include "teasel/arena.h"
#include "teasel/date.h"
#include "teasel/library.h"
#include "teasel/nn.h"
#include "teasel/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifdef __clang__
static const char compiler[] = "clang " __clang_version__;
#else
static const char compiler[] = "gcc " __VERSION__;
#endif

static void add_field(struct tsl_text *text, const char *name, const char *value) {
  tsl_text_add(text, "  ");
  tsl_text_add_json(text, name);
  tsl_text_add(text, ": ");
  tsl_text_add_json(text, value);
  tsl_text_add(text, ",\n");
}

static void add_libraries(struct tsl_text *text) {
  char version[TSL_LIBRARY_TEXT];
  const char *separator = "";
  tsl_text_add(text, "  \"libraries\": {");
#define XX(name, title)                                                                  \
  tsl_library_##name(version);                                                           \
  tsl_text_format(text, "%s\n    \"%s\": ", separator, title);                           \
  tsl_text_add_json(text, version);                                                      \
  separator = ",";
  TSL_LIBRARY_MAP(XX)
#undef XX
  tsl_text_add(text, "\n  },\n");
}

static void add_data(struct tsl_text *text, const struct tsl_dataset *dataset) {
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  char digest[33];
  tsl_digest_print(&view->digest, digest);
  tsl_text_add(text, "  \"data\": {\"name\": ");
  tsl_text_add_json(text, view->name);
  tsl_text_format(text, ", \"samples\": %lld, \"digest\": \"%s\"},\n",
                  (long long)view->count, digest);
}

enum tsl_status tsl__hosts_gather(struct tsl_team *team, char **hosts,
                                  struct tsl_error *err) {
  const size_t size = (size_t)tsl_team_size(team);
  char *names = NULL;
  enum tsl_status status = tsl_allocate((void **)&names, size, TSL_HOST_TEXT, err);
  if (status == TSL_OK)
    tsl_host_print(names + (size_t)tsl_team_index(team) * TSL_HOST_TEXT);
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK)
    status = tsl_team_gather(team, names, TSL_HOST_TEXT, err);
  if (status == TSL_OK)
    *hosts = names;
  else
    free(names);
  return status;
}

/* "hosts": {"node1": 8, "node2": 8}: how many ranks each has. */
static void add_hosts(struct tsl_text *text, const char *hosts, int ranks) {
  const char *separator = "";
  tsl_text_add(text, "  \"hosts\": {");
  for (int i = 0; i < ranks; i++) {
    const char *host = hosts + (size_t)i * TSL_HOST_TEXT;
    int before = 0, all = 0;
    for (int k = 0; k < ranks; k++) {
      const bool same = strcmp(hosts + (size_t)k * TSL_HOST_TEXT, host) == 0;
      before += same && k < i;
      all += same;
    }
    if (before > 0)
      continue;
    tsl_text_add(text, separator);
    tsl_text_add_json(text, host);
    tsl_text_format(text, ": %d", all);
    separator = ", ";
  }
  tsl_text_add(text, "},\n");
}

/* The model's name of the first processor, as the kernel tells it. */
static void add_processor(struct tsl_text *text) {
  char line[512];
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    const char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) != 0 || colon == NULL)
      continue;
    line[strcspn(line, "\n")] = '\0';
    add_field(text, "processor", colon + 1 + strspn(colon + 1, " "));
    break;
  }
  if (file != NULL)
    fclose(file);
}

static void add_place(struct tsl_text *text) {
  struct utsname system;
  char date[TSL_DATE_TEXT], folder[TSL_PATH_MAX];
  add_field(text, "date", tsl_date_print(date, tsl_date_now()));
  if (getcwd(folder, sizeof folder) != NULL)
    add_field(text, "directory", folder);
  if (uname(&system) == 0) {
    add_field(text, "host", system.nodename);
    add_field(text, "system", system.release);
    add_field(text, "machine", system.machine);
  }
  add_processor(text);
}

static enum tsl_status write_provenance(const struct tsl_store *store,
                                        const struct tsl__provenance *provenance,
                                        struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl_text text;
  tsl_text_init(&text);
  tsl_text_format(&text, "{\n  \"format\": %d,\n", TSL_STORE_FORMAT);
  add_field(&text, "job", tsl_job_name(provenance->job));
  add_field(&text, "teasel", TSL_VERSION);
  add_field(&text, "revision", tsl__revision());
  add_field(&text, "compiler", compiler);
  add_libraries(&text);
  add_field(&text, "kernels", tsl_nn_kernel_set());
  add_data(&text, provenance->dataset);
  tsl_text_format(&text, "  \"ranks\": %d,\n", provenance->ranks);
  add_hosts(&text, provenance->hosts, provenance->ranks);
  tsl_text_add(&text, "  \"command\": [\"teasel\"");
  for (int i = 0; i < provenance->argc; i++) {
    tsl_text_add(&text, ", ");
    tsl_text_add_json(&text, provenance->argv[i]);
  }
  tsl_text_add(&text, "],\n");
  add_place(&text);
  /* No comma behind the last field. */
  if (!text.failed)
    memcpy(text.bytes + text.length - 2, "\n}", 2);
  tsl_text_add(&text, "\n");
  tsl_store_path(store, TSL_STORE_PROVENANCE, path);
  enum tsl_status status = text.failed
                               ? tsl_error_set(err, TSL_MEMORY, path, "out of memory")
                               : tsl_file_write(path, text.bytes, text.length, err);
  tsl_text_release(&text);
  return status;
}

/* Unchanged bytes are not written again, so that the file's time tells the last change.
 */
enum tsl_status tsl__job_record(const struct tsl_store *store, const struct tsl_job *job,
                                struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char *old = NULL;
  size_t count = 0;
  struct tsl_text text;
  tsl_text_init(&text);
  tsl_job_print(job, &text);
  tsl_store_path(store, TSL_STORE_JOB, path);
  enum tsl_status status = TSL_OK;
  if (text.failed)
    status = tsl_error_set(err, TSL_MEMORY, path, "out of memory");
  else if (tsl_file_exists(path))
    status = tsl_file_read(path, &old, &count, err);
  if (status == TSL_OK &&
      (old == NULL || count != text.length || memcmp(old, text.bytes, count) != 0))
    status = tsl_file_write(path, text.bytes, text.length, err);
  free(old);
  tsl_text_release(&text);
  return status;
}

/* Whether some run of the job has still to be trained. A record that cannot be read is
 * told by the sweep. */
static bool has_work(const struct tsl_store *store, const struct tsl_job *job) {
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    struct tsl_record record;
    if (tsl_store_record_read(store, tsl_job_run(job, i)->name, &record, NULL) !=
            TSL_OK ||
        record.outcome == TSL_OUTCOME_NONE)
      return true;
  }
  return false;
}

enum tsl_status tsl__provenance_write(const struct tsl_store *store,
                                      const struct tsl__provenance *provenance,
                                      struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  tsl_store_path(store, TSL_STORE_PROVENANCE, path);
  /* A start that trains nothing does not hide the one that did. The job last: a folder
   * with a job is a results folder. */
  if (!tsl_file_exists(path) || has_work(store, provenance->job))
    TSL_TRY(write_provenance(store, provenance, err));
  return tsl__job_record(store, provenance->job, err);
}

enum tsl_status tsl__settings_record(const struct tsl_store *store,
                                     const struct tsl_job *job, struct tsl_error *err) {
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    struct tsl_record record;
    TSL_TRY(tsl_store_record_read(store, tsl_job_run(job, i)->name, &record, err));
    if (record.outcome != TSL_OUTCOME_NONE)
      return tsl__job_record(store, job, err);
  }
  return tsl_error_set(err, TSL_BAD_INPUT, tsl_store_folder(store),
                       "no run of this job is finished here; an option that changes the "
                       "runs is set with teasel run");
}

enum tsl_status tsl__data_check(const struct tsl_store *store,
                                const struct tsl_dataset *dataset,
                                struct tsl_error *err) {
  struct tsl_identity identity;
  TSL_TRY(tsl_store_identity_read(store, &identity, err));
  const struct tsl_dataset_view *view = tsl_dataset_view(dataset);
  char digest[33];
  tsl_digest_print(&view->digest, digest);
  if (identity.data_digest[0] == '\0' || strcmp(identity.data_digest, digest) == 0)
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, tsl_store_folder(store),
                       "the folder holds results on other data: '%s' had the digest %s, "
                       "'%s' has %s now; put the old data back, or train in another "
                       "folder with teasel run -o",
                       identity.data_name, identity.data_digest, view->name, digest);
}

enum tsl_status tsl__provenance_check(const struct tsl_store *store,
                                      const struct tsl_job *job,
                                      const struct tsl_dataset *dataset,
                                      struct tsl_error *err) {
  TSL_TRY(tsl__provenance_check_name(store, job, err));
  return tsl__data_check(store, dataset, err);
}

enum tsl_status tsl__provenance_check_name(const struct tsl_store *store,
                                           const struct tsl_job *job,
                                           struct tsl_error *err) {
  struct tsl_identity identity;
  TSL_TRY(tsl_store_identity_read(store, &identity, err));
  if (identity.job[0] == '\0' || strcmp(identity.job, tsl_job_name(job)) == 0)
    return TSL_OK;
  return tsl_error_set(err, TSL_BAD_INPUT, tsl_store_folder(store),
                       "the folder holds results of the job '%s', not of '%s'; choose "
                       "another folder with -o",
                       identity.job, tsl_job_name(job));
}
