/* Every run with its scores: the table to look things up in. */
#include "report/figure.h"

#include <math.h>

static void write_row(const struct tsl__report_data *data, int i, struct tsl_text *out) {
  const struct tsl__report_run *run = &data->runs[i];
  bool scored = run->score >= 0 && data->has_scores;
  tsl__row_begin(out, i == data->best_run ? "best" : NULL);
  tsl__cell_header(out, run->name);
  tsl__cell_text(out, tsl_outcome_word(run->record.outcome));
  tsl__cell_quantity(
      out, scored ? data->scores.runs[run->score].informative : (double)NAN, NULL);
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
    for (int g = 0; g < TSL_UDR_GROUP_COUNT; g += TSL_UDR_ALL)
      tsl__cell_score(
          out, tsl__report_udr(data, (enum tsl_similarity)s, (enum tsl_udr_group)g, i),
          NULL);
  tsl__cell_quantity(out, tsl__report_record_term(&run->record, "reconstruction"), NULL);
  tsl__cell_quantity(out, tsl__report_record_term(&run->record, "kl"), NULL);
  tsl__cell_quantity(out,
                     run->record.outcome == TSL_OUTCOME_NONE ? (double)NAN
                                                             : (double)run->record.steps,
                     NULL);
  tsl__cell_text(out, scored ? data->scores.runs[run->score].notes : "");
  tsl__row_end(out);
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  (void)err;
  static const struct tsl__column columns[] = {
      {"run", NULL, false},
      {"outcome", NULL, false},
      {"informative", "latents whose KL is above the threshold", true},
      {"Spearman", "UDR, Spearman, against the same setting", true},
      {"Spearman all", "UDR, Spearman, against all runs", true},
      {"Lasso", "UDR, Lasso, against the same setting", true},
      {"Lasso all", "UDR, Lasso, against all runs", true},
      {"reconstruction", "held-out reconstruction term after training", true},
      {"KL", "held-out KL divergence after training, nats", true},
      {"steps", NULL, true},
      {"notes", "why scores are missing", false},
  };
  tsl__section_begin(page, "runs", "Runs", "All runs");
  tsl_text_format(&page->html,
                  "<details><summary>Every run <small>%d</small></summary>\n",
                  data->run_count);
  tsl__table_begin(&page->html, "Every run with its scores; held-out losses in nats",
                   columns, 11);
  for (int i = 0; i < data->run_count; i++)
    write_row(data, i, &page->html);
  tsl__table_end(&page->html);
  tsl_text_add(&page->html, "</details>\n");
  tsl__section_end(page);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_runs = {.name = "runs", .write = write};
