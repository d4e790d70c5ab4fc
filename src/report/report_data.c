#include "report/report_data.h"

#include "report/report_pictures.h"

#include <stdlib.h>

void tsl__pictures_release(struct tsl__report_pictures *pictures) {
  free(pictures->base);
  free(pictures->traversal);
  free(pictures->sample_indices);
  free(pictures->errors);
  free(pictures->originals);
  free(pictures->reconstructions);
  *pictures = (struct tsl__report_pictures){0};
}

void tsl__report_release(struct tsl__report_data *data) {
  for (int i = 0; data->runs != NULL && i < data->run_count; i++)
    tsl_table_release(&data->runs[i].log);
  free(data->runs);
  for (int f = 0; f < data->family_count; f++)
    tsl__pictures_release(&data->families[f].pictures);
  tsl__classifications_release(data);
  tsl__mixtures_release(data);
  tsl__references_release(&data->references);
  free(data->baselines);
  if (data->has_scores)
    tsl_scores_release(&data->scores);
  if (data->has_latents)
    tsl_latents_release(&data->latents);
  *data = (struct tsl__report_data){0};
}
