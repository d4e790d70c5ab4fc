#include "train/trainer.h"

#include <string.h>

static const char kl_name[] = "kl_per_dim", capacity_name[] = "capacity";

struct tsl_term tsl__term_find(const struct tsl__trainer *trainer, const char *name) {
  const struct tsl_graph *graph = trainer->model.graph;
  for (int i = 0; i < tsl_graph_term_count(graph); i++) {
    struct tsl_term term = tsl_graph_term_at(graph, i);
    if (strcmp(term.name, name) == 0)
      return term;
  }
  return (struct tsl_term){0};
}

/* Terms that have a place of their own behind the others. */
static bool is_set_apart(const struct tsl_term *term) {
  return strcmp(term->name, kl_name) == 0 || strcmp(term->name, capacity_name) == 0;
}

void tsl__log_header(const struct tsl__trainer *trainer, struct tsl_text *out) {
  const struct tsl_graph *graph = trainer->model.graph;
  tsl_text_add(out, "step");
  for (int i = 0; i < tsl_graph_term_count(graph); i++) {
    struct tsl_term term = tsl_graph_term_at(graph, i);
    for (int64_t k = 0; k < term.count && !is_set_apart(&term); k++) {
      if (term.count == 1)
        tsl_text_format(out, ",%s", term.name);
      else
        tsl_text_format(out, ",%s_%lld", term.name, (long long)k);
    }
  }
  struct tsl_term kl = tsl__term_find(trainer, kl_name);
  for (int64_t k = 0; k < kl.count; k++)
    tsl_text_format(out, ",kl_%lld", (long long)k);
  if (kl.count > 0)
    tsl_text_add(out, ",informative");
  if (tsl__term_find(trainer, capacity_name).count > 0)
    tsl_text_add(out, ",capacity");
  if (trainer->patience.every > 0)
    tsl_text_add(out, ",held_out");
  for (int c = 0; c < tsl__clusters_columns(trainer); c++)
    tsl_text_format(out, ",%s", tsl__clusters_column(c));
  tsl_text_add(out, "\n");
}

static void add_terms(const struct tsl__trainer *trainer, const struct tsl_term *term,
                      struct tsl_text *out) {
  for (int64_t k = 0; k < term->count; k++) {
    tsl_text_add(out, ",");
    tsl_text_add_number(out, trainer->terms[term->offset + k]);
  }
}

int tsl__log_informative(const struct tsl__trainer *trainer) {
  struct tsl_term kl = tsl__term_find(trainer, kl_name);
  if (kl.count == 0)
    return -1;
  int informative = 0;
  for (int64_t k = 0; k < kl.count; k++)
    informative +=
        trainer->terms[kl.offset + k] > trainer->request->options->udr.informative_kl;
  return informative;
}

enum tsl_status tsl__log_line(struct tsl__trainer *trainer, int64_t step,
                              struct tsl_error *err) {
  const struct tsl_graph *graph = trainer->model.graph;
  struct tsl_text *line = &trainer->line;
  tsl_text_clear(line);
  tsl_text_format(line, "%lld", (long long)step);
  for (int i = 0; i < tsl_graph_term_count(graph); i++) {
    struct tsl_term term = tsl_graph_term_at(graph, i);
    if (!is_set_apart(&term))
      add_terms(trainer, &term, line);
  }
  struct tsl_term kl = tsl__term_find(trainer, kl_name);
  add_terms(trainer, &kl, line);
  if (kl.count > 0)
    tsl_text_format(line, ",%d", tsl__log_informative(trainer));
  struct tsl_term capacity = tsl__term_find(trainer, capacity_name);
  add_terms(trainer, &capacity, line);
  if (trainer->patience.every > 0)
    tsl_text_add(line, ",");
  if (trainer->patience.evaluated)
    tsl_text_add_number(line, trainer->patience.loss);
  for (int c = 0; c < tsl__clusters_columns(trainer); c++) {
    tsl_text_add(line, ",");
    if (trainer->clusters.evaluated)
      tsl_text_add_number(line, trainer->clusters.values[c]);
  }
  tsl_text_add(line, "\n");
  if (line->failed)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  return tsl_run_log_add(trainer->log, line->bytes, err);
}

int64_t tsl__log_every(const struct tsl__trainer *trainer) {
  const int64_t lines = 1000; /* of a run, when nothing is said */
  int64_t every = trainer->request->options->log_every;
  if (every > 0)
    return every;
  return trainer->iterations > lines ? trainer->iterations / lines : 1;
}
