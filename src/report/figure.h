/* figure.h - the page's sections: each is one file figure_<name>.c and one line of
 * figure_list.h. A figure is a pure function of the data; where its input is missing, it
 * says so in one sentence or leaves itself out.
 */
#ifndef TEASEL_REPORT_FIGURE_H
#define TEASEL_REPORT_FIGURE_H

#include "report/chart.h"
#include "report/html.h"
#include "report/report_data.h"

struct tsl__figure {
  const char *name;
  enum tsl_status (*write)(const struct tsl__report_data *data, struct tsl__page *page,
                           struct tsl_error *err);
};

/* Every section in order. */
enum tsl_status tsl__figures_write(const struct tsl__report_data *data,
                                   const struct tsl_stop *stop, struct tsl__page *page,
                                   struct tsl_error *err);

/* ---- shared by figures ---- */
const char *tsl__similarity_title(enum tsl_similarity similarity); /* "Spearman" */
const char *tsl__group_title(enum tsl_udr_group group); /* "same setting, other seeds" */
/* Mark and name of each family side by side from x on, lines 14 pixels apart where they
 * do not fit; baseline: of the first line. Returns the number of lines; chart NULL: only
 * counts, for a plot of that width. */
int tsl__family_key(const struct tsl__report_data *data, struct tsl__chart *chart,
                    double left, double width, double baseline);
/* A setting's label without what all settings of its family have in common; its family's
 * name where nothing is left. */
void tsl__setting_short(const struct tsl__report_data *data, int setting, char *buffer,
                        size_t bytes);
/* What the settings of a family have in common: "latent_w=150, samples=1"; "" : nothing.
 */
void tsl__family_shared(const struct tsl__report_data *data, int family, char *buffer,
                        size_t bytes);
/* The same of a run, with its seed. */
void tsl__run_short(const struct tsl__report_data *data, int run, char *buffer,
                    size_t bytes);
/* Runs with scores, in the job's order: indices into runs; returns their number. order:
 * (run_count) */
int tsl__scored_runs(const struct tsl__report_data *data, int *order);
/* The pair that the page shows first: the best agreeing two runs of the best setting, or
 * of all where it has no two. False: there is no pair. */
bool tsl__best_pair(const struct tsl__report_data *data, enum tsl_similarity similarity,
                    int *other, int *target);
/* Whether the run's model tells clusters: its log or its record has a z-prior. */
bool tsl__run_has_clusters(const struct tsl__report_data *data, int run);
/* A sentence that names the settings of which no such figure is drawn, where there are
 * any. */
enum tsl__mixture_figure {
  TSL__MIXTURE_CLOUDS,
  TSL__MIXTURE_DENSITIES,
  TSL__MIXTURE_PICTURES
};
void tsl__mixtures_say_left_out(const struct tsl__report_data *data,
                                enum tsl__mixture_figure figure, struct tsl__page *page);
/* The finished runs of an outcome. */
int tsl__outcome_count(const struct tsl__report_data *data, enum tsl_outcome outcome);

/* A grid of samples as one embedded picture with lines of the ground between the cells,
 * its upper left corner at (left, top): a JPEG of good quality where a PNG takes more
 * than twice the room. Kept as figures/<file>.png, without losses. samples: (rows,
 * columns, shape). Vectors become tiles, other than 1 or 3 channels their mean. */
struct tsl__picture_grid {
  const struct tsl_shape *shape;
  const float *samples;
  int rows, columns;
  double left, top;
  double cell_width, cell_height; /* pixels on the page */
  const char *file;
};
enum tsl_status tsl__picture_grid_write(struct tsl__chart *chart, struct tsl__page *page,
                                        const struct tsl__picture_grid *grid,
                                        struct tsl_error *err);
/* Size on the page of one sample: about 64 pixels wide. */
void tsl__picture_cell(const struct tsl_shape *shape, double *width, double *height);

#endif
