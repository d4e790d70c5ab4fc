/* difference.h - what differs between the results of two trainings: by the byte, with the
 * first place and its size, so that "the same" is a statement and "not the same" a trace.
 */
#ifndef TEASEL_DIFFERENCE_H
#define TEASEL_DIFFERENCE_H

#include "teasel/store.h"
#include "teasel/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Collects: a line for every product that differs, naming the product, the first place
 * that differs (step, tensor, index), both values, and how far they are apart in units in
 * the last place. */
struct tsl_difference {
  struct tsl_text lines;
  int64_t count;    /* products that differ */
  int64_t compared; /* products that could be compared */
  bool lenient;     /* what the first kept no file of, or did not log, is not told as a
                       difference */
  bool recounted;   /* the run was trained with another score.udr.informative_kl, which is
                       no option of the run: what is counted by it is left out */
};
void tsl_difference_init(struct tsl_difference *difference);
void tsl_difference_release(struct tsl_difference *difference);

/* A run of a results folder. */
struct tsl_run_place {
  const struct tsl_store *store;
  const char *run;
};

/* Each is local, adds to *out, and fails (TSL_FORMAT, TSL_IO) only where a file that is
 * there cannot be read. */

/* Two runs: outcome, steps and held-out terms of record.json, log.csv but for clock
 * columns, every tensor of model.h5. Where a folder kept no model.h5, its record's digest
 * of the weights stands for it, which is told. A run without record.json is not finished:
 * told where only one is.
 */
enum tsl_status tsl_difference_run(const struct tsl_run_place *a,
                                   const struct tsl_run_place *b,
                                   struct tsl_difference *out, struct tsl_error *err);
/* Their latents in the folders' latents.h5; told where one of two files lacks the run. */
enum tsl_status tsl_difference_latents(const struct tsl_run_place *a,
                                       const struct tsl_run_place *b,
                                       struct tsl_difference *out, struct tsl_error *err);
/* What the folders hold once: the encoded samples of latents.h5, scores.h5, the tables.
 */
enum tsl_status tsl_difference_tables(const struct tsl_store *a,
                                      const struct tsl_store *b,
                                      struct tsl_difference *out, struct tsl_error *err);
/* Notes, a line each, on what the numbers may depend on: version, revision, libraries,
 * kernels, data, machine of provenance.json. Dates, hosts and commands are left out. */
enum tsl_status tsl_difference_origin(const struct tsl_store *a,
                                      const struct tsl_store *b, struct tsl_text *notes,
                                      struct tsl_error *err);

/* Local. Units in the last place between two numbers, 0 only for equal bits. A NaN is far
 * from everything but its own bits. */
uint64_t tsl_ulps_float(float a, float b);
uint64_t tsl_ulps_double(double a, double b);

#endif
