#include "report/figure.h"

#include <math.h>
#include <stdlib.h>

const char *tsl__similarity_title(enum tsl_similarity similarity) {
  return similarity == TSL_SPEARMAN ? "Spearman" : "Lasso";
}

const char *tsl__group_title(enum tsl_udr_group group) {
  static const char *const titles[TSL_UDR_GROUP_COUNT] = {
      "same setting, other seeds", "same family", "all runs (A2A)"};
  return titles[group];
}

int tsl__family_key(const struct tsl__report_data *data, struct tsl__chart *chart,
                    double left, double width, double baseline) {
  int lines = 1;
  double x = 0;
  for (int f = 0; f < data->family_count; f++) {
    double needed = 14 + tsl__chart_text_width(data->families[f].name, 10) + 12;
    if (x > 0 && x + needed > width) {
      x = 0;
      lines++;
    }
    double y = baseline + 14 * (lines - 1);
    if (chart != NULL) {
      tsl__chart_symbol(chart, left + x + 4, y - 3.5, 3.6, f);
      tsl__chart_text(chart, left + x + 12, y, TSL__START, "tx sm",
                      data->families[f].name);
    }
    x += needed;
  }
  return lines;
}

int tsl__scored_runs(const struct tsl__report_data *data, int *order) {
  int count = 0;
  for (int i = 0; i < data->run_count; i++)
    if (data->has_scores && data->runs[i].score >= 0)
      order[count++] = i;
  return count;
}

bool tsl__best_pair(const struct tsl__report_data *data, enum tsl_similarity similarity,
                    int *other, int *target) {
  double best = -HUGE_VAL;
  for (int within = 1; within >= 0 && !(best > -HUGE_VAL); within--)
    for (int k = 0; k < data->run_count; k++)
      for (int i = 0; i < data->run_count; i++) {
        bool fits = data->runs[k].setting == data->best_setting &&
                    data->runs[i].setting == data->best_setting;
        if (k == i || (within && !fits) || !tsl__report_run_may_be_best(data, k) ||
            !tsl__report_run_may_be_best(data, i))
          continue;
        double u = tsl__report_pair(data, similarity, k, i);
        if (u > best && tsl__report_matrix(data, similarity, k, i) != NULL) {
          best = u;
          *other = k;
          *target = i;
        }
      }
  return best > -HUGE_VAL;
}

int tsl__outcome_count(const struct tsl__report_data *data, enum tsl_outcome outcome) {
  int count = 0;
  for (int i = 0; i < data->run_count; i++)
    count += data->runs[i].record.outcome == outcome;
  return count;
}
