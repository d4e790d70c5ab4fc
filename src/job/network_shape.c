/* What each entry makes of a shape. */
#include "job/job_internal.h"

#include <string.h>

/* One sample's values and one layer's weights beyond these are a slip of the pen. */
static const double sample_max = 1e8, weights_max = 2e9;

static double size_of(const struct tsl_shape *shape) {
  double count = 1;
  for (int i = 0; i < shape->rank; i++)
    count *= (double)shape->dims[i];
  return count;
}

void tsl__shape_add(const struct tsl_shape *shape, struct tsl_text *out) {
  tsl_text_add(out, "[");
  for (int i = 0; i < shape->rank; i++)
    tsl_text_format(out, "%s%lld", i > 0 ? ", " : "", (long long)shape->dims[i]);
  tsl_text_add(out, "]");
}

static const char *kind_name(enum tsl_entry_kind kind) {
  for (int i = 0; i < TSL__ENTRY_TABLES; i++) {
    if (tsl__entry_tables[i].kind == kind)
      return tsl__entry_tables[i].name;
  }
  return "entry";
}

static bool is_picture(enum tsl_entry_kind kind) {
  return kind == TSL_ENTRY_CONV || kind == TSL_ENTRY_DECONV ||
         kind == TSL_ENTRY_MAXPOOL || kind == TSL_ENTRY_UPSAMPLE;
}

/* Side after the entry; 0 or less when the kernel does not fit. */
static int64_t side(const struct tsl_network_entry *entry, int64_t in) {
  int64_t padded = in + 2 * entry->pad - entry->kernel;
  switch (entry->kind) {
  case TSL_ENTRY_DECONV:
    return (in - 1) * entry->stride - 2 * entry->pad + entry->kernel;
  case TSL_ENTRY_UPSAMPLE:
    return in * entry->factor;
  default:
    return padded < 0 ? 0 : padded / entry->stride + 1;
  }
}

static double weights(const struct tsl_network_entry *entry, const struct tsl_shape *in) {
  switch (entry->kind) {
  case TSL_ENTRY_CONV:
  case TSL_ENTRY_DECONV:
    return (double)entry->units * (double)in->dims[0] * (double)entry->kernel *
           (double)entry->kernel;
  case TSL_ENTRY_DENSE:
    return (double)entry->units * size_of(in);
  default:
    return 0;
  }
}

static void output_of(struct tsl_network_entry *entry, const struct tsl_shape *in) {
  struct tsl_shape *out = &entry->output;
  *out = *in;
  if (entry->kind == TSL_ENTRY_DENSE) {
    memset(out, 0, sizeof *out);
    out->rank = 1;
    out->dims[0] = entry->units;
  } else if (entry->kind == TSL_ENTRY_RESHAPE) {
    *out = entry->shape;
  } else if (is_picture(entry->kind)) {
    if (entry->kind == TSL_ENTRY_CONV || entry->kind == TSL_ENTRY_DECONV)
      out->dims[0] = entry->units;
    out->dims[1] = side(entry, in->dims[1]);
    out->dims[2] = side(entry, in->dims[2]);
  }
}

