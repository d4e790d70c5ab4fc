#include "report/report_baselines.h"

#include "teasel/arena.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 14, CELL_MAX = 320, RUNS_MAX = 64 };
enum { WHAT, FAMILY, PARAMETERS, SEED, METHOD, CLUSTERS, USED, MAKHZANI, MAJORITY };
enum { HUNGARIAN = 9 };

struct line {
  char cells[CELLS][CELL_MAX];
};

/* Cells of the line at `at`, without their quotes, cut where they are too long. Returns
 * what follows the line; *count: cells found. */
static const char *split(const char *at, struct line *line, int *count) {
  size_t length = 0;
  bool quoted = false;
  memset(line, 0, sizeof *line);
  *count = 1;
  for (; *at != '\0' && (quoted || *at != '\n'); at++) {
    if (*at == '"') {
      bool twice = quoted && at[1] == '"';
      quoted = twice || !quoted;
      at += twice;
      if (!twice)
        continue;
    } else if (*at == ',' && !quoted) {
      ++*count;
      length = 0;
      continue;
    }
    if (*count <= CELLS && length + 1 < CELL_MAX)
      line->cells[*count - 1][length++] = *at;
  }
  return *at == '\n' ? at + 1 : at;
}

static double number_of(const char *text) {
  char *end;
  double value = strtod(text, &end);
  return end == text || *end != '\0' ? (double)NAN : value;
}

static bool same_group(const struct tsl__baseline_group *group, const struct line *line) {
  return strcmp(group->family, line->cells[FAMILY]) == 0 &&
         strcmp(group->parameters, line->cells[PARAMETERS]) == 0 &&
         strcmp(group->method, line->cells[METHOD]) == 0 &&
         group->clusters == atoi(line->cells[CLUSTERS]);
}

static void add_line(struct tsl__baseline_group *groups, int *count,
                     const struct line *line) {
  int at = 0;
  while (at < *count && !same_group(&groups[at], line))
    at++;
  struct tsl__baseline_group *group = &groups[at];
  if (at == *count) {
    snprintf(group->family, sizeof group->family, "%.47s", line->cells[FAMILY]);
    snprintf(group->parameters, sizeof group->parameters, "%.159s",
             line->cells[PARAMETERS]);
    snprintf(group->method, sizeof group->method, "%.31s", line->cells[METHOD]);
    group->clusters = atoi(line->cells[CLUSTERS]);
    ++*count;
  }
  if (group->runs == RUNS_MAX)
    return;
  group->makhzani[group->runs] = number_of(line->cells[MAKHZANI]);
  group->hungarian[group->runs] = number_of(line->cells[HUNGARIAN]);
  group->runs++;
}

enum tsl_status tsl__baselines_read(const struct tsl_store *store,
                                    struct tsl__baseline_group **out, int *count,
                                    struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t length = 0, lines = 1;
  *out = NULL;
  *count = 0;
  if (!tsl_file_exists(tsl_store_path(store, TSL_STORE_CLUSTERS_CSV, path)))
    return TSL_OK;
  TSL_TRY(tsl_file_read(path, &bytes, &length, err));
  for (size_t i = 0; i < length; i++)
    lines += bytes[i] == '\n';
  struct line *line = malloc(sizeof *line);
  enum tsl_status status = tsl_allocate((void **)out, lines, sizeof **out, err);
  if (status == TSL_OK && line == NULL)
    status = tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  const char *at = bytes;
  for (int number = 1; status == TSL_OK && *at != '\0'; number++) {
    int cells;
    at = split(at, line, &cells);
    if (cells != CELLS)
      status = tsl_error_set(err, TSL_FORMAT, path, "line %d has %d cells, not %d",
                             number, cells, CELLS);
    else if (number > 1)
      add_line(*out, count, line);
  }
  free(line);
  free(bytes);
  if (status != TSL_OK) {
    free(*out);
    *out = NULL;
    *count = 0;
  }
  return status;
}
