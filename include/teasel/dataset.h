/* dataset.h - data sets: each reader is one file of src/dataset and one line of
 * dataset_list.h.
 *
 * An open data set is one cache file mapped read-only (one copy a node for all ranks and
 * jobs): images as uint8, points as float32. Samples are numbered as the reader gives
 * them.
 */
#ifndef TEASEL_DATASET_H
#define TEASEL_DATASET_H

#include "teasel/digest.h"
#include "teasel/image.h"
#include "teasel/job.h"
#include "teasel/network.h"
#include "teasel/status.h"
#include "teasel/stop.h"
#include "teasel/team.h"

enum tsl_sample_type { TSL_SAMPLE_U8 = 1, TSL_SAMPLE_F32 = 2 };

/* Of float samples; all 0 for bytes, which networks get from 0 to 1 anyway. */
struct tsl_value_range {
  float least, most;
  float outside; /* the first value outside 0 to 1; 0: there is none */
  int32_t reserved;
  int64_t outside_sample; /* the sample that holds it */
};

/* Everything is borrowed from the data set, and read-only. */
struct tsl_dataset_view {
  char name[128];
  int64_t count;
  struct tsl_shape shape;         /* of one sample */
  enum tsl_sample_type type;      /* u8 images are given to networks as value / 255 */
  const void *samples;            /* (count, shape) */
  const int32_t *labels;          /* (count), NULL when there are none */
  int label_count;                /* number of classes */
  const char *const *label_names; /* (label_count), NULL when there are none */
  const float *factors;           /* (count, factor_count), NULL when there are none */
  int factor_count;
  const char *const *factor_names; /* (factor_count) */
  const int32_t *factor_sizes; /* (factor_count): number of values of a discrete factor,
                                  0: continuous */
  int64_t test_begin;          /* samples from here on are the set's own test part; count
                                  when it has none */
  struct tsl_value_range range;
  struct tsl_digest digest; /* of everything above but the name, and of the seed, on
                               which the split depends */
};

struct tsl_dataset;

/* Collective on team. Opens the cache, or makes it (one rank a node reads, the others
 * wait). shape: the network's input: image_folder scales to it; for the others it must
 * fit (a vector fits a picture of as many values), else TSL_BAD_INPUT naming both shapes;
 * NULL: as the data set is (image_folder then needs `size`). cache: folder, "" for the
 * default. stop: NULL where nobody asks; where one member is asked while any makes a
 * cache or waits for one, all have TSL_INTERRUPTED within about a second, and nothing of
 * the cache is left. Errors name the file. */
enum tsl_status tsl_dataset_open(const struct tsl_dataset_config *config,
                                 const struct tsl_shape *shape, const char *cache,
                                 struct tsl_team *team, const struct tsl_stop *stop,
                                 struct tsl_dataset **out, struct tsl_error *err);
void tsl_dataset_close(struct tsl_dataset *dataset);
const struct tsl_dataset_view *tsl_dataset_view(const struct tsl_dataset *dataset);
/* Local. The cache's file; "" when the samples are in this process' memory alone. */
const char *tsl_dataset_cache_path(const struct tsl_dataset *dataset);

/* Local. The order of all samples by the data set's seed: the set's own test part first,
 * where there is one, each part permuted. The first tsl_dataset_held_out are held out,
 * the rest is the training split; the first `points` are encoded. */
const int64_t *tsl_dataset_order(const struct tsl_dataset *dataset);
int64_t tsl_dataset_held_out(const struct tsl_dataset *dataset, double fraction);

/* Local. Samples as the network sees them; indices: (count), out: (count, shape). */
void tsl_dataset_gather(const struct tsl_dataset *dataset, const int64_t *indices,
                        int64_t count, float *out);

/* Local. True when samples can be drawn at given factors (factor metrics that vote need
 * it). */
bool tsl_dataset_can_draw(const struct tsl_dataset *dataset);
/* Local. factors: (count, factor_count), out: (count, shape) as the network sees them. */
enum tsl_status tsl_dataset_draw(const struct tsl_dataset *dataset, const float *factors,
                                 int64_t count, float *out, struct tsl_error *err);

/* Local. Picture files (JPEG, PNG) brought to a network's input in the way of data set
 * `config` (the crop of an image_folder; NULL: no crop). shape: [1 or 3, height, width];
 * out: (count, shape). TSL_BAD_INPUT names every file that cannot be read. */
enum tsl_status tsl_dataset_load_images(const struct tsl_dataset_config *config,
                                        const struct tsl_shape *shape,
                                        const char *const *files, size_t count,
                                        float *out, struct tsl_error *err);

/* Local. A picture of some samples, class by class where there are labels; of samples of
 * two values a scatter plot. TSL_BAD_INPUT when samples are neither. Release the image.
 */
enum tsl_status tsl_dataset_sheet(const struct tsl_dataset *dataset,
                                  struct tsl_image *out, struct tsl_error *err);
/* Local. An HDF5 file that the reader `hdf5` reads back to the same samples, labels and
 * factors: /images, /labels, /label_names, /factors, /factor_names, /factor_sizes,
 * /test_begin. */
enum tsl_status tsl_dataset_write(const struct tsl_dataset *dataset, const char *path,
                                  struct tsl_error *err);

size_t tsl_reader_count(void);
const struct tsl_reader *tsl_reader_at(size_t index);

#endif
