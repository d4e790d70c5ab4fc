/* network.h - a network file after reading: plain data, parameters already put in. */
#ifndef TEASEL_NETWORK_H
#define TEASEL_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

enum { TSL_NETWORK_ENTRIES_MAX = 64, TSL_SHAPE_RANK_MAX = 3 };

/* Shape of one sample: [D] or [channels, height, width]. */
struct tsl_shape {
  int rank; /* 1 or 3 */
  int64_t dims[TSL_SHAPE_RANK_MAX];
};

enum tsl_activation {
  TSL_ACTIVATION_NONE,
  TSL_ACTIVATION_RELU,
  TSL_ACTIVATION_TANH,
  TSL_ACTIVATION_SIGMOID,
  TSL_ACTIVATION_ELU
};

enum tsl_entry_kind {
  TSL_ENTRY_CONV,
  TSL_ENTRY_DECONV,
  TSL_ENTRY_DENSE,
  TSL_ENTRY_MAXPOOL,
  TSL_ENTRY_UPSAMPLE,
  TSL_ENTRY_RESHAPE,
  TSL_ENTRY_DROPOUT
};

struct tsl_network_entry {
  enum tsl_entry_kind kind;
  int64_t units;   /* dense: units; conv, deconv: filters */
  int64_t kernel;  /* conv, deconv, maxpool */
  int64_t stride;  /* conv, deconv, maxpool (default kernel) */
  int64_t pad;     /* conv, deconv, maxpool */
  int64_t factor;  /* upsample: nearest neighbour, whole number */
  double rate;     /* dropout: probability of dropping, [0, 1) */
  bool norm_batch; /* batch normalisation between the entry and its activation; no bias
                      then */
  enum tsl_activation activation;
  struct tsl_shape shape;  /* reshape: the target, as written */
  struct tsl_shape output; /* what the entry gives, computed and checked while reading */
  int line;                /* of the network file, for messages */
};

struct tsl_network_list {
  int count;
  struct tsl_network_entry entries[TSL_NETWORK_ENTRIES_MAX];
};

struct tsl_network {
  char name[128]; /* file's name without folder and ending */
  char file[512]; /* as opened, for messages */
  struct tsl_shape input;
  struct tsl_network_list encoder;
  struct tsl_network_list decoder; /* its first input is [latent] */
  struct tsl_network_list prior;   /* GMVAE: p(x|w,z), input [latent_w]; else count 0 */
};

int64_t tsl_shape_count(const struct tsl_shape *shape);

#endif
