/* UDR per setting (thesis figures 4.11 to 4.14): a table for each similarity and group.
 */
#include "report/figure.h"

#include "report/report_statistic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEEDS_MAX = 64 };

struct seeds {
  int count;
  int64_t values[SEEDS_MAX]; /* rising */
};

static void collect_seeds(const struct tsl__report_data *data, struct seeds *seeds) {
  seeds->count = 0;
  for (int i = 0; i < data->run_count; i++) {
    int at = 0;
    while (at < seeds->count && seeds->values[at] < data->runs[i].seed)
      at++;
    if ((at < seeds->count && seeds->values[at] == data->runs[i].seed) ||
        seeds->count == SEEDS_MAX)
      continue;
    for (int j = seeds->count; j > at; j--)
      seeds->values[j] = seeds->values[j - 1];
    seeds->values[at] = data->runs[i].seed;
    seeds->count++;
  }
}

struct table {
  enum tsl_similarity similarity;
  enum tsl_udr_group group;
  int best_run;                       /* -1: none */
  int best_setting;                   /* -1: none */
  int family_best[TSL__FAMILIES_MAX]; /* setting, -1: none */
};

static void find_best(const struct tsl__report_data *data, struct table *table) {
  double best = 0, family_best[TSL__FAMILIES_MAX]; /* UDR 0 is nobody's best */
  table->best_run = table->best_setting = -1;
  for (int f = 0; f < data->family_count; f++) {
    table->family_best[f] = -1;
    family_best[f] = 0;
  }
  for (int s = 0; s < data->setting_count; s++) {
    int first = tsl__report_setting_first(data, s);
    double udr = tsl__report_setting_udr(data, table->similarity, table->group, s);
    if (first < 0 || !isfinite(udr) || !tsl__report_setting_may_be_best(data, s))
      continue;
    int family = data->runs[first].family;
    if (udr > family_best[family]) {
      family_best[family] = udr;
      table->family_best[family] = s;
    }
    if (udr > best) {
      best = udr;
      table->best_setting = s;
    }
  }
  best = 0;
  for (int i = 0; i < data->run_count; i++) {
    double udr = tsl__report_udr(data, table->similarity, table->group, i);
    if (udr > best && tsl__report_run_may_be_best(data, i)) {
      best = udr;
      table->best_run = i;
    }
  }
}

static void write_row(const struct tsl__report_data *data, const struct table *table,
                      const struct seeds *seeds, int setting, struct tsl_text *out) {
  int first = tsl__report_setting_first(data, setting);
  if (first < 0)
    return;
  int family = data->runs[first].family;
  bool best = setting == table->best_setting;
  tsl__row_begin(out, best ? "best" : NULL);
  tsl_text_add(out, "<th scope=\"row\">");
  tsl_text_add_html(out, data->families[family].name);
  if (best)
    tsl_text_add(out, "<span class=\"tag\">best</span>");
  else if (table->family_best[family] == setting && data->family_count > 1)
    tsl_text_add(out, "<span class=\"tag\">best of family</span>");
  tsl_text_add(out, "</th>");
  tsl__cell_text(out, data->runs[first].label);
  tsl__cell_count(out, tsl__report_setting_top(data, setting));
  for (int s = 0; s < seeds->count; s++) {
    double udr = NAN;
    bool best_run = false;
    for (int i = 0; i < data->run_count; i++)
      if (data->runs[i].setting == setting && data->runs[i].seed == seeds->values[s]) {
        udr = tsl__report_udr(data, table->similarity, table->group, i);
        best_run = i == table->best_run;
      }
    tsl__cell_score(out, udr, best_run ? "seed best" : "seed");
  }
  double udr = tsl__report_setting_udr(data, table->similarity, table->group, setting);
  char buffer[32];
  if (isfinite(udr)) {
    tsl_text_format(out, "<td class=\"n udr top\" style=\"--part:%.0f%%\" data-v=\"",
                    100 * fmin(fmax(udr, 0), 1));
    tsl_text_add_number(out, udr);
    tsl_text_format(out, "\">%s</td>", tsl__print_score(buffer, udr));
  } else {
    tsl__cell_score(out, udr, "top");
  }
  tsl__row_end(out);
}

static void write_table(const struct tsl__report_data *data, const struct seeds *seeds,
                        enum tsl_similarity similarity, enum tsl_udr_group group,
                        struct tsl_text *out) {
  struct tsl__column columns[SEEDS_MAX + 4] = {
      {"family", NULL, false},
      {"parameters", NULL, false},
      {"#top", "median number of informative latents over the seeds", true},
  };
  char titles[SEEDS_MAX][32], caption[160];
  for (int s = 0; s < seeds->count; s++) {
    snprintf(titles[s], sizeof titles[s], "seed %lld", (long long)seeds->values[s]);
    columns[3 + s] = (struct tsl__column){titles[s], "UDR of this seed's run", true};
  }
  columns[3 + seeds->count] =
      (struct tsl__column){"udr", "median of UDR over the seeds", true};
  struct table table = {.similarity = similarity, .group = group};
  find_best(data, &table);
  snprintf(caption, sizeof caption, "UDR, %s, %s, against %s",
           tsl__similarity_title(similarity),
           tsl_udr_form_word(tsl__report_form(data, similarity)),
           tsl__group_title(group));
  tsl_text_format(
      out, "<details%s><summary>%s <small>%s, against %s</small></summary>\n",
      similarity == data->similarity && group == TSL_UDR_SETTING ? " open" : "",
      tsl__similarity_title(similarity),
      tsl_udr_form_word(tsl__report_form(data, similarity)), tsl__group_title(group));
  tsl__table_begin(out, caption, columns, 4 + seeds->count);
  for (int s = 0; s < data->setting_count; s++)
    write_row(data, &table, seeds, s, out);
  tsl__table_end(out);
  tsl_text_add(out, "</details>\n");
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  (void)err;
  struct seeds seeds;
  bool any = false;
  collect_seeds(data, &seeds);
  tsl__section_begin(page, "udr", "UDR", "UDR per setting");
  tsl__page_definition(
      page, "UDR of a run is the median of U over the runs that it is compared with; the "
            "column <em>udr</em> is the median over seeds. U compares two runs' "
            "informative latents: 1 when each latent of one is matched by exactly one of "
            "the other. Higher is better. The formulas stand under "
            "<a href=\"#definitions\">Definitions</a>. A dash: no score (a run alone in "
            "its group, or not finished).");
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++) {
    enum tsl_similarity similarity = (enum tsl_similarity)s;
    if (!tsl__report_has_similarity(data, similarity))
      continue;
    any = true;
    for (int group = 0; group < TSL_UDR_GROUP_COUNT; group++)
      write_table(data, &seeds, similarity, (enum tsl_udr_group)group, &page->html);
  }
  if (!any)
    tsl__page_absent(page, "No scores yet: they are computed when runs have finished "
                           "(teasel score).");
  tsl__section_end(page);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_udr_tables = {.name = "udr_tables", .write = write};
