#include "cli/encode_output.h"

#include "teasel/store.h"
#include "teasel/text.h"

#include <stdlib.h>

void tsl_cli_latents_release(struct tsl_cli_latents *latents) {
  free(latents->mean);
  free(latents->log_variance);
  free(latents->cluster_logits);
  free(latents->indices);
  free(latents->labels);
}

static enum tsl_status write_arrays(const struct tsl_cli_latents *latents,
                                    struct tsl_h5_writer *out, struct tsl_error *err) {
  const int64_t count = latents->count;
  const struct tsl_array mean = {
      "/mean", TSL_ARRAY_F32, 2, {count, latents->latent}, latents->mean};
  const struct tsl_array log_variance = {
      "/log_variance", TSL_ARRAY_F32, 2, {count, latents->latent}, latents->log_variance};
  const struct tsl_array logits = {"/cluster_logits",
                                   TSL_ARRAY_F32,
                                   2,
                                   {count, latents->clusters},
                                   latents->cluster_logits};
  const struct tsl_array indices = {
      "/indices", TSL_ARRAY_I64, 1, {count}, latents->indices};
  const struct tsl_array labels = {"/labels", TSL_ARRAY_I32, 1, {count}, latents->labels};
  TSL_TRY(tsl_h5_write(out, &mean, err));
  TSL_TRY(tsl_h5_write(out, &log_variance, err));
  if (latents->clusters > 0)
    TSL_TRY(tsl_h5_write(out, &logits, err));
  if (latents->names != NULL)
    TSL_TRY(tsl_h5_write_strings(out, "/names", latents->names, (size_t)count, err));
  if (latents->indices != NULL)
    TSL_TRY(tsl_h5_write(out, &indices, err));
  if (latents->labels != NULL)
    TSL_TRY(tsl_h5_write(out, &labels, err));
  return TSL_OK;
}

enum tsl_status tsl_cli_latents_h5(const struct tsl_cli_latents *latents,
                                   const char *path, struct tsl_error *err) {
  struct tsl_h5_writer *out = NULL;
  TSL_TRY(tsl_h5_create(path, &out, err));
  enum tsl_status status = write_arrays(latents, out, err);
  if (status == TSL_OK)
    return tsl_h5_commit(out, err);
  tsl_h5_abandon(out);
  return status;
}

static void add_header(const struct tsl_cli_latents *latents, struct tsl_text *text) {
  tsl_text_add(text, latents->names != NULL ? "file" : "index");
  if (latents->labels != NULL)
    tsl_text_add(text, ",label");
  for (int64_t k = 0; k < latents->latent; k++)
    tsl_text_format(text, ",mean_%lld", (long long)k);
  for (int64_t k = 0; k < latents->latent; k++)
    tsl_text_format(text, ",log_variance_%lld", (long long)k);
  for (int64_t k = 0; k < latents->clusters; k++)
    tsl_text_format(text, ",cluster_logit_%lld", (long long)k);
  tsl_text_add(text, "\n");
}

/* values: (count); nine digits read back as the same float */
static void add_values(struct tsl_text *text, const float *values, int64_t count) {
  for (int64_t k = 0; k < count; k++)
    tsl_text_format(text, ",%.9g", (double)values[k]);
}

enum tsl_status tsl_cli_latents_csv(const struct tsl_cli_latents *latents,
                                    const char *path, struct tsl_error *err) {
  struct tsl_text text;
  tsl_text_init(&text);
  add_header(latents, &text);
  for (int64_t i = 0; i < latents->count; i++) {
    if (latents->names != NULL)
      tsl_text_add_csv(&text, latents->names[i]);
    else
      tsl_text_format(&text, "%lld", (long long)latents->indices[i]);
    if (latents->labels != NULL)
      tsl_text_format(&text, ",%d", latents->labels[i]);
    add_values(&text, latents->mean + i * latents->latent, latents->latent);
    add_values(&text, latents->log_variance + i * latents->latent, latents->latent);
    if (latents->clusters > 0)
      add_values(&text, latents->cluster_logits + i * latents->clusters,
                 latents->clusters);
    tsl_text_add(&text, "\n");
  }
  enum tsl_status status =
      text.failed ? tsl_error_set(err, TSL_MEMORY, path, "out of memory for the table")
                  : tsl_file_write(path, text.bytes, text.length, err);
  tsl_text_release(&text);
  return status;
}
