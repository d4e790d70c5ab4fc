/* Accuracy of the clusters of each setting and how many are in use, beside what others
 * found (Dilokthanakul et al. 2016, table 1) and beside the baselines. */
#include "report/figure_log.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METRICS = TSL__CLUSTER_METRICS, USED = 1, COLUMNS_MAX = 32 };

struct summary {
  int runs;
  double best, mean, deviation;
};

/* A setting, or a baseline. */
struct row {
  const char *family;
  char parameters[320];
  struct summary of[METRICS];
  const struct tsl__reference *others[METRICS]; /* NULL: nothing is known */
};

struct table {
  struct row *rows; /* (count) */
  int count;
  bool has[METRICS]; /* some row has a value */
  bool others_mean[METRICS], others_best[METRICS], others_runs[METRICS];
  const char *source; /* of what others found; NULL: nothing of theirs is shown */
  bool one_source;    /* of all of it: told above the table */
};

/* What is known of some runs; values that are not finite are left out. deviation: of the
 * sample, runs - 1 below the line. */
static struct summary summarise_values(const double *values, int count) {
  struct summary out = {0, (double)NAN, (double)NAN, (double)NAN};
  double sum = 0, squares = 0;
  for (int i = 0; i < count; i++) {
    if (!isfinite(values[i]))
      continue;
    out.best = out.runs == 0 ? values[i] : fmax(out.best, values[i]);
    out.runs++;
    sum += values[i];
  }
  if (out.runs == 0)
    return out;
  out.mean = sum / out.runs;
  for (int i = 0; i < count; i++)
    if (isfinite(values[i]))
      squares += (values[i] - out.mean) * (values[i] - out.mean);
  if (out.runs > 1)
    out.deviation = sqrt(squares / (out.runs - 1));
  return out;
}

/* values: (run_count) scratch */
static struct summary summarise(const struct tsl__report_data *data, int setting,
                                const char *metric, double *values) {
  int count = 0;
  for (int i = 0; i < data->run_count; i++)
    if (data->runs[i].setting == setting &&
        data->runs[i].record.outcome != TSL_OUTCOME_NONE)
      values[count++] = tsl__log_last(&data->runs[i].log, metric);
  return summarise_values(values, count);
}

static const struct tsl__reference *reference_of(const struct tsl__report_data *data,
                                                 int setting, const char *metric) {
  const struct tsl__references *references = &data->references;
  for (int i = 0; i < references->count; i++)
    if (references->list[i].setting == setting &&
        strcmp(references->list[i].metric, metric) == 0)
      return &references->list[i];
  return NULL;
}

/* ---- rows ---- */

/* The parameters that a setting does not share with all of its family; "" : none. */
static void own_parameters(const struct tsl__report_data *data, int setting, char *text,
                           size_t bytes) {
  char shared[256];
  int first = tsl__report_setting_first(data, setting);
  tsl__family_shared(data, data->runs[first].family, shared, sizeof shared);
  if (strcmp(shared, data->runs[first].label) == 0)
    text[0] = '\0';
  else
    tsl__setting_short(data, setting, text, bytes);
}

static void add_settings(const struct tsl__report_data *data, double *values,
                         struct table *table) {
  for (int s = 0; s < data->setting_count; s++) {
    struct row *row = &table->rows[table->count];
    int first = tsl__report_setting_first(data, s);
    bool any = false;
    for (int m = 0; first >= 0 && m < METRICS; m++) {
      row->of[m] = summarise(data, s, tsl__cluster_metrics[m], values);
      row->others[m] = reference_of(data, s, tsl__cluster_metrics[m]);
      any = any || row->of[m].runs > 0;
    }
    if (!any)
      continue;
    row->family = data->families[data->runs[first].family].name;
    own_parameters(data, s, row->parameters, sizeof row->parameters);
    table->count++;
  }
}

/* clusters.csv parts a setting's parameters by spaces, labels by commas. */
static bool same_parameters(const char *label, const char *parameters) {
  for (; *label != '\0'; label++)
    if (*label != ',' && *label != *parameters++)
      return false;
  return *parameters == '\0';
}

static void baseline_text(const struct tsl__report_data *data,
                          const struct tsl__baseline_group *group, char *text,
                          size_t bytes) {
  char own[256];
  snprintf(own, sizeof own, "%s", group->parameters);
  for (int i = 0; i < data->run_count; i++)
    if (strcmp(data->families[data->runs[i].family].name, group->family) == 0 &&
        same_parameters(data->runs[i].label, group->parameters)) {
      own_parameters(data, data->runs[i].setting, own, sizeof own);
      break;
    }
  snprintf(text, bytes, "%d clusters of %s%s%s%s", group->clusters,
           group->family[0] != '\0' ? "latents of " : "the data", group->family,
           own[0] != '\0' ? " " : "", own);
  size_t length = strlen(text);
  if (group->left_out > 0 && length < bytes)
    snprintf(text + length, bytes - length, ", first %d of %d runs", group->runs,
             group->runs + group->left_out);
}

