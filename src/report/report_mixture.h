/* report_mixture.h - what models with clusters draw: samples of each component, the
 * samples that each cluster is surest of, the density of points of the plane; and where
 * runs with two latents put the points on their way.
 */
#ifndef TEASEL_REPORT_MIXTURE_H
#define TEASEL_REPORT_MIXTURE_H

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/model.h"
#include "teasel/stop.h"
#include "teasel/store.h"

struct tsl__report_data;

/* Rows of pictures, one a component. */
struct tsl__component_pictures {
  int columns;    /* 0: none */
  float *samples; /* (rows of the mixture, columns, shape), in data space */
};

/* A cluster over the held-out points. */
struct tsl__cluster {
  int64_t size;  /* points for which it is the likeliest */
  int label;     /* most frequent of them; -1: no labels, or no points */
  char name[32]; /* of that label */
  double purity; /* its share; NaN */
  int shown;     /* pictures in its row */
};

/* Densities over a square grid, the first row on top. */
struct tsl__density {
  int cells; /* a side; 0: none */
  double low[2], high[2];
  double *model;   /* (cells, cells) */
  double *mixture; /* (cells, cells) of the Gaussian mixture fitted by EM */
  /* Mean log density of the held-out points, nats. */
  double model_score, mixture_score;
  int64_t draws;   /* that the model's is a mean over */
  int64_t scored;  /* held-out points */
  int64_t shown;   /* points of the scatter plot */
  float *points;   /* (shown, 2) */
  int32_t *labels; /* (shown), NULL when there are none */
};

struct tsl__report_mixture {
  int run;           /* index into runs */
  int components;    /* 0: no clusters */
  int rows;          /* components that are drawn: the first ones */
  char trouble[512]; /* why there are no pictures; "" : there are, or need be none */
  struct tsl_shape shape;
  struct tsl__component_pictures drawn; /* the component's mean, then drawn at w = 0 */
  struct tsl__component_pictures traversed; /* its mean while one of w goes over */
  double range;                             /* -range to range */
  int64_t turned;                           /* that one of w */
  struct tsl__component_pictures certain;   /* held-out samples, the surest first */
  struct tsl__cluster *clusters;            /* (components) */
  int64_t judged;                           /* held-out points */
  struct tsl__density density;
  size_t snapshot_count;
  struct tsl_snapshot *snapshots; /* (snapshot_count) */
};

enum { TSL__MIXTURES_MAX = 8, TSL__COMPONENT_ROWS_MAX = 40 };

/* A setting that comes after so many, and what would have been drawn of it. */
struct tsl__mixture_left_out {
  int setting;
  bool clouds;    /* two latents: in its latent space */
  bool densities; /* clusters in the plane */
  bool pictures;  /* clusters of pictures */
};

/* Local. Of each of the first settings with clusters, or with two latents, one run: the
 * one with the lowest loss over the last tenth of its log. Fills data->mixtures and
 * data->mixtures_left_out. A model that cannot be loaded leaves its reason and is no
 * error. */
enum tsl_status tsl__mixtures_load(const struct tsl_store *store,
                                   const struct tsl_job *job,
                                   const struct tsl_dataset *dataset,
                                   const struct tsl_stop *stop,
                                   struct tsl__report_data *data, struct tsl_error *err);
void tsl__mixtures_release(struct tsl__report_data *data);

/* What the parts work with. */
struct tsl__mixture_painter {
  const struct tsl_run *run;
  const struct tsl_dataset *dataset;
  struct tsl_model model;
  int64_t latent, latent_w, components;
  size_t sample; /* values of one sample */
  struct tsl__report_mixture *out;
};
/* Local. codes: (rows, latent) -> out: (rows, shape), in data space. */
enum tsl_status tsl__mixture_decode(const struct tsl__mixture_painter *painter,
                                    const float *codes, int64_t rows, float *out,
                                    struct tsl_error *err);
/* Local. w: (rows, latent_w) -> mean, log_variance: (rows, components, latent). */
enum tsl_status tsl__mixture_components(const struct tsl__mixture_painter *painter,
                                        const float *w, int64_t rows, float *mean,
                                        float *log_variance, struct tsl_error *err);
enum tsl_status tsl__mixture_draw(struct tsl__mixture_painter *painter, int steps,
                                  struct tsl_error *err);
enum tsl_status tsl__mixture_sort(struct tsl__mixture_painter *painter,
                                  struct tsl_error *err);
enum tsl_status tsl__mixture_density(struct tsl__mixture_painter *painter,
                                     struct tsl_error *err);

#endif
