/* report_data.h - what the figures see: everything of a results folder as plain numbers,
 * so that drawing is a pure function and can be tried on made-up data. Any part may be
 * missing: scores, latents, logs, pictures.
 */
#ifndef TEASEL_REPORT_DATA_H
#define TEASEL_REPORT_DATA_H

#include "report/classify_view.h"
#include "report/report_baselines.h"
#include "report/report_mixture.h"
#include "report/report_reference.h"

#include "teasel/compare.h"
#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/stop.h"
#include "teasel/store.h"

struct tsl__report_run {
  char name[TSL_RUN_NAME_MAX];
  char label[256]; /* its setting without the seed: "beta=4, capacity=6" */
  int family;      /* index into families */
  int setting;     /* the job's number */
  int64_t seed;
  double epoch_steps;       /* steps an epoch; 0: not known */
  struct tsl_record record; /* outcome NONE: not finished */
  struct tsl_table log;     /* rows 0: none */
  int score;                /* index into scores.runs, -1: not scored */
  int latents;              /* index into latents.runs, -1: not encoded */
};

/* Pictures by one run's model, and numbers to them; all in data space, 0..1 for images.
 */
struct tsl__report_pictures {
  struct tsl_shape shape;
  char trouble[512]; /* why there are none; "" : there are */
  int latent;        /* number of latents of the run */
  int steps;
  double range;            /* latents go from -range to range */
  int64_t base_index;      /* sample whose code the traversal starts from */
  float *base;             /* (shape): that sample */
  float *traversal;        /* (latent, steps, shape); latent in the model's own order */
  int samples;             /* of the reconstructions, from the best to the worst */
  int64_t *sample_indices; /* (samples) */
  double *errors;          /* (samples): -log p(x|z) in nats, or squared error */
  float *originals;        /* (samples, shape) */
  float *reconstructions;  /* (samples, shape) */
  int64_t error_count;     /* how many points the errors were ranked among */
  double error_mean;
  int reconstruction; /* enum tsl_reconstruction of the run: what the errors are */
};

struct tsl__report_family {
  char name[64];
  int best_run; /* highest UDR, index into runs; -1: none finished */
  struct tsl__report_pictures pictures; /* of the best run */
};

/* What `teasel classify` told good from bad by. */
struct tsl__report_classification {
  int run; /* index into runs */
  struct tsl_classified points;
  struct tsl_classification result;
  struct tsl__classify_view view; /* borrows from the two above */
};

struct tsl__report_fact {
  const char *term;
  char text[512];
};

enum { TSL__FACTS_MAX = 16, TSL__FAMILIES_MAX = 64 };

/* Of which pairs the page holds R: report.pairs, in the order of its words. */
enum tsl__report_pairs {
  TSL__PAIRS_AUTO,
  TSL__PAIRS_ALL,
  TSL__PAIRS_FAMILY,
  TSL__PAIRS_SETTING
};

struct tsl__report_data {
  char job_name[256];
  char dataset_name[128];
  int fact_count;
  struct tsl__report_fact facts[TSL__FACTS_MAX];
  int64_t held_out; /* samples that nothing is trained on; 0: none, or not known */
  double informative_kl;
  enum tsl_similarity
      similarity;         /* the one that leads: Spearman where it was asked for */
  enum tsl_udr_form form; /* score.udr.score */
  enum tsl__report_pairs pairs;
  int run_count;
  struct tsl__report_run *runs; /* (run_count), in the job's order */
  int family_count;
  struct tsl__report_family families[TSL__FAMILIES_MAX];
  int setting_count;
  int best_run;     /* of all families; -1: none */
  int best_setting; /* highest median of UDR over seeds; -1: none */
  bool has_scores;
  struct tsl_scores scores;
  bool has_latents;
  struct tsl_latents latents;
  struct tsl__references references;
  char reference_name[256]; /* of their file, without its folders */
  int baseline_count;
  struct tsl__baseline_group *baselines; /* (baseline_count) */
  int mixture_count;
  struct tsl__report_mixture *mixtures; /* (mixture_count) */
  int mixture_left_out_count;
  struct tsl__mixture_left_out *mixtures_left_out; /* (mixture_left_out_count) */
  int classification_count;
  struct tsl__report_classification *classifications; /* (classification_count) */
};