static void add_baselines(const struct tsl__report_data *data, struct table *table) {
  for (int i = 0; i < data->baseline_count; i++) {
    const struct tsl__baseline_group *group = &data->baselines[i];
    struct row *row = &table->rows[table->count++];
    row->family = strcmp(group->method, "kmeans") == 0 ? "k-means" : "Gaussian mixture";
    baseline_text(data, group, row->parameters, sizeof row->parameters);
    for (int m = 0; m < METRICS; m++)
      row->of[m] = summarise_values(group->values[m], group->runs);
  }
}

static void find_columns(struct table *table) {
  for (int i = 0; i < table->count; i++)
    for (int m = 0; m < METRICS; m++) {
      const struct tsl__reference *others = table->rows[i].others[m];
      table->has[m] = table->has[m] || table->rows[i].of[m].runs > 0;
      if (others == NULL)
        continue;
      table->others_mean[m] = table->others_mean[m] || isfinite(others->mean);
      table->others_best[m] = table->others_best[m] || isfinite(others->best);
      table->others_runs[m] = table->others_runs[m] || isfinite(others->runs);
    }
}

/* One text, or none, of all that others found. */
static void find_source(struct table *table) {
  table->one_source = true;
  for (int i = 0; i < table->count; i++)
    for (int m = 0; m < METRICS; m++) {
      const struct tsl__reference *others = table->rows[i].others[m];
      if (others == NULL)
        continue;
      if (table->source == NULL)
        table->source = others->source;
      else if (strcmp(table->source, others->source) != 0)
        table->one_source = false;
    }
}

static bool any_others(const struct table *table, int metric) {
  return table->others_mean[metric] || table->others_best[metric] ||
         table->others_runs[metric];
}

/* ---- what is written ---- */

struct head {
  struct tsl__column columns[COLUMNS_MAX];
  const char *groups[COLUMNS_MAX];
  int count;
};

static void add_column(struct head *head, const char *group, const char *title,
                       const char *help, bool number) {
  head->groups[head->count] = group;
  head->columns[head->count++] = (struct tsl__column){title, help, number};
}

static void find_head(const struct table *table, struct head *head) {
  static const char *const others[METRICS] = {"acc_makhzani, others", "clusters, others",
                                              "acc_majority, others",
                                              "acc_hungarian, others"};
  static const char spread[] =
      "mean over the runs and their standard deviation, runs - 1 below the line";
  add_column(head, "", "family", NULL, false);
  add_column(head, "", "parameters", NULL, false);
  add_column(head, "", "runs", NULL, true);
  for (int m = 0; m < METRICS; m++) {
    const char *group = tsl__cluster_metrics[m];
    if (table->has[m])
      add_column(head, group, m == USED ? "in use" : "mean \302\261 sd",
                 m == USED ? "mean over the runs" : spread, true);
    if (table->has[m] && m != USED)
      add_column(head, group, "best", NULL, true);
    if (table->others_runs[m])
      add_column(head, others[m], "runs", NULL, true);
    if (table->others_mean[m])
      add_column(head, others[m], "mean \302\261 sd", NULL, true);
    if (table->others_best[m])
      add_column(head, others[m], "best", NULL, true);
    if (any_others(table, m) && !table->one_source)
      add_column(head, others[m], "source", NULL, false);
  }
}

static void add_others(const struct table *table, int metric,
                       const struct tsl__reference *others, struct tsl_text *out) {
  const struct tsl__reference none = {.best = (double)NAN,
                                      .mean = (double)NAN,
                                      .deviation = (double)NAN,
                                      .runs = (double)NAN};
  if (others == NULL)
    others = &none;
  if (table->others_runs[metric])
    tsl__cell_count(out, others->runs);
  if (table->others_mean[metric])
    tsl__cell_spread(out, others->mean, others->deviation);
  if (table->others_best[metric])
    tsl__cell_score(out, others->best, NULL);
  if (any_others(table, metric) && !table->one_source)
    tsl__cell_text(out, others->source);
}

static void write_row(const struct table *table, const struct row *row,
                      struct tsl_text *out) {
  int runs = 0;
  for (int m = 0; m < METRICS; m++)
    runs = row->of[m].runs > runs ? row->of[m].runs : runs;
  tsl__row_begin(out, NULL);
  tsl__cell_header(out, row->family);
  tsl__cell_text(out, row->parameters);
  tsl__cell_count(out, runs);
  for (int m = 0; m < METRICS; m++) {
    if (table->has[m] && m == USED) {
      tsl__cell_quantity(out, row->of[m].mean, NULL);
    } else if (table->has[m]) {
      tsl__cell_spread(out, row->of[m].mean, row->of[m].deviation);
      tsl__cell_score(out, row->of[m].best, NULL);
    }
    add_others(table, m, row->others[m], out);
  }
  tsl__row_end(out);
}

