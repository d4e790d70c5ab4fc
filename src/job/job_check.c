/* What only several options together, or several runs together, can get wrong. */
#include "job/job_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct tsl__place place_of(const struct tsl__block *block, const char *key,
                                  const char *otherwise) {
  const struct tsl__assignment *found = tsl__assignment_find(&block->effective, key);
  if (found == NULL && otherwise != NULL)
    found = tsl__assignment_find(&block->effective, otherwise);
  return found == NULL ? block->place : found->place;
}

static bool suspect(const struct tsl__assignments *list, const char *prefix) {
  for (int i = 0; i < list->count; i++) {
    if (!list->items[i].usable &&
        strncmp(list->items[i].key, prefix, strlen(prefix)) == 0)
      return true;
  }
  return false;
}

static void check_shards(struct tsl__job_reader *reader, const struct tsl__block *block,
                         const struct tsl_run_options *run) {
  int64_t batch = run->train.batch, shards = run->train.shards;
  bool given = tsl__assignment_find(&block->effective, "train.shards") != NULL;
  struct tsl__place place = place_of(block, "train.shards", "train.batch");
  int64_t widest = 1;
  while (widest * 2 <= shards && batch % (widest * 2) == 0)
    widest *= 2;
  if ((shards & (shards - 1)) != 0)
    tsl__problem(&reader->problems, place,
                 "train.shards: %lld is not a power of two (1, 2, 4, 8 ...)",
                 (long long)shards);
  else if (batch % shards != 0 && given)
    tsl__problem(&reader->problems, place,
                 "train.shards: %lld does not divide train.batch, %lld; %lld would",
                 (long long)shards, (long long)batch, (long long)widest);
  else if (batch % shards != 0)
    tsl__problem(&reader->problems, place,
                 "train.batch: %lld is no multiple of train.shards, %lld by default; set "
                 "train.shards: %lld or another batch",
                 (long long)batch, (long long)shards, (long long)widest);
}

static void check_length(struct tsl__job_reader *reader, const struct tsl__block *block,
                         const struct tsl_run_options *run) {
  struct tsl__place train = block->place;
  for (int i = 0; i < reader->root->count; i++) {
    if (strcmp(reader->root->keys[i]->text, "train") == 0)
      train = reader->root->keys[i]->place;
  }
  if (run->train.iterations > 0 && run->train.epochs > 0)
    tsl__problem(
        &reader->problems, place_of(block, "train.epochs", NULL),
        "train.epochs and train.iterations are both given (the other at %s); "
        "leave one out",
        tsl__place_text(reader->pool, place_of(block, "train.iterations", NULL)));
  else if (run->train.iterations == 0 && run->train.epochs == 0 && !reader->length_meant)
    tsl__problem(&reader->problems, train,
                 "no length of training; give train.iterations or train.epochs");
}

/* The family's own check; one problem a line. */
static void check_family(struct tsl__job_reader *reader, const struct tsl__block *block,
                         const struct tsl_run *run) {
  struct tsl_error err = {0};
  if (run->family->check == NULL || run->network == NULL)
    return;
  run->family->check(run->family_options, &run->options, run->network, &err);
  if (err.status == TSL_OK)
    return;
  if (err.where[0] != '\0')
    tsl__problem(&reader->problems, block->place, "%s: %s: %s", run->family->name,
                 err.where, err.text);
  for (char *line = err.text; line != NULL && err.where[0] == '\0';) {
    char *end = strchr(line, '\n');
    if (end != NULL)
      *end++ = '\0';
    tsl__problem(&reader->problems, block->place, "%s: %s", run->family->name, line);
    line = end;
  }
}

void tsl__run_check(struct tsl__job_reader *reader, const struct tsl__block *block,
                    const struct tsl_run *run) {
  if (!suspect(&reader->job->top, "train.") && !suspect(&block->set, "train.")) {
    check_shards(reader, block, &run->options);
    check_length(reader, block, &run->options);
  }
  check_family(reader, block, run);
}

/* ---- what no run can use ---- */

static const char evaluate_every[] = "train.evaluate_every";

static bool at_place(const struct tsl__assignments *list, struct tsl__place place) {
  const struct tsl__assignment *found = tsl__assignment_find(list, evaluate_every);
  return found != NULL && found->place.line == place.line &&
         found->place.column == place.column &&
         strcmp(found->place.file, place.file) == 0;
}

/* Complains of the option given at this place when none of the blocks first .. end - 1
 * that have it from there holds a run that evaluates. */
static void check_evaluation(struct tsl__job_reader *reader, struct tsl__place place,
                             int first, int end) {
  const struct tsl_job *job = reader->job;
  const struct tsl_family *last = NULL;
  const char *families = NULL;
  for (int i = first; i < end; i++) {
    const struct tsl__block *block = &job->blocks[i];
    if (block->family == NULL || suspect(&block->set, "train."))
      return; /* it might have used it */
    for (int64_t r = 0; r < block->run_count && at_place(&block->effective, place); r++) {
      const struct tsl_run *run = &job->runs[block->first_run + r];
      if (run->options.train.evaluate_every == 0)
        continue;
      if (run->options.train.patience > 0 || run->family->clusters)
        return;
      if (families == NULL)
        families = run->family->name;
      else if (run->family != last)
        families = tsl__pool_format(reader->pool, "%s, %s", families, run->family->name);
      last = run->family;
    }
  }
  if (families != NULL)
    tsl__problem(&reader->problems, place,
                 "%s does nothing for %s without train.patience; give both or leave it "
                 "out",
                 evaluate_every, families);
}

