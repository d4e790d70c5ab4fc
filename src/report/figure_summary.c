/* Name, data set, what was run, and the best of each family. */
#include "report/figure.h"

#include <math.h>
#include <stdio.h>

static void facts(const struct tsl__report_data *data, struct tsl_text *out) {
  tsl_text_add(out, "<dl class=\"facts\">");
  for (int i = 0; i < data->fact_count; i++) {
    tsl_text_add(out, "<div><dt>");
    tsl_text_add_html(out, data->facts[i].term);
    tsl_text_add(out, "</dt><dd>");
    tsl_text_add_html(out, data->facts[i].text);
    tsl_text_add(out, "</dd></div>");
  }
  tsl_text_add(out, "</dl>\n");
}

/* True when some other run agrees with it at all: best of nothing is not marked. */
static bool agrees(const struct tsl__report_data *data, int run) {
  for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
    if (tsl__report_udr(data, data->similarity, (enum tsl_udr_group)group, run) > 0)
      return true;
  return false;
}

static void family_row(const struct tsl__report_data *data, int family,
                       struct tsl_text *out) {
  int best = data->families[family].best_run;
  bool overall = best >= 0 && best == data->best_run && agrees(data, best);
  tsl__row_begin(out, overall ? "best" : NULL);
  tsl_text_format(out,
                  "<th scope=\"row\"><svg class=\"key\" viewBox=\"0 0 10 10\" "
                  "aria-hidden=\"true\"><rect class=\"f%d\" width=\"10\" "
                  "height=\"10\"/></svg>",
                  family % TSL__SERIES_COUNT);
  tsl_text_add_html(out, data->families[family].name);
  tsl_text_add(out, overall ? "<span class=\"tag\">best</span></th>" : "</th>");
  if (best < 0) {
    tsl__cell_text(out, "no run with a score");
    for (int i = 0; i < 6; i++)
      tsl__cell_score(out, NAN, NULL);
  } else {
    const struct tsl__report_run *run = &data->runs[best];
    int latents = tsl__report_latent_count(data, best), informative = 0;
    for (int i = 0; i < latents; i++)
      informative += tsl__report_is_informative(data, best, i);
    tsl__cell_text(out, run->label);
    tsl__cell_quantity(out, (double)run->seed, NULL);
    tsl__cell_score(out, tsl__report_udr(data, data->similarity, TSL_UDR_SETTING, best),
                    NULL);
    tsl__cell_score(out, tsl__report_udr(data, data->similarity, TSL_UDR_ALL, best),
                    NULL);
    tsl__cell_quantity(out, latents > 0 ? informative : (double)NAN, NULL);
    tsl__cell_quantity(out, tsl__report_record_term(&run->record, "reconstruction"),
                       NULL);
    tsl__cell_quantity(out, tsl__report_record_term(&run->record, "kl"), NULL);
  }
  tsl__row_end(out);
}

static void best_setting(const struct tsl__report_data *data, struct tsl_text *out) {
  int first = tsl__report_setting_first(data, data->best_setting);
  if (first < 0)
    return;
  char buffer[32];
  double udr = tsl__report_setting_udr(data, data->similarity, TSL_UDR_SETTING,
                                       data->best_setting);
  tsl_text_add(out, "<p>Most disentangled setting by UDR: <strong>");
  tsl_text_add_html(out, data->families[data->runs[first].family].name);
  tsl_text_add(out, " ");
  tsl_text_add_html(out, data->runs[first].label);
  tsl_text_format(out, "</strong>, median over its seeds %s.",
                  tsl__print_score(buffer, udr));
  tsl_text_add(out, "</p>\n");
}

/* Runs that were finished after the scores were made take no part in what is best. */
static void say_unscored(const struct tsl__report_data *data, struct tsl__page *page) {
  int count = 0;
  char text[160];
  for (int i = 0; data->has_scores && i < data->run_count; i++) {
    const int score = data->runs[i].score;
    const bool scored = score >= 0 && data->scores.runs[score].latent > 0;
    count += data->runs[i].record.outcome != TSL_OUTCOME_NONE && !scored;
  }
  if (count == 0)
    return;
  snprintf(text, sizeof text,
           "The scores are without %d run%s that %s finished later: teasel score makes "
           "them of all.",
           count, count == 1 ? "" : "s", count == 1 ? "was" : "were");
  tsl__page_absent(page, text);
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  (void)err;
  static const struct tsl__column columns[] = {
      {"family", NULL, false},
      {"parameters of its best run", NULL, false},
      {"seed", NULL, true},
      {"udr", "UDR against the other seeds of the same setting", true},
      {"udr all", "UDR against all other runs", true},
      {"informative", "latents whose KL is above the threshold", true},
      {"reconstruction", "held-out reconstruction term after training", true},
      {"KL", "held-out KL divergence after training, nats", true},
  };
  struct tsl_text *out = &page->html;
  tsl_text_add(out, "<header id=\"summary\"><h1>");
  tsl_text_add_html(out, data->job_name);
  tsl_text_format(out,
                  "</h1>\n<p class=\"lead\">%d run%s of %d setting%s and %d model "
                  "famil%s on <strong>",
                  data->run_count, data->run_count == 1 ? "" : "s", data->setting_count,
                  data->setting_count == 1 ? "" : "s", data->family_count,
                  data->family_count == 1 ? "y" : "ies");
  tsl_text_add_html(out, data->dataset_name);
  tsl_text_add(out, "</strong></p>\n");
  tsl_text_add(&page->contents, "<a href=\"#summary\">Summary</a> ");
  best_setting(data, out);
  say_unscored(data, page);
  if (data->family_count > 0) {
    char caption[160];
    snprintf(caption, sizeof caption,
             "Best run of each family by UDR (%s, %s); held-out losses in nats.",
             tsl__similarity_title(data->similarity),
             tsl_udr_form_word(tsl__report_form(data, data->similarity)));
    tsl__table_begin(out, caption, columns, 8);
    for (int f = 0; f < data->family_count; f++)
      family_row(data, f, out);
    tsl__table_end(out);
  }
  facts(data, out);
  tsl_text_add(out, "</header>\n");
  return TSL_OK;
}

const struct tsl__figure tsl__figure_summary = {.name = "summary", .write = write};
