/* What became of the runs: counts, and by name every run that did not simply finish, or
 * that finished with clusters that tell nothing. */
#include "report/figure_log.h"

#include <math.h>
#include <stdio.h>

static const struct {
  enum tsl_outcome outcome;
  const char *title;
  const char *meaning;
} kinds[] = {
    {TSL_OUTCOME_FINISHED, "finished", "trained to the end"},
    {TSL_OUTCOME_DIVERGED, "diverged", "a loss was not finite; training stopped there"},
    {TSL_OUTCOME_COLLAPSED, "collapsed", "no latent was informative at the end"},
    {TSL_OUTCOME_NONE, "missing", "not finished yet: run the job again to go on"},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* What a kind means for the runs that are of it; buffer: of `bytes`. */
static const char *meaning_of(const struct tsl__report_data *data, int kind, char *buffer,
                              size_t bytes) {
  static const char mixture[] =
      "x and w tell nothing: conditional prior and w-prior near 0";
  bool with_clusters = false, without = false;
  if (kinds[kind].outcome != TSL_OUTCOME_COLLAPSED)
    return kinds[kind].meaning;
  for (int i = 0; i < data->run_count; i++) {
    bool clusters = tsl__run_has_clusters(data, i);
    bool collapsed = data->runs[i].record.outcome == TSL_OUTCOME_COLLAPSED;
    with_clusters = with_clusters || (collapsed && clusters);
    without = without || (collapsed && !clusters);
  }
  if (!with_clusters || !without)
    return with_clusters ? mixture : kinds[kind].meaning;
  snprintf(buffer, bytes, "%s; of models with clusters: %s", kinds[kind].meaning,
           mixture);
  return buffer;
}

static void listed(const struct tsl__report_data *data, int kind, struct tsl_text *out) {
  static const struct tsl__column columns[] = {
      {"family", NULL, false},
      {"parameters", NULL, false},
      {"seed", NULL, true},
      {"steps taken", NULL, true},
  };
  char meaning[256];
  tsl_text_format(out, "<details><summary>%s <small>%d run%s</small></summary>",
                  kinds[kind].title, tsl__outcome_count(data, kinds[kind].outcome),
                  tsl__outcome_count(data, kinds[kind].outcome) == 1 ? "" : "s");
  tsl__table_begin(out, meaning_of(data, kind, meaning, sizeof meaning), columns, 4);
  for (int i = 0; i < data->run_count; i++) {
    const struct tsl__report_run *run = &data->runs[i];
    if (run->record.outcome != kinds[kind].outcome)
      continue;
    tsl__row_begin(out, NULL);
    tsl__cell_header(out, data->families[run->family].name);
    tsl__cell_text(out, run->label);
    tsl__cell_quantity(out, (double)run->seed, NULL);
    tsl__cell_quantity(out, (double)run->record.steps, NULL);
    tsl__row_end(out);
  }
  tsl__table_end(out);
  tsl_text_add(out, "</details>\n");
}

/* ---- finished, but the clusters tell nothing ---- */

/* Over the held-out points after training; where there are none, the log's last. */
static double last_term(const struct tsl__report_data *data, int run, const char *name) {
  double value = tsl__report_record_term(&data->runs[run].record, name);
  return isfinite(value) ? value : tsl__log_last(&data->runs[run].log, name);
}

static bool clusters_tell_nothing(const struct tsl__report_data *data, int run) {
  return data->runs[run].record.outcome == TSL_OUTCOME_FINISHED &&
         tsl__run_has_clusters(data, run) &&
         (last_term(data, run, "z_prior") < data->informative_kl ||
          last_term(data, run, "clusters") <= 1);
}

static int count_that_tell_nothing(const struct tsl__report_data *data) {
  int count = 0;
  for (int i = 0; i < data->run_count; i++)
    count += clusters_tell_nothing(data, i);
  return count;
}

static void list_those_that_tell_nothing(const struct tsl__report_data *data, int count,
                                         struct tsl_text *out) {
  static const struct tsl__column columns[] = {
      {"family", NULL, false},
      {"parameters", NULL, false},
      {"seed", NULL, true},
      {"z-prior", "nats, of the held-out points", true},
      {"clusters in use", NULL, true},
  };
  tsl_text_format(out,
                  "<details><summary>finished, clusters tell nothing <small>%d "
                  "run%s</small></summary>",
                  count, count == 1 ? "" : "s");
  tsl__table_begin(out, "Finished runs whose clusters tell nothing", columns, 5);
  for (int i = 0; i < data->run_count; i++) {
    if (!clusters_tell_nothing(data, i))
      continue;
    tsl__row_begin(out, NULL);
    tsl__cell_header(out, data->families[data->runs[i].family].name);
    tsl__cell_text(out, data->runs[i].label);
    tsl__cell_quantity(out, (double)data->runs[i].seed, NULL);
    tsl__cell_quantity(out, last_term(data, i, "z_prior"), NULL);
    tsl__cell_count(out, last_term(data, i, "clusters"));
    tsl__row_end(out);
  }
  tsl__table_end(out);
  tsl_text_add(out, "</details>\n");
}

static void tell_nothing(const struct tsl__report_data *data, int count,
                         struct tsl_text *out) {
  char number[32];
  tsl_text_format(out,
                  "<p><strong>%d</strong> of %d finished, but the clusters tell nothing "
                  "<span class=\"tag warn\">z-prior below %s nats, or all held-out "
                  "points in one cluster</span></p>\n",
                  count, tsl__outcome_count(data, TSL_OUTCOME_FINISHED),
                  tsl__print_quantity(number, data->informative_kl));
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  (void)err;
  struct tsl_text *out = &page->html;
  char meaning[256];
  int nothing = count_that_tell_nothing(data);
  tsl__section_begin(page, "outcomes", "Outcomes", "Outcomes");
  tsl_text_add(out, "<p>");
  for (int k = 0; k < KINDS; k++) {
    int count = tsl__outcome_count(data, kinds[k].outcome);
    if (count == 0 && k > 0)
      continue;
    tsl_text_format(out, "%s<strong>%d</strong> of %d %s", k > 0 ? " &ensp; " : "", count,
                    data->run_count, kinds[k].title);
    if (k > 0)
      tsl_text_format(out, " <span class=\"tag warn\">%s</span>",
                      meaning_of(data, k, meaning, sizeof meaning));
  }
  tsl_text_add(out, "</p>\n");
  if (nothing > 0)
    tell_nothing(data, nothing, out);
  for (int k = 1; k < KINDS; k++)
    if (tsl__outcome_count(data, kinds[k].outcome) > 0)
      listed(data, k, out);
  if (nothing > 0)
    list_those_that_tell_nothing(data, nothing, out);
  tsl__section_end(page);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_outcomes = {.name = "outcomes", .write = write};
