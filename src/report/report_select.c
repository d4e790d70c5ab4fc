/* Looking things up in the report's data, and choosing what is best. */
#include "report/report_data.h"
#include "report/report_statistic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum tsl_udr_form tsl__report_form(const struct tsl__report_data *data,
                                   enum tsl_similarity similarity) {
  bool has = data->has_scores && data->scores.pairwise[similarity][data->form] != NULL;
  return has ? data->form : TSL_UDR_LIB;
}

bool tsl__report_has_similarity(const struct tsl__report_data *data,
                                enum tsl_similarity similarity) {
  return data->has_scores && data->scores.run_count > 0 &&
         data->scores.pairwise[similarity][TSL_UDR_LIB] != NULL;
}

double tsl__report_udr(const struct tsl__report_data *data,
                       enum tsl_similarity similarity, enum tsl_udr_group group,
                       int run) {
  int score = run < 0 ? -1 : data->runs[run].score;
  if (score < 0 || !data->has_scores)
    return NAN;
  const double *udr =
      data->scores.udr[similarity][tsl__report_form(data, similarity)][group];
  return udr == NULL ? (double)NAN : udr[score];
}

double tsl__report_pair(const struct tsl__report_data *data,
                        enum tsl_similarity similarity, int other, int target) {
  int k = data->runs[other].score, i = data->runs[target].score;
  if (k < 0 || i < 0 || !tsl__report_has_similarity(data, similarity))
    return NAN;
  const double *pairwise =
      data->scores.pairwise[similarity][tsl__report_form(data, similarity)];
  return pairwise[(size_t)k * (size_t)data->scores.run_count + (size_t)i];
}

const float *tsl__report_matrix(const struct tsl__report_data *data,
                                enum tsl_similarity similarity, int other, int target) {
  int k = data->runs[other].score, i = data->runs[target].score;
  if (k < 0 || i < 0 || !data->has_scores || data->scores.matrices[similarity] == NULL)
    return NULL;
  size_t latents = (size_t)data->scores.latent_max;
  size_t pair = (size_t)k * (size_t)data->scores.run_count + (size_t)i;
  return data->scores.matrices[similarity] + pair * latents * latents;
}

int tsl__report_latent_count(const struct tsl__report_data *data, int run) {
  const struct tsl__report_run *r = &data->runs[run];
  if (r->score >= 0 && data->has_scores)
    return data->scores.runs[r->score].latent;
  if (r->latents >= 0 && data->has_latents)
    return (int)data->latents.runs[r->latents].latent;
  return 0;
}

/* KL from N(mean, exp(log variance)) to N(0, 1), mean over the points, nats. */
static double kl_of_latents(const struct tsl_latents *latents,
                            const struct tsl_latents_run *run, int latent) {
  double sum = 0;
  for (int64_t p = 0; p < latents->points; p++) {
    double mean = (double)run->mean[p * run->latent + latent];
    double log_variance = (double)run->log_variance[p * run->latent + latent];
    sum += (mean * mean + exp(log_variance) - log_variance - 1) / 2;
  }
  return latents->points > 0 ? sum / (double)latents->points : (double)NAN;
}

double tsl__report_kl(const struct tsl__report_data *data, int run, int latent) {
  const struct tsl__report_run *r = &data->runs[run];
  if (r->score >= 0 && data->has_scores)
    return data->scores
        .kl[(size_t)r->score * (size_t)data->scores.latent_max + (size_t)latent];
  if (r->latents >= 0 && data->has_latents &&
      data->latents.runs[r->latents].log_variance != NULL)
    return kl_of_latents(&data->latents, &data->latents.runs[r->latents], latent);
  return NAN;
}

bool tsl__report_is_informative(const struct tsl__report_data *data, int run,
                                int latent) {
  return tsl__report_kl(data, run, latent) > data->informative_kl;
}

void tsl__report_latent_order(const struct tsl__report_data *data, int run, int *order) {
  int count = tsl__report_latent_count(data, run);
  for (int i = 0; i < count; i++) {
    double kl = tsl__report_kl(data, run, i);
    int at = i;
    for (; at > 0; at--) {
      double before = tsl__report_kl(data, run, order[at - 1]);
      if (!(kl > before) && !(isnan(before) && !isnan(kl)))
        break;
      order[at] = order[at - 1];
    }
    order[at] = i;
  }
}

static int by_number(const void *a, const void *b) {
  const int *one = a, *other = b;
  return *one - *other;
}

static double kl_or_none(const struct tsl__report_data *data, int run, int latent) {
  double kl = tsl__report_kl(data, run, latent);
  return isnan(kl) ? -1 : kl;
}

int tsl__report_latents_shown(const struct tsl__report_data *data, int run, int *shown) {
  int latents = tsl__report_latent_count(data, run), count = 0;
  for (int i = 0; i < latents; i++) {
    double kl = kl_or_none(data, run, i);
    int at = count < TSL__LATENTS_SHOWN ? count++ : TSL__LATENTS_SHOWN;
    for (; at > 0 && kl > kl_or_none(data, run, shown[at - 1]); at--)
      if (at < TSL__LATENTS_SHOWN)
        shown[at] = shown[at - 1];
    if (at < TSL__LATENTS_SHOWN)
      shown[at] = i;
  }
  qsort(shown, (size_t)count, sizeof *shown, by_number);
  return count;
}

