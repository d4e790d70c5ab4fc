/* reader.h - what a reader of a data set gives: one file of src/dataset and one line of
 * dataset_list.h. */
#ifndef TEASEL_DATASET_READER_H
#define TEASEL_DATASET_READER_H

#include "dataset/builder.h"
#include "teasel/dataset.h"

struct tsl_reader_ops {
  struct tsl_reader reader; /* first: tsl_reader_at gives a pointer to it */
  bool seeded;              /* the samples themselves depend on the seed */
  bool scales;              /* samples are brought to the network's shape */
  bool isolated; /* its library may crash on a damaged file: read in a process of its own
                    also where no rank waits for this one and nobody may stop it */
  /* Local. NULL: no files. Adds every file that the samples come from with
   * tsl__source_add. */
  enum tsl_status (*sources)(const struct tsl_dataset_config *config,
                             struct tsl_digester *key, struct tsl_error *err);
  /* Local. Fills the builder, and touches nothing else: it may run in a copy of the
   * process. shape: the network's input, NULL when not known. */
  enum tsl_status (*read)(const struct tsl_dataset_config *config,
                          const struct tsl_shape *shape, struct tsl__builder *builder,
                          struct tsl_error *err);
  /* Local. NULL: cannot be drawn. One sample at factors (factor_count) in the type that
   * `read` gives; sample: (shape). */
  enum tsl_status (*draw)(const struct tsl_dataset_config *config, const float *factors,
                          void *sample, struct tsl_error *err);
};

#define TSL_READER(name) extern const struct tsl_reader_ops tsl_reader_##name;
#include "dataset/dataset_list.h"
#undef TSL_READER

/* Local. The option `crop` of an image_folder; 1 for other readers and NULL. */
double tsl__image_folder_crop(const struct tsl_dataset_config *config);
/* Local. NULL when unknown. */
const struct tsl_reader_ops *tsl__reader_find(const char *name);
/* Local. Path, size and times of a file into the cache's key; TSL_BAD_INPUT when it is
 * not there. */
enum tsl_status tsl__source_add(struct tsl_digester *key, const char *path,
                                struct tsl_error *err);

#endif