/* Rows of the family, or of its latents. */
static bool has_family(const struct tsl__report_data *data, const struct table *table,
                       int family) {
  const char *name = data->families[family].name;
  for (int i = 0; i < table->count; i++)
    if (strcmp(table->rows[i].family, name) == 0)
      return true;
  for (int i = 0; i < data->baseline_count; i++)
    if (strcmp(data->baselines[i].family, name) == 0)
      return true;
  return false;
}

/* What all rows of a family have, where the others' numbers are from, the points. */
static void write_common(const struct tsl__report_data *data, const struct table *table,
                         struct tsl_text *out) {
  tsl_text_add(out, "<p>");
  for (int f = 0; f < data->family_count; f++) {
    char shared[256];
    tsl__family_shared(data, f, shared, sizeof shared);
    if (shared[0] == '\0' || !has_family(data, table, f))
      continue;
    tsl_text_add(out, "All ");
    tsl_text_add_html(out, data->families[f].name);
    tsl_text_add(out, ": ");
    tsl_text_add_html(out, shared);
    tsl_text_add(out, ". ");
  }
  if (table->source != NULL && table->one_source) {
    tsl_text_add(out, "Others: ");
    tsl_text_add_html(out, table->source);
    tsl_text_add(out, ".");
  }
  tsl_text_add(out, "</p>\n");
}

static void write_points(const struct tsl__report_data *data, bool others,
                         struct tsl__page *page) {
  struct tsl_text text = {0};
  tsl_text_add(&text, "Clusters of the ");
  if (data->held_out > 0)
    tsl_text_format(&text, "%lld ", (long long)data->held_out);
  tsl_text_add(&text, "held-out points, which nothing is trained on, at each run's end");
  if (data->baseline_count > 0 && data->has_latents)
    tsl_text_format(&text,
                    "; k-means and Gaussian mixtures (score.baselines) are fitted to the "
                    "%lld encoded points (score.udr.points) and judged on the same",
                    (long long)data->latents.points);
  tsl_text_add(&text,
               ". Makhzani's protocol: the point that is surest of a cluster names it. "
               "Majority: the most frequent label of its points does. Hungarian: the "
               "best one-to-one matching of clusters and labels. In use: clusters that "
               "are the likeliest for at least one point.");
  if (others)
    tsl_text_add(&text, " What others found is told by report.reference.");
  tsl__page_definition(page, text.bytes);
  tsl_text_release(&text);
}

/* What of the references is not in the table. */
static void write_notes(const struct tsl__report_data *data, struct tsl__page *page) {
  const char *at = data->references.notes.bytes;
  if (at == NULL || *at == '\0')
    return;
  tsl_text_add(&page->html, "<p class=\"absent\">Not shown of ");
  tsl_text_add_html(&page->html, data->reference_name);
  tsl_text_add(&page->html, " (report.reference): ");
  for (bool first = true; *at != '\0'; first = false) {
    char line[512];
    size_t length = strcspn(at, "\n");
    snprintf(line, sizeof line, "%.*s", (int)(length < 511 ? length : 511), at);
    tsl_text_add(&page->html, first ? "" : "; ");
    tsl_text_add_html(&page->html, line);
    at += length + (at[length] == '\n');
  }
  tsl_text_add(&page->html, ".</p>\n");
}

static void write_table(const struct table *table, struct tsl_text *out) {
  struct head head = {.count = 0};
  find_head(table, &head);
  tsl__table_begin_grouped(out, "Accuracy of the clusters and how many are in use",
                           head.groups, head.columns, head.count);
  for (int i = 0; i < table->count; i++)
    write_row(table, &table->rows[i], out);
  tsl__table_end(out);
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  struct table table = {0};
  double *values = NULL; /* (run_count) */
  size_t most = (size_t)data->setting_count + (size_t)data->baseline_count;
  enum tsl_status status =
      tsl_allocate((void **)&table.rows, most + 1, sizeof *table.rows, err);
  if (status == TSL_OK)
    status =
        tsl_allocate((void **)&values, (size_t)data->run_count + 1, sizeof *values, err);
  if (status == TSL_OK) {
    add_settings(data, values, &table);
    add_baselines(data, &table);
    find_columns(&table);
    find_source(&table);
  }
  if (status == TSL_OK && (table.count > 0 || data->references.notes.length > 0)) {
    tsl__section_begin(page, "accuracy", "Accuracy", "Accuracy of the clusters");
    if (table.count > 0) {
      write_points(data, table.source != NULL, page);
      write_common(data, &table, &page->html);
      write_table(&table, &page->html);
    }
    write_notes(data, page);
    tsl__section_end(page);
  }
  free(table.rows);
  free(values);
  return status;
}

const struct tsl__figure tsl__figure_accuracy = {.name = "accuracy", .write = write};
