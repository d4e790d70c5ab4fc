#include "report/report_baselines.h"

#include "report/report_csv.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = TSL__BASELINE_RUNS_MAX };

static bool same_group(const struct tsl__baseline_group *group,
                       const struct tsl__csv *csv, int row) {
  return strcmp(group->family, tsl__csv_cell(csv, row, "family")) == 0 &&
         strcmp(group->parameters, tsl__csv_cell(csv, row, "parameters")) == 0 &&
         strcmp(group->method, tsl__csv_cell(csv, row, "method")) == 0 &&
         group->clusters == atoi(tsl__csv_cell(csv, row, "clusters"));
}

static enum tsl_status add_row(struct tsl__baseline_group *groups, int *count,
                               const struct tsl__csv *csv, int row,
                               struct tsl_error *err) {
  int at = 0;
  while (at < *count && !same_group(&groups[at], csv, row))
    at++;
  struct tsl__baseline_group *group = &groups[at];
  if (at == *count) {
    snprintf(group->family, sizeof group->family, "%.47s",
             tsl__csv_cell(csv, row, "family"));
    snprintf(group->parameters, sizeof group->parameters, "%.159s",
             tsl__csv_cell(csv, row, "parameters"));
    snprintf(group->method, sizeof group->method, "%.31s",
             tsl__csv_cell(csv, row, "method"));
    group->clusters = atoi(tsl__csv_cell(csv, row, "clusters"));
    ++*count;
  }
  if (group->runs == RUNS_MAX) {
    group->left_out++;
    return TSL_OK;
  }
  for (int m = 0; m < TSL__CLUSTER_METRICS; m++) {
    const char *column = strcmp(tsl__cluster_metrics[m], "clusters") == 0
                             ? "used"
                             : tsl__cluster_metrics[m];
    TSL_TRY(tsl__csv_number(csv, row, column, &group->values[m][group->runs], err));
  }
  group->runs++;
  return TSL_OK;
}

enum tsl_status tsl__baselines_read(const struct tsl_store *store,
                                    struct tsl__baseline_group **out, int *count,
                                    struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  struct tsl__csv csv;
  void *memory = NULL;
  *out = NULL;
  *count = 0;
  if (!tsl_file_exists(tsl_store_path(store, TSL_STORE_CLUSTERS_CSV, path)))
    return TSL_OK;
  TSL_TRY(tsl__csv_read(path, &csv, err));
  enum tsl_status status = tsl_allocate(&memory, (size_t)csv.rows + 1,
                                        sizeof(struct tsl__baseline_group), err);
  for (int row = 1; row < csv.rows && status == TSL_OK; row++)
    status = add_row(memory, count, &csv, row, err);
  tsl__csv_release(&csv);
  *out = memory;
  if (status != TSL_OK) {
    free(memory);
    *out = NULL;
    *count = 0;
  }
  return status;
}