/* Why the entry does not take the shape; false when it does. */
static bool misfit(struct tsl_network_entry *entry, const struct tsl_shape *in,
                   struct tsl_text *why) {
  const char *name = kind_name(entry->kind);
  if (is_picture(entry->kind) && in->rank != 3) {
    tsl_text_format(why, "%s needs [channels, height, width], but gets ", name);
    tsl__shape_add(in, why);
    tsl_text_add(why, "; put a reshape before it");
    return true;
  }
  int64_t pad_max =
      entry->kind == TSL_ENTRY_MAXPOOL ? entry->kernel / 2 : entry->kernel - 1;
  if (is_picture(entry->kind) && entry->kind != TSL_ENTRY_UPSAMPLE &&
      entry->pad > pad_max) {
    tsl_text_format(why, "%s: pad %lld is too large for kernel %lld; at most %lld", name,
                    (long long)entry->pad, (long long)entry->kernel, (long long)pad_max);
    return true;
  }
  output_of(entry, in);
  const struct tsl_shape *out = &entry->output;
  if (is_picture(entry->kind) && (out->dims[1] < 1 || out->dims[2] < 1)) {
    tsl_text_format(why, "%s: kernel %lld with pad %lld does not fit ", name,
                    (long long)entry->kernel, (long long)entry->pad);
    tsl__shape_add(in, why);
    tsl_text_add(why, "; it would give ");
    tsl__shape_add(out, why);
    return true;
  }
  if (entry->kind == TSL_ENTRY_RESHAPE && size_of(in) != size_of(out)) {
    tsl_text_add(why, "reshape: ");
    tsl__shape_add(in, why);
    tsl_text_format(why, " has %.0f values, but ", size_of(in));
    tsl__shape_add(out, why);
    tsl_text_format(why, " has %.0f", size_of(out));
    return true;
  }
  if (size_of(out) > sample_max || weights(entry, in) > weights_max) {
    tsl_text_format(why, "%s: from ", name);
    tsl__shape_add(in, why);
    tsl_text_add(why, " to ");
    tsl__shape_add(out, why);
    tsl_text_format(why, " with %.3g weights is too large", weights(entry, in));
    return true;
  }
  return false;
}

bool tsl__network_shapes(struct tsl_network_list *list, const char *name,
                         const struct tsl_shape *input, const struct tsl__place *places,
                         struct tsl__problems *problems) {
  const struct tsl_shape *shape = input;
  for (int i = 0; i < list->count; i++) {
    struct tsl_text why;
    tsl_text_init(&why);
    bool wrong = misfit(&list->entries[i], shape, &why);
    if (wrong)
      tsl__problem(problems, places[i], "%s.%d: %s", name, i,
                   why.bytes != NULL ? why.bytes : "the shapes do not fit");
    tsl_text_release(&why);
    if (wrong)
      return false; /* what follows would only repeat it */
    shape = &list->entries[i].output;
  }
  return true;
}

static void canonical_list(const char *name, const struct tsl_network_list *list,
                           struct tsl_text *out) {
  static const char *const activations[] = {"none", "relu", "tanh", "sigmoid", "elu"};
  tsl_text_format(out, "%s\n", name);
  for (int i = 0; i < list->count; i++) {
    const struct tsl_network_entry *entry = &list->entries[i];
    tsl_text_add(out, kind_name(entry->kind));
    switch (entry->kind) {
    case TSL_ENTRY_CONV:
    case TSL_ENTRY_DECONV:
      tsl_text_format(out, " %lld %lld %lld %lld", (long long)entry->units,
                      (long long)entry->kernel, (long long)entry->stride,
                      (long long)entry->pad);
      break;
    case TSL_ENTRY_DENSE:
      tsl_text_format(out, " %lld", (long long)entry->units);
      break;
    case TSL_ENTRY_MAXPOOL:
      tsl_text_format(out, " %lld %lld %lld", (long long)entry->kernel,
                      (long long)entry->stride, (long long)entry->pad);
      break;
    case TSL_ENTRY_UPSAMPLE:
      tsl_text_format(out, " %lld", (long long)entry->factor);
      break;
    case TSL_ENTRY_RESHAPE:
      tsl_text_add(out, " ");
      tsl__shape_add(&entry->shape, out);
      break;
    case TSL_ENTRY_DROPOUT:
      tsl_text_add(out, " ");
      tsl_text_add_number(out, entry->rate);
      break;
    }
    if (entry->norm_batch)
      tsl_text_add(out, " batch");
    if (entry->activation != TSL_ACTIVATION_NONE)
      tsl_text_format(out, " %s", activations[entry->activation]);
    tsl_text_add(out, "\n");
  }
}

void tsl__network_canonical(const struct tsl_network *network, struct tsl_text *out) {
  tsl_text_add(out, "input ");
  tsl__shape_add(&network->input, out);
  tsl_text_add(out, "\n");
  canonical_list("encoder", &network->encoder, out);
  canonical_list("decoder", &network->decoder, out);
  canonical_list("prior", &network->prior, out);
}
