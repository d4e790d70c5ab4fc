/* The ledger: what happened to a sweep, when and where. */
#include "store/file.h"
#include "store/store.h"

#include "teasel/date.h"
#include "teasel/log.h"
#include "teasel/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COLUMNS = 8, LINES_MOST = 1 << 20 };
static const char header[] = "time\tevent\trun\tranks\thost\tprocess\tsteps\tnote\n";
/* Between two writings of ledger.tsv, in seconds and in times of the last one's duration:
 * a slow file system with the files of many starts is not to be kept busy. */
static const double join_seconds = 5, join_durations = 200;

static const char *const words[] = {
#define XX(name, word) word,
    TSL_LEDGER_MAP(XX)
#undef XX
};

struct tsl_ledger {
  struct tsl_store store;
  char path[TSL_PATH_MAX]; /* of this process' file */
  char host[TSL_HOST_TEXT];
  int file;     /* -1: not made yet */
  bool torn;    /* the last line may lack its end */
  bool told;    /* that it cannot be written */
  bool changed; /* since ledger.tsv was written */
  double next;  /* time for the next writing, tsl_clock_seconds; 0: at once */
};

/* A file's name from a host's: letters, digits, '-' and '.'. */
static void add_safe(struct tsl_text *text, const char *name) {
  for (const char *c = name; *c != '\0'; c++) {
    bool safe = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                (*c >= '0' && *c <= '9') || *c == '-' || *c == '.';
    tsl_text_format(text, "%c", safe ? *c : '_');
  }
}

static char *folder_path(const struct tsl_store *store, char *buffer) {
  return tsl_store_path(store, TSL_STORE_LEDGERS, buffer);
}

/* path: of the next file of an opened ledger/; false: there is none. */
static bool next_file(DIR *entries, const char *folder, char *path) {
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    const size_t length = strlen(entry->d_name);
    if (length >= 4 && strcmp(entry->d_name + length - 4, ".tsv") == 0 &&
        tsl__path_print(path, TSL_PATH_MAX, NULL, "%s/%s", folder, entry->d_name) ==
            TSL_OK)
      return true;
  }
  return false;
}

enum tsl_status tsl_ledger_open(const struct tsl_store *store, struct tsl_ledger **out,
                                struct tsl_error *err) {
  char folder[TSL_PATH_MAX];
  struct tsl_text name;
  struct tsl_ledger *ledger = calloc(1, sizeof *ledger);
  if (ledger == NULL)
    return tsl_error_set(err, TSL_MEMORY, store->folder, "no memory for the ledger");
  ledger->store = *store;
  ledger->file = -1;
  tsl_host_print(ledger->host);
  tsl_text_init(&name);
  add_safe(&name, ledger->host);
  tsl_text_format(&name, "-%ld-%.0f.tsv", (long)getpid(), tsl_date_now() * 1e3);
  enum tsl_status status =
      name.failed ? tsl_error_set(err, TSL_MEMORY, store->folder, "out of memory")
                  : tsl__path_print(ledger->path, sizeof ledger->path, err, "%s/%s",
                                    folder_path(store, folder), name.bytes);
  tsl_text_release(&name);
  if (status != TSL_OK) {
    free(ledger);
    return status;
  }
  *out = ledger;
  return TSL_OK;
}

/* A cell: no tabs, no ends of lines, no other control characters. */
static void add_cell(struct tsl_text *text, const char *value, const char *end) {
  for (const char *c = value; *c != '\0';) {
    size_t plain = 0;
    while ((unsigned char)c[plain] >= 0x20 && c[plain] != 0x7f)
      plain++;
    tsl_text_add_bytes(text, c, plain);
    c += plain;
    if (*c == '\0')
      break;
    tsl_text_add(text, " ");
    c++;
  }
  tsl_text_add(text, end);
}

static void print_line(const struct tsl_ledger *ledger,
                       const struct tsl_ledger_entry *entry, struct tsl_text *line) {
  char date[TSL_DATE_TEXT], ranks[TSL_RANKS_TEXT] = "";
  if (entry->ranks != NULL)
    tsl_ranks_print(ranks, entry->ranks, entry->width);
  add_cell(line, tsl_date_print(date, tsl_date_now()), "\t");
  add_cell(line, words[entry->event], "\t");
  add_cell(line, entry->run != NULL ? entry->run : "", "\t");
  add_cell(line, ranks, "\t");
  add_cell(line, ledger->host, "\t");
  tsl_text_format(line, "%ld\t", (long)getpid());
  if (entry->steps >= 0)
    tsl_text_format(line, "%lld", (long long)entry->steps);
  tsl_text_add(line, "\t");
  add_cell(line, entry->note != NULL ? entry->note : "", "\n");
}