void tsl__unused_check(struct tsl__job_reader *reader) {
  const struct tsl_job *job = reader->job;
  const struct tsl__assignment *top = tsl__assignment_find(&job->top, evaluate_every);
  if (suspect(&job->top, "train."))
    return;
  if (top != NULL)
    check_evaluation(reader, top->place, 0, job->block_count);
  for (int i = 0, end; i < job->block_count; i = end) {
    const struct tsl__assignment *own =
        tsl__assignment_find(&job->blocks[i].set, evaluate_every);
    for (end = i + 1; own != NULL && end < job->block_count &&
                      at_place(&job->blocks[end].set, own->place);)
      end++; /* the families of one block of the file */
    if (own != NULL)
      check_evaluation(reader, own->place, i, end);
  }
}

/* ---- settings and duplicates ---- */

struct mark {
  struct tsl_digest digest;
  int64_t run;
};

static int by_digest(const void *a, const void *b) {
  const struct mark *left = a, *right = b;
  int difference =
      memcmp(left->digest.bytes, right->digest.bytes, sizeof left->digest.bytes);
  return difference != 0 ? difference
                         : (left->run > right->run) - (left->run < right->run);
}

static bool same(const struct mark *a, const struct mark *b) {
  return memcmp(a->digest.bytes, b->digest.bytes, sizeof a->digest.bytes) == 0;
}

static void digest_runs(const struct tsl_job *job, bool with_seed, struct mark *marks) {
  struct tsl_text text;
  tsl_text_init(&text);
  for (int64_t i = 0; i < job->run_count; i++) {
    tsl_text_clear(&text);
    tsl__run_canonical(&job->runs[i], with_seed, &text);
    marks[i].digest = tsl_digest_bytes(text.bytes, text.length);
    marks[i].run = i;
  }
  tsl_text_release(&text);
  qsort(marks, (size_t)job->run_count, sizeof *marks, by_digest);
}

static const struct tsl__block *block_of(const struct tsl_job *job, int64_t run) {
  for (int i = 0; i < job->block_count; i++) {
    const struct tsl__block *block = &job->blocks[i];
    if (run >= block->first_run && run < block->first_run + block->run_count)
      return block;
  }
  return &job->blocks[0];
}

static void describe_run(const struct tsl_run *run, struct tsl_text *out) {
  tsl_text_add(out, run->family->name);
  for (int i = 0; i < run->label_count; i++)
    tsl_text_format(out, " %s=%s", run->labels[i].key, run->labels[i].value);
  tsl_text_format(out, " seed=%lld", (long long)run->options.seed);
}

static void find_duplicates(struct tsl__job_reader *reader, const struct mark *marks) {
  struct tsl_job *job = reader->job;
  for (int64_t i = 1; i < job->run_count; i++) {
    if (!same(&marks[i], &marks[i - 1]))
      continue;
    const struct tsl__block *later = block_of(job, marks[i].run);
    const struct tsl__block *earlier = block_of(job, marks[i - 1].run);
    struct tsl_text text;
    tsl_text_init(&text);
    describe_run(&job->runs[marks[i].run], &text);
    tsl__problem(&reader->problems, later->place,
                 "duplicate run: %s is also made by the block at %s",
                 text.bytes != NULL ? text.bytes : "a run",
                 tsl__place_text(reader->pool, earlier->place));
    tsl_text_release(&text);
  }
}

void tsl__settings_number(struct tsl__job_reader *reader) {
  struct tsl_job *job = reader->job;
  size_t count = (size_t)job->run_count;
  struct mark *marks = count > 0 ? calloc(count, sizeof *marks) : NULL;
  if (marks == NULL) {
    reader->pool->failed = reader->pool->failed || count > 0;
    return;
  }
  digest_runs(job, /*with_seed=*/true, marks);
  find_duplicates(reader, marks);
  digest_runs(job, /*with_seed=*/false, marks);
  /* Equal marks stand together, the earliest run first: point each run at that one, then
   * number in the order of the file. */
  for (int64_t i = 0; i < job->run_count; i++) {
    int64_t first = i > 0 && same(&marks[i], &marks[i - 1])
                        ? job->runs[marks[i - 1].run].setting
                        : marks[i].run;
    job->runs[marks[i].run].setting = (int)first;
  }
  for (int64_t i = 0; i < job->run_count; i++) {
    int64_t first = job->runs[i].setting;
    job->runs[i].setting = first == i ? job->setting_count++ : job->runs[first].setting;
  }
  free(marks);
}
