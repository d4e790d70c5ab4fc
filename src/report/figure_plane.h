/* figure_plane.h - charts of points of the plane, where other samples are pictures. */
#ifndef TEASEL_REPORT_FIGURE_PLANE_H
#define TEASEL_REPORT_FIGURE_PLANE_H

#include "report/figure.h"

/* Samples of two values. */
bool tsl__plane_fits(const struct tsl_shape *shape);
/* The way of the point while each of `rows` latents goes from -range to range; marks grow
 * with it. order: (rows) latents. */
void tsl__plane_traversal(const struct tsl__report_pictures *pictures, const int *order,
                          int rows, const char *label, struct tsl_text *svg);
/* Each sample joined with its reconstruction; its error is shown when pointed at. */
void tsl__plane_reconstructions(const struct tsl__report_pictures *pictures,
                                const char *label, struct tsl_text *svg);

#endif