static enum tsl_status make_file(struct tsl_ledger *ledger, struct tsl_error *err) {
  char folder[TSL_PATH_MAX];
  TSL_TRY(tsl_folder_add(folder_path(&ledger->store, folder), err));
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC;
  ledger->file = open(ledger->path, flags, 0666);
  if (ledger->file < 0)
    return tsl__io_error(err, ledger->path, "cannot write", errno);
  return TSL_OK;
}

static enum tsl_status append(struct tsl_ledger *ledger, const char *bytes, size_t count,
                              struct tsl_error *err) {
  while (count > 0) {
    ssize_t put = write(ledger->file, bytes, count);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return tsl__io_error(err, ledger->path, "cannot write", errno);
    ledger->torn = true;
    bytes += put;
    count -= (size_t)put;
  }
  ledger->torn = false;
  if (fsync(ledger->file) != 0 && errno != EINVAL)
    return tsl__io_error(err, ledger->path, "cannot sync", errno);
  return TSL_OK;
}

/* ---- reading: all files' whole lines in the order of their dates ---- */

struct line {
  const char *text; /* ends before '\n' */
  size_t length, order;
  double date;
};

static bool is_whole(const char *text, size_t length, double *date) {
  char start[TSL_DATE_TEXT] = "";
  int tabs = 0;
  size_t first = length;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '\t' && tabs++ == 0)
      first = i;
  }
  if (tabs != COLUMNS - 1 || first >= sizeof start)
    return false;
  memcpy(start, text, first);
  return tsl_date_parse(start, date); /* a header has no date */
}

static int by_date(const void *a, const void *b) {
  const struct line *one = a, *other = b;
  if (one->date != other->date)
    return one->date < other->date ? -1 : 1;
  return one->order < other->order ? -1 : one->order > other->order;
}

/* All files below ledger/, one behind the other. */
static enum tsl_status read_files(const struct tsl_store *store, struct tsl_text *all,
                                  int64_t *bytes_read, struct tsl_error *err) {
  char folder[TSL_PATH_MAX], path[TSL_PATH_MAX];
  DIR *entries = opendir(folder_path(store, folder));
  enum tsl_status status = TSL_OK;
  if (entries == NULL)
    return TSL_OK; /* nothing happened yet */
  while (status == TSL_OK && next_file(entries, folder, path)) {
    char *bytes = NULL;
    size_t count = 0;
    status = tsl_file_read(path, &bytes, &count, err);
    if (status == TSL_OK)
      tsl_text_add_bytes(all, bytes, count);
    *bytes_read += (int64_t)count;
    tsl_text_add(all, "\n"); /* behind a line that lacks its end */
    free(bytes);
  }
  closedir(entries);
  if (status == TSL_OK && all->failed)
    status = tsl_error_set(err, TSL_MEMORY, folder, "no memory for the ledger");
  return status;
}

static size_t take_lines(const struct tsl_text *all, struct line *lines, size_t most) {
  size_t count = 0;
  for (const char *next = all->bytes, *end; next != NULL && count < most;
       next = end + 1) {
    end = memchr(next, '\n', all->length - (size_t)(next - all->bytes));
    if (end == NULL)
      break;
    struct line *line = &lines[count];
    *line = (struct line){.text = next, .length = (size_t)(end - next), .order = count};
    count += is_whole(next, line->length, &line->date);
  }
  return count;
}

static enum tsl_status read_ledger(const struct tsl_store *store, struct tsl_text *out,
                                   int64_t *bytes_read, struct tsl_error *err) {
  struct tsl_text all;
  struct line *lines = NULL;
  size_t most = 1;
  tsl_text_init(&all);
  enum tsl_status status = read_files(store, &all, bytes_read, err);
  for (size_t i = 0; i < all.length && most < LINES_MOST; i++)
    most += all.bytes[i] == '\n';
  if (status == TSL_OK)
    status = tsl_allocate((void **)&lines, most, sizeof *lines, err);
  if (status == TSL_OK) {
    size_t count = take_lines(&all, lines, most);
    qsort(lines, count, sizeof *lines, by_date);
    tsl_text_add(out, header);
    for (size_t i = 0; i < count; i++) {
      tsl_text_add_bytes(out, lines[i].text, lines[i].length);
      tsl_text_add(out, "\n");
    }
    if (out->failed)
      status = tsl_error_set(err, TSL_MEMORY, store->folder, "no memory for the ledger");
  }
  free(lines);
  tsl_text_release(&all);
  return status;
}

