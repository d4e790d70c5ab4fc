/* What became of the runs: counts, and by name every run that did not simply finish. */
#include "report/figure.h"

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

static void listed(const struct tsl__report_data *data, int kind, struct tsl_text *out) {
  static const struct tsl__column columns[] = {
      {"family", NULL, false},
      {"parameters", NULL, false},
      {"seed", NULL, true},
      {"steps taken", NULL, true},
  };
  tsl_text_format(out, "<details><summary>%s <small>%d run%s</small></summary>",
                  kinds[kind].title, tsl__outcome_count(data, kinds[kind].outcome),
                  tsl__outcome_count(data, kinds[kind].outcome) == 1 ? "" : "s");
  tsl__table_begin(out, kinds[kind].meaning, columns, 4);
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

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  (void)err;
  struct tsl_text *out = &page->html;
  tsl__section_begin(page, "outcomes", "Outcomes", "Outcomes");
  tsl_text_add(out, "<p>");
  for (int k = 0; k < KINDS; k++) {
    int count = tsl__outcome_count(data, kinds[k].outcome);
    if (count == 0 && k > 0)
      continue;
    tsl_text_format(out, "%s<strong>%d</strong> of %d %s", k > 0 ? " &ensp; " : "", count,
                    data->run_count, kinds[k].title);
    if (k > 0)
      tsl_text_format(out, " <span class=\"tag warn\">%s</span>", kinds[k].meaning);
  }
  tsl_text_add(out, "</p>\n");
  for (int k = 1; k < KINDS; k++)
    if (tsl__outcome_count(data, kinds[k].outcome) > 0)
      listed(data, k, out);
  tsl__section_end(page);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_outcomes = {.name = "outcomes", .write = write};
