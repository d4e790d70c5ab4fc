/* The csv files: scores.csv with a line a run, udr_<group>.csv as the thesis' tables 4.2
 * have them, a line a setting. */
#include "compare/comparison.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add_number(struct tsl_text *out, double value) {
  tsl_text_add(out, ",");
  if (isfinite(value))
    tsl_text_add_number(out, value);
}

static enum tsl_status write_text(const struct tsl__comparison *c,
                                  enum tsl_store_file file, struct tsl_text *text,
                                  struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  tsl_store_path(c->store, file, path);
  enum tsl_status status =
      text->failed ? tsl_error_set(err, TSL_MEMORY, path, "out of memory for the table")
                   : tsl_file_write(path, text->bytes, text->length, err);
  tsl_text_release(text);
  return status;
}

static void add_run_header(struct tsl_text *out, const struct tsl_scores *scores) {
  tsl_text_add(out, "name,family,parameters,seed,outcome,latents,informative");
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    for (int form = 0; form < TSL_UDR_FORM_COUNT; form++)
      for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
        if (scores->udr[s][form][group] != NULL)
          tsl_text_format(out, ",udr_%s_%s_%s",
                          tsl_similarity_word((enum tsl_similarity)s),
                          tsl_udr_form_word((enum tsl_udr_form)form),
                          tsl_udr_group_word((enum tsl_udr_group)group));
  for (int m = 0; m < scores->metric_count; m++)
    tsl_text_format(out, ",%s", scores->metric_names[m]);
  tsl_text_add(out, ",notes\n");
}

static void add_run(struct tsl_text *out, const struct tsl_scores *scores, int index) {
  const struct tsl_score_run *run = &scores->runs[index];
  const char *words[] = {run->name, run->family, run->setting_label};
  for (int i = 0; i < 3; i++) {
    tsl_text_add(out, i > 0 ? "," : "");
    tsl_text_add_csv(out, words[i]);
  }
  tsl_text_format(out, ",%lld,%s,%d,%d", (long long)run->seed, run->outcome, run->latent,
                  run->informative);
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    for (int form = 0; form < TSL_UDR_FORM_COUNT; form++)
      for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
        if (scores->udr[s][form][group] != NULL)
          add_number(out, scores->udr[s][form][group][index]);
  for (int m = 0; m < scores->metric_count; m++)
    add_number(out, scores->metrics[(int64_t)index * scores->metric_count + m]);
  tsl_text_add(out, ",");
  tsl_text_add_csv(out, run->notes);
  tsl_text_add(out, "\n");
}

static enum tsl_status write_runs(const struct tsl__comparison *c,
                                  struct tsl_error *err) {
  struct tsl_text text = {0};
  add_run_header(&text, &c->scores);
  for (int i = 0; i < c->scores.run_count; i++)
    add_run(&text, &c->scores, i);
  return write_text(c, TSL_STORE_SCORES_CSV, &text, err);
}

/* One line of a table. */
struct line {
  int run;    /* the setting's first */
  double top; /* median number of informative latents */
  double udr; /* median over seeds */
};

struct table {
  const struct tsl_scores *scores;
  int64_t *seeds; /* (seed_count), rising */
  int seed_count;
  struct line *lines; /* (line_count) */
  int line_count;
  double *scratch; /* (run_count) */
};

/* Best first; settings without a score last, equal ones in the job's order. */
static int compare_lines(const void *a, const void *b) {
  const struct line *x = a, *y = b;
  if (isnan(x->udr) != isnan(y->udr))
    return isnan(x->udr) ? 1 : -1;
  if (!isnan(x->udr) && x->udr != y->udr)
    return x->udr < y->udr ? 1 : -1;
  return x->run - y->run;
}

