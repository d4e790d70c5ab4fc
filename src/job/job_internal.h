/* job_internal.h - a job on its way from a tree to runs. */
#ifndef TEASEL_JOB_INTERNAL_H
#define TEASEL_JOB_INTERNAL_H

#include "job/options.h"

#include "teasel/job.h"

enum { TSL__RUNS_MAX = 100000 };

/* What a key of the file speaks of. */
enum tsl__target {
  TSL__TARGET_NAME,
  TSL__TARGET_DATASET,
  TSL__TARGET_DATASET_OPTION, /* dataset.folder */
  TSL__TARGET_NETWORK,
  TSL__TARGET_PARAMETER, /* network.hidden */
  TSL__TARGET_FAMILIES,
  TSL__TARGET_MODEL,
  TSL__TARGET_RUN,    /* a row of tsl__run_table */
  TSL__TARGET_FAMILY, /* a row of the family's table */
  TSL__TARGET_JOB     /* a row of tsl__job_table */
};

/* `key: value`, after nested maps were flattened to dotted keys. */
struct tsl__assignment {
  const char *key;  /* dotted: "train.batch" */
  const char *part; /* of a parameter or data set option: what follows the first dot */
  struct tsl__place place; /* of the key */
  enum tsl__target target;
  const struct tsl_option *row; /* RUN, FAMILY, JOB */
  struct tsl__node **values;    /* (count): more than one is an axis */
  int count;
  bool list;           /* the value was a list, even of one: an axis */
  bool usable;         /* every value is right */
  const char **labels; /* (count): the values in their shortest form */
};

struct tsl__assignments {
  struct tsl__assignment *items;
  int count, capacity;
};

/* A file that the job names, read once. root NULL: it has problems. */
struct tsl__source {
  const char *path;
  struct tsl__node *root;
};

/* One families: block with one model. */
struct tsl__block {
  struct tsl__place place;
  int index; /* among the blocks of the file */
  const struct tsl_family *family;
  struct tsl__assignments set;       /* by the block */
  struct tsl__assignments effective; /* with what the top of the file sets, axes first */
  int64_t first_run, run_count;
};

/* Networks with everything put in: one for each combination that some run needs. */
struct tsl__network_variant {
  const struct tsl__node *value; /* of `network:` */
  const char *parameters;        /* "hidden=64 ..." */
  const struct tsl_family *family;
  int64_t latent;
  int64_t prior_input;
  int reconstruction;
  struct tsl_network *network; /* NULL: it has problems */
};

/* Which file a `network:` value named. */
struct tsl__named_network {
  const struct tsl__node *value, *root;
  const char *path;
};

struct tsl_job {
  struct tsl__pool pool;
  const char *file;
  const char *name;
  const char *folder; /* current folder, for absolute paths; NULL: unknown */
  struct tsl_job_options options;
  struct tsl_dataset_config dataset;
  struct tsl__assignments top;
  struct tsl__block *blocks;
  int block_count, block_capacity;
  struct tsl_run *runs; /* (run_count), malloc'd */
  int64_t run_count;
  int setting_count;
  struct tsl__named_network *networks;
  int network_count, network_capacity;
  const char **settings; /* the --set texts */
  int set_count;
};

/* What reading needs besides the job. */
struct tsl__job_reader {
  struct tsl_job *job;
  struct tsl__pool *pool; /* the job's */
  struct tsl__problems problems;
  const struct tsl_registry *registry;
  const struct tsl_file_source *source;
  const char *share;
  const char
      *configs; /* NULL: ../configs of the folder of the file that names something */
  struct tsl__source *sources;
  int source_count, source_capacity;
  struct tsl__network_variant *variants;
  int variant_count, variant_capacity;
  struct tsl__node *root;
  bool length_meant; /* a misspelt train.iterations or train.epochs was told */
};

/* ---- job_keys.c ---- */

/* Flattens a map (the file's top, or with a family a block) into assignments; unknown,
 * misplaced and duplicate keys are problems. family NULL and is_block: the model is
 * unknown, family options are not judged. */
struct tsl__scope_of_keys {
  bool is_block;
  const struct tsl_family *family;
};
void tsl__keys_flatten(struct tsl__job_reader *reader, const struct tsl__node *map,
                       struct tsl__scope_of_keys scope, struct tsl__assignments *out);
