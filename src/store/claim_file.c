#include "store/claim_file.h"

#include "base/regular.h"
#include "store/file.h"
#include "store/json.h"
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---- */

static const char run_prefix[] = "claim.", stage_prefix[] = "score.claim.";

static const char *prefix_of(const char *run) {
  return run != NULL ? run_prefix : stage_prefix;
}

static void print_folder(const struct tsl_store *store, const char *run, char *buffer) {
  if (run != NULL)
    snprintf(buffer, TSL_PATH_MAX, "%.3300s/runs/%.500s", store->folder, run);
  else
    snprintf(buffer, TSL_PATH_MAX, "%.3800s", store->folder);
}

char *tsl__claim_path(const struct tsl_store *store, const char *run, int64_t number,
                      char *buffer) {
  char name[64];
  snprintf(name, sizeof name, "%s%lld", prefix_of(run), (long long)number);
  if (run != NULL)
    return tsl_store_run_path(store, run, name, buffer);
  snprintf(buffer, TSL_PATH_MAX, "%.3800s/%s", store->folder, name);
  return buffer;
}

/* The number in a file's name; 0: it is no claim, since none of ours is called so. */
static int64_t number_of(const char *name, const char *prefix) {
  enum { DIGITS_MOST = 18 };
  const size_t length = strlen(prefix);
  if (strncmp(name, prefix, length) != 0)
    return 0;
  const char *digits = name + length;
  const size_t count = strlen(digits);
  if (count == 0 || count > DIGITS_MOST || digits[0] == '0' ||
      strspn(digits, "0123456789") != count)
    return 0;
  return strtoll(digits, NULL, 10);
}

enum tsl_status tsl__claim_highest(const struct tsl_store *store, const char *run,
                                   int64_t *out, struct tsl_error *err) {
  char folder[TSL_PATH_MAX];
  print_folder(store, run, folder);
  *out = 0;
  DIR *entries = opendir(folder);
  if (entries == NULL)
    return errno == ENOENT ? TSL_OK
                           : tsl__io_error(err, folder, "cannot open the folder", errno);
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    int64_t number = number_of(entry->d_name, prefix_of(run));
    *out = number > *out ? number : *out;
  }
  closedir(entries);
  return TSL_OK;
}

void tsl__claim_remove(const struct tsl_store *store, const char *run, int64_t number) {
  char folder[TSL_PATH_MAX];
  print_folder(store, run, folder);
  DIR *entries = opendir(folder);
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    int64_t found = number_of(entry->d_name, prefix_of(run));
    if (found > 0 && found <= number)
      unlinkat(dirfd(entries), entry->d_name, 0);
  }
  closedir(entries);
}

/* ---- content ---- */

/* A network file system says ESTALE of a file that another machine has removed. */
static bool has_vanished(int number) {
  return number == ENOENT || number == ESTALE;
}

enum tsl_status tsl__claim_load(const char *path, struct tsl__claim_content *out,
                                bool *found, struct tsl_error *err) {
  memset(out, 0, sizeof *out);
  *found = true;
  /* Opening is what makes a network file system ask its server. */
  int file = tsl__regular_open(path);
  int failure = file < 0 ? errno : 0;
  while (failure == 0 && out->count < sizeof out->bytes) {
    ssize_t got = read(file, out->bytes + out->count, sizeof out->bytes - out->count);
    if (got == 0)
      break;
    if (got > 0)
      out->count += (size_t)got;
    else if (errno != EINTR)
      failure = errno;
  }
  if (file >= 0)
    close(file);
  /* A link to nothing stays, and says nothing. */
  struct stat link;
  if (failure == ENOENT && lstat(path, &link) == 0)
    return TSL_OK;
  if (!has_vanished(failure))
    return failure != 0 ? tsl__read_error(err, path, failure) : TSL_OK;
  *found = false;
  return TSL_OK;
}

enum tsl_status tsl__claim_store(const char *path, bool exclusive,
                                 const struct tsl__claim_content *content, bool *done,
                                 struct tsl_error *err) {
  /* A pipe that stands there is not waited for. */
  int flags = O_WRONLY | O_NONBLOCK | O_CLOEXEC | (exclusive ? O_CREAT | O_EXCL : 0);
  int file = open(path, flags, 0666);
  int failure = file < 0 ? errno : 0;
  for (size_t written = 0; failure == 0 && written < sizeof content->bytes;) {
    ssize_t put = pwrite(file, content->bytes + written, sizeof content->bytes - written,
                         (off_t)written);
    if (put >= 0)
      written += (size_t)put;
    else if (errno != EINTR)
      failure = errno;
  }
  /* Not synced: closing is what shows it to other machines, and a machine that goes down
   * shall lose its claims. */
  if (file >= 0 && close(file) != 0 && failure == 0)
    failure = errno;
  *done = failure == 0;
  if (failure == 0 || (exclusive ? failure == EEXIST : has_vanished(failure)))
    return TSL_OK;
  if (exclusive && file >= 0)
    unlink(path);
  return tsl__io_error(err, path, "cannot write", failure);
}