double tsl__report_setting_udr(const struct tsl__report_data *data,
                               enum tsl_similarity similarity, enum tsl_udr_group group,
                               int setting) {
  double *values = malloc((size_t)(data->run_count + 1) * sizeof *values);
  if (values == NULL)
    return NAN;
  int count = 0;
  for (int i = 0; i < data->run_count; i++)
    if (data->runs[i].setting == setting)
      values[count++] = tsl__report_udr(data, similarity, group, i);
  double out = tsl__median(values, count);
  free(values);
  return out;
}

double tsl__report_setting_top(const struct tsl__report_data *data, int setting) {
  double *values = malloc((size_t)(data->run_count + 1) * sizeof *values);
  if (values == NULL)
    return NAN;
  int count = 0;
  for (int i = 0; i < data->run_count; i++)
    if (data->runs[i].setting == setting && data->runs[i].score >= 0 && data->has_scores)
      values[count++] = data->scores.runs[data->runs[i].score].informative;
  double out = tsl__median(values, count);
  free(values);
  return out;
}

int tsl__report_setting_first(const struct tsl__report_data *data, int setting) {
  for (int i = 0; i < data->run_count; i++)
    if (data->runs[i].setting == setting)
      return i;
  return -1;
}

/* Places of a run in the order of merit, each deciding where all before it tie. */
enum { PLACES = 5 };

/* UDR of the narrowest group that gives one: a run without other seeds is judged by its
 * family or by all. Among runs that agree with none (UDR 0), one that finished and kept
 * latents is still better than one that collapsed. */
static void find_merit(const struct tsl__report_data *data, int run,
                       double merit[PLACES]) {
  const struct tsl__report_run *r = &data->runs[run];
  merit[0] = merit[1] = -1;
  for (int group = 0; group < TSL_UDR_GROUP_COUNT && merit[0] < 0; group++) {
    double udr = tsl__report_udr(data, data->similarity, (enum tsl_udr_group)group, run);
    if (isfinite(udr)) {
      merit[0] = TSL_UDR_GROUP_COUNT - group;
      merit[1] = udr;
    }
  }
  double all = tsl__report_udr(data, data->similarity, TSL_UDR_ALL, run);
  merit[2] = isfinite(all) ? all : -1;
  merit[3] = r->record.outcome == TSL_OUTCOME_FINISHED;
  merit[4] = r->score >= 0 && data->has_scores ? data->scores.runs[r->score].informative
                                               : r->record.informative;
}

static bool is_better(const struct tsl__report_data *data, int run, int than) {
  double a[PLACES], b[PLACES];
  if (than < 0)
    return true;
  find_merit(data, run, a);
  find_merit(data, than, b);
  for (int place = 0; place < PLACES; place++)
    if (a[place] != b[place])
      return a[place] > b[place];
  return false;
}

bool tsl__report_run_may_be_best(const struct tsl__report_data *data, int run) {
  enum tsl_outcome outcome = data->runs[run].record.outcome;
  return outcome != TSL_OUTCOME_NONE && outcome != TSL_OUTCOME_DIVERGED;
}

bool tsl__report_setting_may_be_best(const struct tsl__report_data *data, int setting) {
  for (int i = 0; i < data->run_count; i++)
    if (data->runs[i].setting == setting && tsl__report_run_may_be_best(data, i))
      return true;
  return false;
}

void tsl__report_choose_best(struct tsl__report_data *data) {
  data->best_run = -1;
  data->best_setting = -1;
  for (int f = 0; f < data->family_count; f++)
    data->families[f].best_run = -1;
  for (int i = 0; i < data->run_count; i++) {
    int *family = &data->families[data->runs[i].family].best_run;
    if (!tsl__report_run_may_be_best(data, i))
      continue;
    if (is_better(data, i, *family))
      *family = i;
    if (is_better(data, i, data->best_run))
      data->best_run = i;
  }
  double best = 0; /* a setting whose seeds agree in nothing is not the best of any */
  for (int s = 0; s < data->setting_count; s++) {
    double udr = tsl__report_setting_udr(data, data->similarity, TSL_UDR_SETTING, s);
    if (udr > best && tsl__report_setting_may_be_best(data, s)) {
      best = udr;
      data->best_setting = s;
    }
  }
}

void tsl__report_run_title(const struct tsl__report_data *data, int run, char *buffer,
                           size_t bytes) {
  const struct tsl__report_run *r = &data->runs[run];
  snprintf(buffer, bytes, "%s%s%s, seed %lld", data->families[r->family].name,
           r->label[0] == '\0' ? "" : " ", r->label, (long long)r->seed);
}

int tsl__report_log_column(const struct tsl_table *log, const char *name) {
  for (int c = 0; c < log->columns; c++)
    if (strcmp(log->names[c], name) == 0)
      return c;
  return -1;
}

double tsl__report_record_term(const struct tsl_record *record, const char *name) {
  for (int i = 0; i < record->term_count; i++)
    if (strcmp(record->terms[i].name, name) == 0)
      return record->terms[i].value;
  return NAN;
}
