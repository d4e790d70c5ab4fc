/* What every score on the page means. */
#include "report/figure.h"

#include <stdio.h>

static const struct {
  const char *term;
  const char *text;
} entries[] = {
    {"Informative latent",
     "KL<sub>a</sub> = mean over the points of (&mu;&sup2; + &sigma;&sup2; &minus; "
     "log&nbsp;&sigma;&sup2; &minus; 1)/2 is above the threshold."},
    {"R, Spearman",
     "Absolute rank correlation between the posterior means of latent a of one run and "
     "latent b of the other over the same points, average ranks for ties."},
    {"R, Lasso",
     "Absolute weight of latent a of one run when all its standardised latents predict "
     "latent b of the other: |y &minus; Xw|&sup2;/(2n) + 0.1|w|<sub>1</sub>, solved to "
     "its optimum."},
    {"U, lib",
     "Over informative rows and columns: (mean over b of max<sub>a</sub>&nbsp;R&sup2; / "
     "sum<sub>a</sub>&nbsp;R + mean over a of max<sub>b</sub>&nbsp;R&sup2; / "
     "sum<sub>b</sub>&nbsp;R)/2, as in disentanglement_lib."},
    {"U, eq2",
     "Both sums of U together divided by d<sub>a</sub> + d<sub>b</sub>: equation 2 of "
     "Duan et al. 2020."},
    {"U, eq2full",
     "As eq2, with the inner maximum and sum over all latents, informative or not "
     "(Spearman only)."},
    {"UDR",
     "Of a run: the median of U over the runs compared, this run as the target. Groups: "
     "same setting with other seeds, same family, all (A2A). Of a setting: the median "
     "over its seeds."},
};

static void metric_definitions(const struct tsl__report_data *data,
                               struct tsl_text *out) {
  for (int m = 0; data->has_scores && m < data->scores.metric_count; m++) {
    const struct tsl_metric *metric = tsl_metric_find(data->scores.metric_names[m]);
    if (metric == NULL)
      continue;
    tsl_text_add(out, "<dt>");
    tsl_text_add_html(out, metric->name);
    tsl_text_add(out, "</dt><dd>");
    tsl_text_add_html(out, metric->summary);
    tsl_text_add(out, "</dd>\n");
  }
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  (void)err;
  char buffer[32];
  tsl__section_begin(page, "definitions", "Definitions", "Definitions");
  tsl_text_add(&page->html, "<dl class=\"terms\">\n");
  for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
    tsl_text_format(&page->html, "<dt>%s</dt><dd>%s</dd>\n", entries[i].term,
                    entries[i].text);
  metric_definitions(data, &page->html);
  tsl_text_format(
      &page->html, "</dl>\n<p class=\"def\">Shown here: %s, threshold %s nats",
      tsl_udr_form_word(data->form), tsl__print_quantity(buffer, data->informative_kl));
  if (data->has_latents)
    tsl_text_format(&page->html, ", %lld points", (long long)data->latents.points);
  tsl_text_add(&page->html, ".</p>\n<footer>Written by teasel " TSL_VERSION
                            ". The same figures stand as files in figures/.</footer>\n");
  tsl__section_end(page);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_definitions = {.name = "definitions",
                                                    .write = write};
