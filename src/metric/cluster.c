#include "metric/cluster.h"

#include "teasel/arena.h"

#include <stdlib.h>
#include <string.h>

static int compare_labels(const void *a, const void *b) {
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

enum tsl_status tsl__partition_init(struct tsl__partition *out, const int32_t *labels,
                                    int64_t points, struct tsl_error *err) {
  struct tsl__partition partition = {0};
  size_t n = (size_t)points;
  enum tsl_status status =
      tsl_allocate((void **)&partition.labels, n, sizeof(int32_t), err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&partition.group, n, sizeof(int32_t), err);
  if (status != TSL_OK)
    goto done;
  memcpy(partition.labels, labels, n * sizeof *labels);
  qsort(partition.labels, n, sizeof(int32_t), compare_labels);
  for (size_t i = 0; i < n; i++)
    if (i == 0 || partition.labels[i] != partition.labels[partition.count - 1])
      partition.labels[partition.count++] = partition.labels[i];
  status = tsl_allocate((void **)&partition.sizes, (size_t)partition.count,
                        sizeof(int64_t), err);
  if (status != TSL_OK)
    goto done;
  for (size_t i = 0; i < n; i++) {
    const int32_t *found = bsearch(&labels[i], partition.labels, (size_t)partition.count,
                                   sizeof(int32_t), compare_labels);
    partition.group[i] = (int32_t)(found - partition.labels);
    partition.sizes[partition.group[i]]++;
  }
  *out = partition;
  partition = (struct tsl__partition){0};
done:
  tsl__partition_release(&partition);
  return status;
}

void tsl__partition_release(struct tsl__partition *partition) {
  free(partition->group);
  free(partition->sizes);
  free(partition->labels);
  *partition = (struct tsl__partition){0};
}

enum tsl_status tsl__contingency(const struct tsl__partition *rows,
                                 const struct tsl__partition *columns, int64_t points,
                                 int64_t **out, struct tsl_error *err) {
  TSL_TRY(tsl_allocate((void **)out, (size_t)rows->count,
                       (size_t)columns->count * sizeof(int64_t), err));
  for (int64_t i = 0; i < points; i++)
    (*out)[(int64_t)rows->group[i] * columns->count + columns->group[i]]++;
  return TSL_OK;
}

bool tsl__clusters_comparable(int clusters, int64_t points, struct tsl_text *reason) {
  if (clusters < 2)
    tsl_text_add(reason, "fewer than two clusters");
  else if (clusters >= points)
    tsl_text_add(reason, "as many clusters as points");
  return clusters >= 2 && clusters < points;
}

enum tsl_status tsl__centroids(const struct tsl__partition *partition,
                               const double *codes, int64_t points, int64_t latent,
                               double **out, struct tsl_error *err) {
  TSL_TRY(tsl_allocate((void **)out, (size_t)partition->count,
                       (size_t)latent * sizeof(double), err));
  for (int64_t i = 0; i < points; i++) {
    double *centre = *out + partition->group[i] * latent;
    for (int64_t k = 0; k < latent; k++)
      centre[k] += codes[i * latent + k];
  }
  for (int c = 0; c < partition->count; c++)
    for (int64_t k = 0; k < latent; k++)
      (*out)[c * latent + k] /= (double)partition->sizes[c];
  return TSL_OK;
}
