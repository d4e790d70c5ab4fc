/* What every score on the page means. */
#include "report/figure.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *metric; /* part of a metric's name; NULL: always shown */
  const char *term;
  const char *text;
} entries[] = {
    {NULL, "Informative latent",
     "KL<sub>a</sub> = mean over the points of (&mu;&sup2; + &sigma;&sup2; &minus; "
     "log&nbsp;&sigma;&sup2; &minus; 1)/2 is above the threshold."},
    {NULL, "R, Spearman",
     "Absolute rank correlation between the posterior means of latent a of one run and "
     "latent b of the other over the same points, average ranks for ties."},
    {NULL, "R, Lasso",
     "Absolute weight of latent a of one run when all its standardised latents predict "
     "latent b of the other: |y &minus; Xw|&sup2;/(2n) + 0.1|w|<sub>1</sub>, solved to "
     "its optimum."},
    {NULL, "U, lib",
     "Over informative rows and columns: (mean over b of max<sub>a</sub>&nbsp;R&sup2; / "
     "sum<sub>a</sub>&nbsp;R + mean over a of max<sub>b</sub>&nbsp;R&sup2; / "
     "sum<sub>b</sub>&nbsp;R)/2, as in disentanglement_lib."},
    {NULL, "U, eq2",
     "Both sums of U together divided by d<sub>a</sub> + d<sub>b</sub>: equation 2 of "
     "Duan et al. 2020."},
    {NULL, "U, eq2full",
     "As eq2, with the inner maximum and sum over all latents, informative or not "
     "(Spearman only)."},
    {NULL, "UDR",
     "Of a run: the median of U over the runs compared, this run as the target. Groups: "
     "same setting with other seeds, same family, all (A2A). Of a setting: the median "
     "over its seeds."},
    {"silhouette", "Silhouette",
     "Mean over points of (b &minus; a)/max(a, b), a the mean distance to the own class, "
     "b to the nearest other; &minus;1 to 1."},
    {"davies", "Davies-Bouldin",
     "Mean over classes of the worst ratio of spreads to centre distance; smaller is "
     "better."},
    {"calinski", "Calinski-Harabasz",
     "Dispersion between classes over dispersion within, each by its degrees of "
     "freedom."},
    {"accuracy", "Accuracy",
     "Share of points whose cluster got their label: from the cluster's most certain "
     "point (Makhzani et al.), by majority, or by the best one-to-one match "
     "(Hungarian)."},
    {"nmi", "NMI", "Mutual information of clusters and labels over their mean entropy."},
    {"ari", "ARI", "Rand index, adjusted for chance."},
    {"mig", "MIG",
     "Mean over factors of the gap between the two latents with the most mutual "
     "information, over the factor's entropy; 20 bins a latent."},
    {"beta_vae", "beta-VAE score",
     "Accuracy of a linear classifier that tells the fixed factor from the mean absolute "
     "difference of 64 pairs."},
    {"factor_vae", "FactorVAE score",
     "Accuracy of a majority vote that tells the fixed factor from the latent of least "
     "variance ratio among 64 points."},
    {"sap", "SAP",
     "Mean over factors of the gap between the two latents that predict it best alone."},
    {"modularity", "Modularity",
     "Mean over latents of how far its mutual information is with one factor alone."},
};

static bool shown(const struct tsl__report_data *data, const char *metric) {
  if (metric == NULL)
    return true;
  for (int m = 0; data->has_scores && m < data->scores.metric_count; m++)
    if (strstr(data->scores.metric_names[m], metric) != NULL)
      return true;
  return false;
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  (void)err;
  char buffer[32];
  tsl__section_begin(page, "definitions", "Definitions", "Definitions");
  tsl_text_add(&page->html, "<dl class=\"terms\">\n");
  for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
    if (shown(data, entries[i].metric))
      tsl_text_format(&page->html, "<dt>%s</dt><dd>%s</dd>\n", entries[i].term,
                      entries[i].text);
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
