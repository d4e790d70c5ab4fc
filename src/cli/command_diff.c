/* teasel diff: whether two results folders hold the same numbers, by the byte. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/job_compare.h"
#include "cli/results_open.h"

#include "teasel/difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: teasel diff A B [--run RUN [--run RUN]]\n\n"
    "Compares two results folders, run by run: outcome, log.csv without clock columns,\n"
    "every tensor of model.h5, latents; then the samples, scores.h5 and the tables.\n"
    "Prints `identical`, or a line for every product that differs with the first step,\n"
    "tensor and index that does, both values and their distance in units in the last\n"
    "place. Differing options and provenance (version, libraries, kernels, data) are\n"
    "told first; they alone make no difference.\n\n"
    "  --run RUN   this run alone: its name, its 8 hex digits, or a beginning of "
    "either;\n"
    "              given twice: the run of A, and the run of B to compare it with\n\n"
    "Runs are paired by name, or where the data or options differ by all of the name\n"
    "but its last 8 digits. Exit code: 0 identical, 1 different, 2 bad input.\n";

struct sides {
  struct tsl_cli_results a, b;
};

/* Length of a run's name without the dash and the 8 digits of its id. */
static size_t label_length(const struct tsl_run *run) {
  const char *dash = strrchr(run->name, '-');
  return dash != NULL ? (size_t)(dash - run->name) : strlen(run->name);
}

/* The run of the other job that is compared with this one; NULL: there is none. */
static const struct tsl_run *partner_of(const struct tsl_job *job,
                                        const struct tsl_run *run) {
  const struct tsl_run *like = NULL;
  const size_t length = label_length(run);
  for (size_t i = 0; i < tsl_job_run_count(job); i++) {
    const struct tsl_run *other = tsl_job_run(job, i);
    if (strcmp(other->name, run->name) == 0)
      return other;
    if (like == NULL && label_length(other) == length &&
        strncmp(other->name, run->name, length) == 0)
      like = other;
  }
  return like;
}

static enum tsl_status compare_pair(const struct sides *sides, const struct tsl_run *one,
                                    const struct tsl_run *other,
                                    struct tsl_difference *out, struct tsl_error *err) {
  const struct tsl_run_place a = {sides->a.store, one->name},
                             b = {sides->b.store, other->name};
  TSL_TRY(tsl_difference_run(&a, &b, out, err));
  return tsl_difference_latents(&a, &b, out, err);
}

static enum tsl_status compare_one(const struct sides *sides, const char *const *wanted,
                                   struct tsl_difference *out, struct tsl_error *err) {
  const struct tsl_run *one = NULL, *other = NULL;
  TSL_TRY(tsl_cli_run_find(sides->a.job, wanted[0], &one, err));
  if (wanted[1] != NULL)
    TSL_TRY(tsl_cli_run_find(sides->b.job, wanted[1], &other, err));
  else
    other = partner_of(sides->b.job, one);
  if (other == NULL)
    return tsl_error_set(err, TSL_BAD_INPUT, tsl_store_folder(sides->b.store),
                         "there is no run like %s; name another with a second --run",
                         one->name);
  TSL_TRY(compare_pair(sides, one, other, out, err));
  if (out->compared == 0 && out->count == 0)
    return tsl_error_set(err, TSL_BAD_INPUT, one->name,
                         "is finished in neither folder, so there is nothing to compare");
  return TSL_OK;
}

static void add_missing(const struct tsl_run *run, bool in_first,
                        struct tsl_difference *out) {
  tsl_text_format(&out->lines, "runs/%s: only in the job of the %s\n", run->name,
                  in_first ? "first" : "second");
  out->count++;
}

static enum tsl_status compare_all(const struct sides *sides, struct tsl_difference *out,
                                   struct tsl_error *err) {
  for (size_t i = 0; i < tsl_job_run_count(sides->a.job); i++) {
    const struct tsl_run *run = tsl_job_run(sides->a.job, i);
    const struct tsl_run *other = partner_of(sides->b.job, run);
    if (other == NULL)
      add_missing(run, /*in_first=*/true, out);
    else
      TSL_TRY(compare_pair(sides, run, other, out, err));
  }
  for (size_t i = 0; i < tsl_job_run_count(sides->b.job); i++) {
    const struct tsl_run *run = tsl_job_run(sides->b.job, i);
    if (partner_of(sides->a.job, run) == NULL)
      add_missing(run, /*in_first=*/false, out);
  }
  TSL_TRY(tsl_difference_tables(sides->a.store, sides->b.store, out, err));
  if (out->compared == 0 && out->count == 0)
    return tsl_error_set(err, TSL_BAD_INPUT, tsl_store_folder(sides->a.store),
                         "no run is finished in either folder, so there is nothing to "
                         "compare");
  return TSL_OK;
}

static enum tsl_status print_result(const struct tsl_difference *difference,
                                    const struct tsl_text *notes, struct tsl_error *err) {
  if (difference->lines.failed || notes->failed)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  if (notes->length > 0)
    fputs(notes->bytes, stdout);
  if (difference->lines.length > 0)
    fputs(difference->lines.bytes, stdout);
  if (difference->count == 0) {
    puts("identical");
    return TSL_OK;
  }
  printf("different: %lld product%s\n", (long long)difference->count,
         difference->count == 1 ? "" : "s");
  return TSL_NOT_SO;
}

static enum tsl_status diff(const struct tsl_cli_arguments *arguments,
                            const char *const *wanted, struct tsl_error *err) {
  struct sides sides = {.a = {.store = NULL}};
  struct tsl_difference difference;
  struct tsl_text notes;
  tsl_difference_init(&difference);
  tsl_text_init(&notes);
  if (wanted != NULL && wanted[0] != NULL && wanted[1] != NULL && wanted[2] != NULL)
    return tsl_error_set(err, TSL_BAD_INPUT, "--run", "is given at most twice");
  enum tsl_status status = tsl_cli_results_open(arguments->words[0], &sides.a, err);
  if (status == TSL_OK)
    status = tsl_cli_results_open(arguments->words[1], &sides.b, err);
  if (status == TSL_OK)
    status = tsl_difference_origin(sides.a.store, sides.b.store, &notes, err);
  if (status == TSL_OK)
    status = tsl_cli_jobs_compare(sides.a.job, sides.b.job, &notes, err);
  if (status == TSL_OK)
    status = wanted != NULL ? compare_one(&sides, wanted, &difference, err)
                            : compare_all(&sides, &difference, err);
  if (status == TSL_OK)
    status = print_result(&difference, &notes, err);
  tsl_text_release(&notes);
  tsl_difference_release(&difference);
  tsl_cli_results_close(&sides.a);
  tsl_cli_results_close(&sides.b);
  return status;
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  const char **wanted = NULL; /* ended by NULL */
  const struct tsl_cli_option options[] = {{.name = "--run", .texts = &wanted},
                                           {.name = NULL}};
  struct tsl_cli_arguments arguments = {0};
  enum tsl_status status =
      tsl_cli_parse(argc, argv, options, /*with_settings=*/false, &arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&arguments, "diff", 2, 2, "A and B", err);
  if (status == TSL_OK)
    status = diff(&arguments, wanted, err);
  free(wanted);
  tsl_cli_arguments_release(&arguments);
  return status == TSL_IO ? TSL_FORMAT : status; /* 1 is an answer here */
}

const struct tsl_command tsl_command_diff = {
    .name = "diff",
    .summary = "whether two results folders hold the same numbers, to the last bit",
    .usage = usage,
    .run = run,
    .one_answers = true,
};
