/* The entries of a network file. */
#include "job/options.h"

#define OPTION(text, kind, field, ...)                                                   \
  {                                                                                      \
    .name = (text), .type = TSL_OPTION_##kind,                                           \
    .offset = offsetof(struct tsl_network_entry, field), .scope = TSL_SCOPE_RUN,         \
    __VA_ARGS__                                                                          \
  }
#define ACTIVATION                                                                       \
  OPTION("activation", CHOICE, activation, .initial = "none",                            \
         .words = "none|relu|tanh|sigmoid|elu",                                          \
         .help = "What follows; elu has alpha 1.")
#define NORM                                                                             \
  OPTION("norm", BOOL, norm_batch, .initial = "none", .words = "none|batch",             \
         .help = "Batch normalisation between the entry and its activation; the entry "  \
                 "has no bias then.")
#define CONVOLUTION                                                                      \
  OPTION("filters", INTEGER, units, .min = 1, .max = 65536, .help = "Output channels."), \
      OPTION("kernel", INTEGER, kernel, .min = 1, .max = 1024,                           \
             .help = "Side of the square kernel, pixels."),                              \
      OPTION("stride", INTEGER, stride, .initial = "1", .min = 1, .max = 1024,           \
             .help = "Step, pixels."),                                                   \
      OPTION("pad", INTEGER, pad, .initial = "0", .min = 0, .max = 1023,                 \
             .help = "Zeros at each side, pixels; less than the kernel."),               \
      ACTIVATION, NORM

static const struct tsl_option convolution[] = {CONVOLUTION};

static const struct tsl_option dense[] = {
    OPTION("units", INTEGER, units, .min = 1, .max = 16777216, .help = "Output values."),
    ACTIVATION,
    NORM,
};

static const struct tsl_option maxpool[] = {
    OPTION("kernel", INTEGER, kernel, .min = 1, .max = 1024,
           .help = "Side of the square, pixels."),
    OPTION("stride", INTEGER, stride, .initial = "kernel", .min = 1, .max = 1024,
           .words = "kernel", .help = "Step, pixels."),
    OPTION("pad", INTEGER, pad, .initial = "0", .min = 0, .max = 512,
           .help = "At each side, pixels; at most half the kernel."),
};

static const struct tsl_option upsample[] = {
    OPTION("factor", INTEGER, factor, .min = 1, .max = 1024,
           .help = "Each pixel becomes factor x factor equal ones."),
};

static const struct tsl_option dropout[] = {
    OPTION("rate", REAL, rate, .min = 0, .max = 0.999999,
           .help = "Probability of dropping a value while training; the others are "
                   "divided by 1 - rate."),
};

#define TABLE(rows)                                                                      \
  { rows, sizeof(rows) / sizeof *(rows) }

const struct tsl__entry_table tsl__entry_tables[TSL__ENTRY_TABLES] = {
    {"conv", TSL_ENTRY_CONV, TABLE(convolution), "Convolution."},
    {"deconv", TSL_ENTRY_DECONV, TABLE(convolution),
     "Transposed convolution: height becomes (height-1)*stride - 2*pad + kernel."},
    {"dense", TSL_ENTRY_DENSE, TABLE(dense),
     "Dense layer; flattens what it gets, channel-major."},
    {"maxpool", TSL_ENTRY_MAXPOOL, TABLE(maxpool), "Largest value of each square."},
    {"upsample", TSL_ENTRY_UPSAMPLE, TABLE(upsample), "Nearest neighbour."},
    {"reshape",
     TSL_ENTRY_RESHAPE,
     {NULL, 0},
     "[channels, height, width] or [values]: the same values in another shape."},
    {"dropout", TSL_ENTRY_DROPOUT, TABLE(dropout), "Dropout."},
};