static int compare_seeds(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void list_seeds(struct table *table) {
  const struct tsl_scores *scores = table->scores;
  for (int i = 0; i < scores->run_count; i++)
    table->seeds[i] = scores->runs[i].seed;
  qsort(table->seeds, (size_t)scores->run_count, sizeof *table->seeds, compare_seeds);
  for (int i = 0; i < scores->run_count; i++)
    if (i == 0 || table->seeds[i] != table->seeds[table->seed_count - 1])
      table->seeds[table->seed_count++] = table->seeds[i];
}

static void list_settings(struct table *table, const double *udr) {
  const struct tsl_scores *scores = table->scores;
  table->line_count = 0;
  for (int i = 0; i < scores->run_count; i++) {
    bool first = true;
    for (int k = 0; k < i && first; k++)
      first = scores->runs[k].setting != scores->runs[i].setting;
    if (!first)
      continue;
    struct line *line = &table->lines[table->line_count++];
    int count = 0, tops = 0;
    for (int k = i; k < scores->run_count; k++)
      if (scores->runs[k].setting == scores->runs[i].setting &&
          scores->runs[k].latent > 0)
        table->scratch[tops++] = scores->runs[k].informative;
    *line = (struct line){.run = i, .top = tsl_median(table->scratch, tops)};
    for (int k = i; k < scores->run_count; k++)
      if (scores->runs[k].setting == scores->runs[i].setting)
        table->scratch[count++] = udr[k];
    line->udr = tsl_median(table->scratch, count);
  }
  qsort(table->lines, (size_t)table->line_count, sizeof *table->lines, compare_lines);
}

/* UDR of the setting's run with this seed, NaN when there is none. */
static double find_seed(const struct tsl_scores *scores, int setting, int64_t seed,
                        const double *udr) {
  for (int i = 0; i < scores->run_count; i++)
    if (scores->runs[i].setting == setting && scores->runs[i].seed == seed)
      return udr[i];
  return (double)NAN;
}

static void add_block(struct tsl_text *out, struct table *table, int similarity, int form,
                      int group) {
  const struct tsl_scores *scores = table->scores;
  const double *udr = scores->udr[similarity][form][group];
  if (udr == NULL)
    return;
  list_settings(table, udr);
  for (int k = 0; k < table->line_count; k++) {
    const struct line *line = &table->lines[k];
    const struct tsl_score_run *run = &scores->runs[line->run];
    tsl_text_format(out, "%s,%s,%d,",
                    tsl_similarity_word((enum tsl_similarity)similarity),
                    tsl_udr_form_word((enum tsl_udr_form)form), k + 1);
    tsl_text_add_csv(out, run->family);
    tsl_text_add(out, ",");
    tsl_text_add_csv(out, run->setting_label);
    add_number(out, line->top);
    for (int s = 0; s < table->seed_count; s++)
      add_number(out, find_seed(scores, run->setting, table->seeds[s], udr));
    add_number(out, line->udr);
    tsl_text_add(out, "\n");
  }
}

/* A block for each similarity and form, the job's form first; best setting first. */
static enum tsl_status write_group(const struct tsl__comparison *c, struct table *table,
                                   int group, struct tsl_error *err) {
  static const enum tsl_store_file files[] = {
      TSL_STORE_UDR_SETTING_CSV, TSL_STORE_UDR_FAMILY_CSV, TSL_STORE_UDR_ALL_CSV};
  struct tsl_text text = {0};
  int shown = tsl_job_options(c->job)->udr.score;
  tsl_text_add(&text, "similarity,score,rank,family,parameters,#top");
  for (int s = 0; s < table->seed_count; s++)
    tsl_text_format(&text, ",seed=%lld", (long long)table->seeds[s]);
  tsl_text_add(&text, ",udr\n");
  for (int turn = 0; turn < TSL_UDR_FORM_COUNT; turn++) {
    int form = turn == 0 ? shown : turn <= shown ? turn - 1 : turn;
    for (int similarity = 0; similarity < TSL_SIMILARITY_COUNT; similarity++)
      add_block(&text, table, similarity, form, group);
  }
  return write_text(c, files[group], &text, err);
}

enum tsl_status tsl__tables_write(const struct tsl__comparison *c,
                                  struct tsl_error *err) {
  struct table table = {.scores = &c->scores};
  size_t runs = (size_t)c->scores.run_count;
  enum tsl_status status = write_runs(c, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&table.seeds, runs, sizeof *table.seeds, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&table.lines, runs, sizeof *table.lines, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&table.scratch, runs, sizeof *table.scratch, err);
  if (status == TSL_OK)
    list_seeds(&table);
  for (int group = 0; group < TSL_UDR_GROUP_COUNT && status == TSL_OK; group++)
    status = write_group(c, &table, group, err);
  free(table.seeds);
  free(table.lines);
  free(table.scratch);
  return status;
}