/* Target and row of a dotted key; false when it is none of the scope's. */
bool tsl__key_find(struct tsl__job_reader *reader, const char *key,
                   struct tsl__scope_of_keys scope, struct tsl__assignment *out);
/* Says that the key is unknown, with the nearest one. shown: as the file has it. */
void tsl__key_unknown(struct tsl__job_reader *reader, struct tsl__place place,
                      const char *key, const char *shown,
                      struct tsl__scope_of_keys scope);
bool tsl__assignment_add(struct tsl__pool *pool, struct tsl__assignments *list,
                         const struct tsl__assignment *item);
struct tsl__assignment *tsl__assignment_find(const struct tsl__assignments *list,
                                             const char *key);
/* Every pair of a map that holds a key twice is a problem; false then. */
bool tsl__keys_unique(struct tsl__problems *problems, const struct tsl__node *map);

/* ---- job_values.c ---- */

/* Fills values, count, labels and usable from the node. */
void tsl__values_take(struct tsl__job_reader *reader, struct tsl__assignment *assignment,
                      struct tsl__node *value);

/* ---- job_set.c ---- */
void tsl__settings_apply(struct tsl__job_reader *reader, const char *const *settings,
                         size_t count);

/* ---- job_grid.c ---- */
void tsl__grid_expand(struct tsl__job_reader *reader);

/* ---- job_check.c ---- */

/* What only several options together can get wrong. */
void tsl__run_check(struct tsl__job_reader *reader, const struct tsl__block *block,
                    const struct tsl_run *run);
/* Options that none of the runs for which they are given can use are problems. */
void tsl__unused_check(struct tsl__job_reader *reader);
/* Numbers the settings; two equal runs are a problem. */
void tsl__settings_number(struct tsl__job_reader *reader);

/* ---- job_name.c ---- */

/* The canonical text of what determines a run's weights, data aside; with or without the
 * seed. */
void tsl__run_canonical(const struct tsl_run *run, bool with_seed, struct tsl_text *out);
/* "beta" for "beta", "optimizer" for "train.optimizer"; the whole key where two options
 * share the last part. */
const char *tsl__label_key(const struct tsl_family *family, const char *key);

/* ---- source_find.c ---- */

/* The parsed file that `value` (a scalar) names: a bare name is looked for in
 * ../configs/<kind> from the folder of the file that names it, then in
 * <share>/configs/<kind>; a value with a slash is a path. NULL after a problem. path: as
 * opened. */
struct tsl__node *tsl__source_open(struct tsl__job_reader *reader, const char *kind,
                                   const struct tsl__node *value, const char **path);
/* File name without folder and ending. */
const char *tsl__stem_of(struct tsl__pool *pool, const char *path);

/* ---- network_read.c, network_shape.c, network_print.c ---- */
struct tsl__parameter {
  const char *name;
  const struct tsl__node *value;
  struct tsl__place place;
};
struct tsl__network_request {
  const struct tsl__node *root; /* the map */
  const char *name, *file;
  const struct tsl__parameter *parameters; /* that the job sets */
  int parameter_count;
  int64_t latent;
  int64_t prior_input;
  int reconstruction; /* enum tsl_reconstruction */
  bool without_decoder, code_from_encoder;
};
/* NULL after a problem. */
struct tsl_network *tsl__network_read(struct tsl__pool *pool,
                                      const struct tsl__network_request *request,
                                      struct tsl__problems *problems);
/* Computes every entry's output from the list's input; name: "encoder"; places: of the
 * entries. False after a problem. */
bool tsl__network_shapes(struct tsl_network_list *list, const char *name,
                         const struct tsl_shape *input, const struct tsl__place *places,
                         struct tsl__problems *problems);
void tsl__shape_add(const struct tsl_shape *shape, struct tsl_text *out);
/* The resolved content, names left out: equal networks have equal texts. */
void tsl__network_canonical(const struct tsl_network *network, struct tsl_text *out);
/* True when the map of a `network:` value is a network itself, not parameters. */
bool tsl__network_is_inline(const struct tsl__node *map);

/* ---- dataset_read.c ---- */
/* value: of `dataset:`, a scalar or an inline map; overrides: dataset.OPTION
 * assignments of the top. */
void tsl__dataset_read(struct tsl__job_reader *reader, const struct tsl__node *value,
                       const struct tsl__assignments *overrides,
                       struct tsl_dataset_config *out);

#endif