/* Local. Reads the folder and computes the pictures. What is missing or cannot be read is
 * left out (and said on the page); an error is only what makes a report impossible. */
enum tsl_status tsl__report_load(struct tsl_store *store, const struct tsl_job *job,
                                 const struct tsl_dataset *dataset,
                                 const struct tsl_stop *stop,
                                 struct tsl__report_data *out, struct tsl_error *err);
void tsl__report_release(struct tsl__report_data *data);

/* Local. Every run of classify/; one that cannot be read is left out with a line in the
 * log. */
enum tsl_status tsl__classifications_load(const struct tsl_store *store,
                                          const struct tsl_job *job,
                                          const struct tsl_dataset *dataset,
                                          struct tsl__report_data *data,
                                          struct tsl_error *err);
void tsl__classifications_release(struct tsl__report_data *data);

/* Local. Sets the best run of each family, of all, and the best setting, from the scores.
 */
void tsl__report_choose_best(struct tsl__report_data *data);

/* Local. The form asked for where that similarity has it, else lib. */
enum tsl_udr_form tsl__report_form(const struct tsl__report_data *data,
                                   enum tsl_similarity similarity);
/* Local. UDR of a run (index into runs); NaN where it has none. */
double tsl__report_udr(const struct tsl__report_data *data,
                       enum tsl_similarity similarity, enum tsl_udr_group group, int run);
/* Local. U of the pair with `target` as regression target, both indices into runs; NaN.
 */
double tsl__report_pair(const struct tsl__report_data *data,
                        enum tsl_similarity similarity, int other, int target);
/* Local. R(other, target) in scores (latent_max, latent_max), NULL where there is none.
 */
const float *tsl__report_matrix(const struct tsl__report_data *data,
                                enum tsl_similarity similarity, int other, int target);
/* Local. KL of a latent over the encoded points, nats; NaN unknown. */
double tsl__report_kl(const struct tsl__report_data *data, int run, int latent);
int tsl__report_latent_count(const struct tsl__report_data *data,
                             int run); /* 0 unknown */
bool tsl__report_is_informative(const struct tsl__report_data *data, int run, int latent);
/* Local. Latents by falling KL. order: (latent count) */
void tsl__report_latent_order(const struct tsl__report_data *data, int run, int *order);
/* Local. The latents that figures show, by their numbers: all, or of very many the
 * TSL__LATENTS_SHOWN with the highest KL. shown: (TSL__LATENTS_SHOWN); returns how many.
 */
enum { TSL__LATENTS_SHOWN = 32 };
int tsl__report_latents_shown(const struct tsl__report_data *data, int run, int *shown);
bool tsl__report_has_similarity(const struct tsl__report_data *data,
                                enum tsl_similarity similarity);
/* Local. Median over the runs of a setting; group as above. NaN without any. */
double tsl__report_setting_udr(const struct tsl__report_data *data,
                               enum tsl_similarity similarity, enum tsl_udr_group group,
                               int setting);
/* Local. Median number of informative latents of a setting; NaN without any. */
double tsl__report_setting_top(const struct tsl__report_data *data, int setting);
int tsl__report_setting_first(const struct tsl__report_data *data,
                              int setting); /* run, -1 */
/* Local. Whether a run may be called best: it ended, and not by diverging. A setting:
 * some run of it may. */
bool tsl__report_run_may_be_best(const struct tsl__report_data *data, int run);
bool tsl__report_setting_may_be_best(const struct tsl__report_data *data, int setting);
/* Local. "beta_vae beta=4 seed 2" */
void tsl__report_run_title(const struct tsl__report_data *data, int run, char *buffer,
                           size_t bytes);
/* Local. Column of a log by name, -1 when it has none. */
int tsl__report_log_column(const struct tsl_table *log, const char *name);
/* Local. A held-out term of the record; NaN when it has none of that name. */
double tsl__report_record_term(const struct tsl_record *record, const char *name);

#endif