enum tsl_status tsl_store_ledger_read(const struct tsl_store *store, struct tsl_text *out,
                                      struct tsl_error *err) {
  int64_t bytes_read = 0;
  return read_ledger(store, out, &bytes_read, err);
}

bool tsl_store_ledger_tells(const struct tsl_store *store, enum tsl_ledger_event event,
                            const char *run) {
  struct tsl_text all, cells;
  int64_t bytes_read = 0;
  tsl_text_init(&all);
  tsl_text_init(&cells);
  tsl_text_format(&cells, "\t%s\t%s\t", words[event], run);
  const bool tells = read_files(store, &all, &bytes_read, NULL) == TSL_OK &&
                     all.bytes != NULL && !cells.failed &&
                     strstr(all.bytes, cells.bytes) != NULL;
  tsl_text_release(&all);
  tsl_text_release(&cells);
  return tells;
}

/* ---- writing ledger.tsv ---- */

/* Bytes of all files below ledger/, by opening them, which shows what other machines have
 * written. */
static int64_t count_bytes(const struct tsl_store *store) {
  char folder[TSL_PATH_MAX], path[TSL_PATH_MAX];
  DIR *entries = opendir(folder_path(store, folder));
  int64_t bytes = 0;
  if (entries == NULL)
    return 0;
  while (next_file(entries, folder, path)) {
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && fstat(file, &about) == 0)
      bytes += about.st_size;
    if (file >= 0)
      close(file);
  }
  closedir(entries);
  return bytes;
}

/* What another process wrote into its file and into ledger.tsv while this one put them
 * together would be missing in this one's. */
static bool join_files(const struct tsl_store *store) {
  enum { ROUNDS_MOST = 3 };
  char path[TSL_PATH_MAX];
  bool joined = false, same = false;
  for (int i = 0; i < ROUNDS_MOST && !same; i++) {
    struct tsl_text text;
    int64_t bytes = 0;
    tsl_text_init(&text);
    joined = read_ledger(store, &text, &bytes, NULL) == TSL_OK &&
             tsl__file_replace(tsl_store_path(store, TSL_STORE_LEDGER, path), text.bytes,
                               text.length, NULL) == TSL_OK;
    tsl_text_release(&text);
    same = !joined || count_bytes(store) == bytes;
  }
  return joined;
}

static void join(struct tsl_ledger *ledger, bool now) {
  const double begun = tsl_clock_seconds();
  if (!ledger->changed || (!now && begun < ledger->next))
    return;
  ledger->changed = !join_files(&ledger->store);
  const double end = tsl_clock_seconds(), duration = end - begun;
  const double pause = join_durations * duration;
  ledger->next = end + (pause > join_seconds ? pause : join_seconds);
}

void tsl_ledger_tick(struct tsl_ledger *ledger) {
  if (ledger != NULL)
    join(ledger, /*now=*/false);
}

void tsl_ledger_join(struct tsl_ledger *ledger) {
  if (ledger != NULL)
    join(ledger, /*now=*/true);
}

void tsl_ledger_add(struct tsl_ledger *ledger, const struct tsl_ledger_entry *entry) {
  struct tsl_error why = {0};
  struct tsl_text line;
  if (ledger == NULL)
    return;
  tsl_text_init(&line);
  tsl_text_add(&line, ledger->torn ? "\n" : "");
  if (ledger->file < 0)
    tsl_text_add(&line, header);
  print_line(ledger, entry, &line);
  enum tsl_status status =
      line.failed ? tsl_error_set(&why, TSL_MEMORY, ledger->path, "out of memory")
                  : TSL_OK;
  if (status == TSL_OK && ledger->file < 0)
    status = make_file(ledger, &why);
  if (status == TSL_OK)
    status = append(ledger, line.bytes, line.length, &why);
  tsl_text_release(&line);
  if (status != TSL_OK && !ledger->told)
    tsl_log(TSL_LOG_NORMAL, "the ledger is not complete: %s: %s", why.where, why.text);
  ledger->told = ledger->told || status != TSL_OK;
  ledger->changed = true;
  tsl_ledger_tick(ledger);
}

void tsl_ledger_close(struct tsl_ledger *ledger) {
  if (ledger == NULL)
    return;
  tsl_ledger_join(ledger);
  if (ledger->file >= 0)
    close(ledger->file);
  free(ledger);
}