void tsl__claim_print(const struct tsl_claim_state *state,
                      const struct tsl_process *process, struct tsl__claim_content *out) {
  struct tsl_text text;
  tsl_text_init(&text);
  tsl_text_format(&text, "{\"beat\": %lld, \"session\": ", (long long)state->beat);
  tsl_text_add_json(&text, state->session);
  tsl_text_add(&text, ", \"host\": ");
  tsl_text_add_json(&text, state->host);
  tsl_text_format(&text, ", \"pid\": %lld, \"started\": %lld, \"place\": ",
                  (long long)process->pid, (long long)process->started);
  tsl_text_add_json(&text, process->place);
  tsl_text_format(&text,
                  ", \"step\": %lld, \"steps_per_second\": ", (long long)state->step);
  tsl_text_add_json_number(&text, state->steps_per_second);
  tsl_text_add(&text, ", \"seconds\": ");
  tsl_text_add_json_number(&text, state->seconds);
  tsl_text_add(&text, ", \"kernels\": ");
  tsl_text_add_json(&text, state->kernels);
  tsl_text_add(&text, "}");
  memset(out->bytes, ' ', sizeof out->bytes);
  out->bytes[sizeof out->bytes - 1] = '\n';
  out->count = sizeof out->bytes;
  /* Too long or no memory: what is there still beats. */
  size_t most = sizeof out->bytes - 1;
  if (text.bytes != NULL)
    memcpy(out->bytes, text.bytes, text.length < most ? text.length : most);
  if (text.bytes == NULL || text.failed || text.length >= most)
    snprintf(out->bytes, sizeof out->bytes, "{\"beat\": %lld, \"session\": \"%.100s\"}",
             (long long)state->beat, state->session);
  tsl_text_release(&text);
}

struct parsing {
  struct tsl_claim_state *state;
  struct tsl_process *process;
};

/* It is shown to people, on terminals. */
static void take_host(struct tsl_claim_state *state, const char *text) {
  snprintf(state->host, sizeof state->host, "%s", text);
  for (char *c = state->host; *c != '\0'; c++) {
    if ((unsigned char)*c < ' ' || *c == 127)
      *c = '?';
  }
}

static void take_leaf(void *context, const char *path, const char *text, bool is_string) {
  const struct parsing *parsing = context;
  struct tsl_claim_state *state = parsing->state;
  double number = is_string || text[0] == '\0' ? (double)NAN : strtod(text, NULL);
  if (strcmp(path, "session") == 0)
    snprintf(state->session, sizeof state->session, "%s", text);
  else if (strcmp(path, "host") == 0)
    take_host(state, text);
  else if (strcmp(path, "kernels") == 0)
    snprintf(state->kernels, sizeof state->kernels, "%s", text);
  else if (strcmp(path, "place") == 0)
    snprintf(parsing->process->place, sizeof parsing->process->place, "%s", text);
  else if (strcmp(path, "pid") == 0)
    state->pid = parsing->process->pid = strtoll(text, NULL, 10);
  else if (strcmp(path, "started") == 0)
    parsing->process->started = strtoll(text, NULL, 10);
  else if (strcmp(path, "beat") == 0)
    state->beat = strtoll(text, NULL, 10);
  else if (strcmp(path, "step") == 0)
    state->step = strtoll(text, NULL, 10);
  else if (strcmp(path, "steps_per_second") == 0)
    state->steps_per_second = number;
  else if (strcmp(path, "seconds") == 0)
    state->seconds = number;
}

void tsl__claim_parse(const struct tsl__claim_content *content,
                      struct tsl_claim_state *state, struct tsl_process *process) {
  struct tsl_process unused;
  struct parsing parsing = {state, process != NULL ? process : &unused};
  *state = (struct tsl_claim_state){.steps_per_second = (double)NAN};
  *parsing.process = (struct tsl_process){.pid = 0};
  /* Half a content says half of it. */
  (void)tsl__json_visit(content->bytes, content->count, take_leaf, &parsing);
}
