/* graph_network.c - the entries of one list of a network file, as operators. */
#include "nn/graph.h"

#include <stdio.h>

static struct tsl_value add_entry(struct tsl_graph *graph, struct tsl_value x,
                                  const char *name,
                                  const struct tsl_network_entry *entry) {
  bool norm = entry->norm_batch;
  enum tsl_activation activation = norm ? TSL_ACTIVATION_NONE : entry->activation;
  const struct tsl_conv conv = {.filters = entry->units,
                                .kernel = entry->kernel,
                                .stride = entry->stride,
                                .pad = entry->pad,
                                .bias = !norm};
  switch (entry->kind) {
  case TSL_ENTRY_CONV:
    x = tsl_graph_conv(graph, x, name, &conv, activation);
    break;
  case TSL_ENTRY_DECONV:
    x = tsl_graph_deconv(graph, x, name, &conv, activation);
    break;
  case TSL_ENTRY_DENSE:
    x = tsl_graph_dense(graph, x, name, entry->units, !norm, activation);
    break;
  case TSL_ENTRY_MAXPOOL:
    x = tsl_graph_maxpool(graph, x, entry->kernel, entry->stride, entry->pad);
    break;
  case TSL_ENTRY_UPSAMPLE:
    x = tsl_graph_upsample(graph, x, entry->factor);
    break;
  case TSL_ENTRY_RESHAPE:
    x = tsl_graph_reshape(graph, x, &entry->shape);
    break;
  case TSL_ENTRY_DROPOUT:
    x = tsl_graph_dropout(graph, x, entry->rate);
    break;
  }
  bool layer = entry->kind == TSL_ENTRY_CONV || entry->kind == TSL_ENTRY_DECONV ||
               entry->kind == TSL_ENTRY_DENSE;
  if (!layer && activation != TSL_ACTIVATION_NONE)
    x = tsl_graph_activate(graph, x, activation);
  if (norm) {
    char inner[TSL__NAME_MAX + 8];
    snprintf(inner, sizeof inner, "%s.norm", name);
    x = tsl_graph_batch_norm(graph, x, inner);
    x = tsl_graph_activate(graph, x, entry->activation);
  }
  return x;
}

struct tsl_value tsl_graph_network(struct tsl_graph *graph, struct tsl_value x,
                                   const char *prefix,
                                   const struct tsl_network_list *list) {
  for (int i = 0; i < list->count; i++) {
    char name[TSL__NAME_MAX];
    snprintf(name, sizeof name, "%s.%d", prefix, i);
    x = add_entry(graph, x, name, &list->entries[i]);
  }
  return x;
}
