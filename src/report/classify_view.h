/* classify_view.h - good and bad as a page shows them: the classifiers, the points in
 * the plane of two latents, and pictures of what goes wrong. */
#ifndef TEASEL_REPORT_CLASSIFY_VIEW_H
#define TEASEL_REPORT_CLASSIFY_VIEW_H

#include "teasel/network.h"
#include "teasel/report.h"

/* Points of one class outside the labelled ones that the best cut calls the other. */
struct tsl__mistakes {
  int64_t count; /* of all */
  int64_t shown; /* those farthest from the threshold */
  float
      *samples; /* (shown, shape), the last row of ten filled up with black; NULL: none */
};

struct tsl__classify_view {
  const struct tsl_classification *result; /* borrowed, as all but the mistakes */
  const float *mean;                       /* (points, latent) */
  const bool *bad;                         /* (points) */
  const char *run;
  const char *good, *bad_name;
  char prefix[64]; /* of the figures' file names */
  struct tsl_shape shape;
  struct tsl__mistakes
      mistakes[2]; /* [0] good ones called bad, [1] bad ones called good */
};

/* Local. Finds the mistakes and their pictures; what the report points to must outlive
 * the view. */
enum tsl_status tsl__classify_view_init(struct tsl__classify_view *view,
                                        const struct tsl_classify_report *report,
                                        struct tsl_error *err);
void tsl__classify_view_release(struct tsl__classify_view *view);

#endif
