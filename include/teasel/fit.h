/* fit.h - what is fitted without gradients: logistic regression, k-means, Gaussian
 * mixture by EM, principal components. Everything is Local, in double precision, on one
 * core, and a function of its arguments and the stream alone.
 */
#ifndef TEASEL_FIT_H
#define TEASEL_FIT_H

#include "teasel/random.h"
#include "teasel/status.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- logistic regression ----
 * Two classes: min over w, b of |w|^2 / 2 + C sum_i s_i log(1 + exp(-t_i (w x_i + b))).
 * More classes: the softmax with one w per class and the same penalty. The intercepts are
 * not penalised; those of a softmax sum to 0. By Newton's method to a gradient below 1e-9
 * of its start. */
struct tsl_logistic {
  int classes;
  int64_t features;
  int blocks;      /* 1 for two classes, else classes */
  double *weights; /* (blocks, features + 1), the intercept last; the block of two classes
                      is the log odds of class 1 */
  bool converged;
};

struct tsl_logistic_request {
  const double *x;  /* (points, features) */
  const int32_t *y; /* (points), 0 .. classes - 1 */
  int64_t points;
  int64_t features;
  int classes;     /* at least 2, each with a point */
  double strength; /* C > 0, the inverse of the penalty; scikit-learn's default is 1 */
  bool balanced;   /* s_i = points / (classes * points of its class), else 1 */
};
/* Local. TSL_BAD_INPUT when a class has no point or a value is not finite. */
enum tsl_status tsl_logistic_fit(const struct tsl_logistic_request *request,
                                 struct tsl_logistic *out, struct tsl_error *err);
void tsl_logistic_release(struct tsl_logistic *model);
/* Local. x: (points, features), out: (points); the lowest class wins a tie. */
void tsl_logistic_predict(const struct tsl_logistic *model, const double *x,
                          int64_t points, int32_t *out);
/* Local. out: (points, classes) */
void tsl_logistic_probabilities(const struct tsl_logistic *model, const double *x,
                                int64_t points, double *out);

/* ---- k-means ----
 * Starts by k-means++ (Arthur and Vassilvitskii 2007), Lloyd's steps, the best of
 * `starts`. An emptied cluster takes the point that is farthest from its centre. */
struct tsl_kmeans {
  int clusters;
  int64_t features;
  double *centres;     /* (clusters, features) */
  int32_t *assignment; /* (points), the nearest centre, the lowest on ties */
  double inertia;      /* sum of squared distances to the nearest centre */
};
struct tsl_kmeans_request {
  const double *x; /* (points, features) */
  int64_t points;
  int64_t features;
  int clusters; /* 1 .. points */
  int starts;   /* 10 in scikit-learn */
  int steps;    /* at most this many of Lloyd's steps a start */
  struct tsl_stream stream;
};
/* Local. TSL_BAD_INPUT when there are fewer points than clusters. */
enum tsl_status tsl_kmeans_fit(const struct tsl_kmeans_request *request,
                               struct tsl_kmeans *out, struct tsl_error *err);
void tsl_kmeans_release(struct tsl_kmeans *model);

/* ---- Gaussian mixture, full covariance, by expectation maximisation ----
 * Started from k-means; `ridge` is added to every variance, as in scikit-learn. */
struct tsl_mixture {
  int components;
  int64_t features;
  double *weights;       /* (components) */
  double *means;         /* (components, features) */
  double *covariances;   /* (components, features, features) */
  double *factors;       /* (components, features, features), lower Cholesky factors */
  double log_likelihood; /* mean over points, natural logarithm */
  int steps;
  bool converged;
};
/* A fit ends after at most so many steps times components: 300 steps of 100 components,
 * 30 of 1,000, whose steps take ten times as long; `converged` tells. */
enum { TSL_MIXTURE_WORK_MAX = 30000 };
struct tsl_mixture_request {
  const double *x; /* (points, features) */
  int64_t points;
  int64_t features;
  int components;
  int steps;        /* at most; 100 in scikit-learn */
  double tolerance; /* change of log_likelihood that ends; 1e-3 in scikit-learn */
  double ridge;     /* 1e-6 in scikit-learn */
  struct tsl_stream stream;
};
enum tsl_status tsl_mixture_fit(const struct tsl_mixture_request *request,
                                struct tsl_mixture *out, struct tsl_error *err);
void tsl_mixture_release(struct tsl_mixture *model);
/* Local. Logarithms of weight times density: (points, components). scratch: (features) */
void tsl_mixture_log_joint(const struct tsl_mixture *model, const double *x,
                           int64_t points, double *scratch, double *out);

/* ---- principal components ---- */
struct tsl_pca {
  int64_t features;
  double *mean;       /* (features) */
  double *components; /* (features, features), one a row, largest variance first; the
                         entry largest in size of each is positive */
  double *variances;  /* (features), with points - 1 below the line */
};
enum tsl_status tsl_pca_fit(const double *x, int64_t points, int64_t features,
                            struct tsl_pca *out, struct tsl_error *err);
/* Local. The first `count` components alone, for many features: components: (count,
 * features), variances: (count), to a millionth of the largest variance. */
enum tsl_status tsl_pca_fit_leading(const double *x, int64_t points, int64_t features,
                                    int64_t count, struct tsl_pca *out,
                                    struct tsl_error *err);
void tsl_pca_release(struct tsl_pca *model);
/* Local. x: (points, features), out: (points, count) coordinates on the first `count`. */
void tsl_pca_project(const struct tsl_pca *model, const double *x, int64_t points,
                     int64_t count, double *out);

#endif
