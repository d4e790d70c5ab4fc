#include "report/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Whether `part` of length `length` stands between commas in the label. */
static bool label_has(const char *label, const char *part, size_t length) {
  for (const char *at = label; at != NULL;) {
    const char *end = strstr(at, ", ");
    size_t here = end != NULL ? (size_t)(end - at) : strlen(at);
    if (here == length && memcmp(at, part, length) == 0)
      return true;
    at = end != NULL ? end + 2 : NULL;
  }
  return false;
}

static bool all_have(const struct tsl__report_data *data, int family, const char *part,
                     size_t length) {
  for (int i = 0; i < data->run_count; i++)
    if (data->runs[i].family == family && !label_has(data->runs[i].label, part, length))
      return false;
  return true;
}

/* The parts of a label that all of the family have, or those that not all have. */
static void take_parts(const struct tsl__report_data *data, int family, const char *label,
                       bool shared, char *buffer, size_t bytes) {
  size_t length = 0;
  buffer[0] = '\0';
  for (const char *at = label; at != NULL && *at != '\0';) {
    const char *end = strstr(at, ", ");
    size_t here = end != NULL ? (size_t)(end - at) : strlen(at);
    if (all_have(data, family, at, here) == shared && length < bytes)
      length += (size_t)snprintf(buffer + length, bytes - length, "%s%.*s",
                                 length > 0 ? ", " : "", (int)here, at);
    at = end != NULL ? end + 2 : NULL;
  }
}

void tsl__setting_short(const struct tsl__report_data *data, int setting, char *buffer,
                        size_t bytes) {
  int first = tsl__report_setting_first(data, setting);
  buffer[0] = '\0';
  if (first < 0)
    return;
  const struct tsl__report_run *run = &data->runs[first];
  take_parts(data, run->family, run->label, false, buffer, bytes);
  if (buffer[0] == '\0')
    snprintf(buffer, bytes, "%s", data->families[run->family].name);
}

void tsl__family_shared(const struct tsl__report_data *data, int family, char *buffer,
                        size_t bytes) {
  buffer[0] = '\0';
  for (int i = 0; i < data->run_count; i++)
    if (data->runs[i].family == family) {
      take_parts(data, family, data->runs[i].label, true, buffer, bytes);
      return;
    }
}

void tsl__run_short(const struct tsl__report_data *data, int run, char *buffer,
                    size_t bytes) {
  char setting[256];
  tsl__setting_short(data, data->runs[run].setting, setting, sizeof setting);
  snprintf(buffer, bytes, "%s, seed %lld", setting, (long long)data->runs[run].seed);
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

bool tsl__run_has_clusters(const struct tsl__report_data *data, int run) {
  return tsl__report_log_column(&data->runs[run].log, "z_prior") >= 0 ||
         isfinite(tsl__report_record_term(&data->runs[run].record, "z_prior"));
}

void tsl__mixtures_say_left_out(const struct tsl__report_data *data,
                                enum tsl__mixture_figure figure, struct tsl__page *page) {
  int count = 0;
  for (int i = 0; i < data->mixture_left_out_count; i++) {
    const struct tsl__mixture_left_out *left = &data->mixtures_left_out[i];
    const bool drawn[] = {left->clouds, left->densities, left->pictures};
    char setting[256];
    if (!drawn[figure])
      continue;
    tsl__setting_short(data, left->setting, setting, sizeof setting);
    if (count++ == 0)
      tsl_text_format(&page->html,
                      "<p class=\"absent\">Only the first %d settings with clusters or "
                      "two latents are drawn; left out: ",
                      TSL__MIXTURES_MAX);
    else
      tsl_text_add(&page->html, "; ");
    tsl_text_add_html(&page->html, setting);
  }
  if (count > 0)
    tsl_text_add(&page->html, ".</p>\n");
}

int tsl__outcome_count(const struct tsl__report_data *data, enum tsl_outcome outcome) {
  int count = 0;
  for (int i = 0; i < data->run_count; i++)
    count += data->runs[i].record.outcome == outcome;
  return count;
}
