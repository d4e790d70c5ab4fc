#include "teasel/model.h"

#include <math.h>
#include <string.h>

static enum tsl_status prepare(struct tsl_model *model,
                               const struct tsl_model_request *request,
                               struct tsl_error *err) {
  const struct tsl_run_options *options = &request->run->options;
  const struct tsl_graph_shape shape = {.batch = options->train.batch,
                                        .shards = options->train.shards,
                                        .precision =
                                            (enum tsl_precision)options->train.precision};
  TSL_TRY(tsl_nn_precision_check(shape.precision, err));
  TSL_TRY(tsl_graph_create(&shape, &model->graph, err));
  model->ops->build(request, model->graph, &model->values);
  TSL_TRY(tsl_graph_finish(model->graph, err));
  tsl_graph_initialise(model->graph, (uint64_t)options->seed);
  const struct tsl_optimizer_options optimizer = {
      .kind = (enum tsl_optimizer_kind)options->train.optimizer,
      .learning_rate = options->train.learning_rate,
      .beta1 = options->train.beta1,
      .beta2 = options->train.beta2,
      .epsilon = options->train.epsilon,
      .momentum = options->train.momentum};
  return tsl_graph_optimizer(model->graph, &optimizer, err);
}

enum tsl_status tsl_model_create(const struct tsl_run *run, int64_t dataset_size,
                                 int64_t iterations, struct tsl_model *out,
                                 struct tsl_error *err) {
  struct tsl_model model = {.ops = tsl_model_find(run->family->name)};
  memset(&model.values, 0xff, sizeof model.values); /* every index -1: absent */
  if (model.ops == NULL)
    return tsl_error_set(err, TSL_INTERNAL, "", "no model family is called '%s'",
                         run->family->name);
  const struct tsl_model_request request = {.run = run,
                                            .options = run->family_options,
                                            .dataset_size = dataset_size,
                                            .iterations = iterations};
  if (model.ops->check_request != NULL)
    TSL_TRY(model.ops->check_request(&request, err));
  enum tsl_status status = prepare(&model, &request, err);
  if (status != TSL_OK)
    tsl_model_release(&model);
  else
    *out = model;
  return status;
}

void tsl_model_release(struct tsl_model *model) {
  tsl_graph_free(model->graph);
  *model = (struct tsl_model){0};
}

int tsl_model_clusters(const struct tsl_run *run) {
  const struct tsl_model_ops *ops = tsl_model_find(run->family->name);
  return ops != NULL && ops->clusters != NULL ? ops->clusters(run->family_options) : 0;
}

/* The largest element but number `left_out`, which may be -1. row: (count), count > 1 */
static int largest_but(const float *row, int count, int left_out) {
  int largest = left_out == 0 ? 1 : 0;
  for (int k = largest + 1; k < count; k++)
    largest = k != left_out && row[k] > row[largest] ? k : largest;
  return largest;
}

/* log(1 - p) of the largest probability is the log of the others' sum, taken relative to
 * the largest of these: 1 - p itself may be less than a float can tell. */
void tsl_model_cluster_logits(float *rows, int64_t count, int components) {
  for (int64_t i = 0; i < count; i++) {
    float *row = rows + i * components;
    const int first = largest_but(row, components, -1);
    const int second = largest_but(row, components, first);
    const double top = (double)row[first], next = (double)row[second];
    double all = 1, others = 1; /* relative to top, and to next without the first */
    for (int k = 0; k < components; k++) {
      all += k == first ? 0 : exp((double)row[k] - top);
      others += k == first || k == second ? 0 : exp((double)row[k] - next);
    }
    for (int k = 0; k < components; k++) {
      const double rest = top + log(all - (k == first ? 0 : exp((double)row[k] - top)));
      row[k] = (float)((double)row[k] - (k == first ? next + log(others) : rest));
    }
  }
}

void tsl_model_to_data_space(const struct tsl_run *run, float *output, size_t count) {
  if (run->options.reconstruction != TSL_RECONSTRUCTION_BERNOULLI)
    return;
  for (size_t i = 0; i < count; i++)
    output[i] = 1.0F / (1.0F + expf(-output[i]));
}
