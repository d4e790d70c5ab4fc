/* teasel classify: good or bad by the latents of a trained run and a few labels. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/results_open.h"
#include "cli/session.h"
#include "teasel/arena.h"
#include "teasel/classify.h"
#include "teasel/encode.h"
#include "teasel/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: teasel classify RESULTS [--run RUN] [--labels 200] [--good NAME] [-o DIR]\n"
    "\n"
    "Tells good from bad by the latents of a trained run. A few labelled points, half "
    "of\n"
    "them good, pick the one latent and threshold with the best balanced accuracy, and "
    "fit\n"
    "a logistic regression on all informative latents. Accuracy and balanced accuracy "
    "are\n"
    "those of all other points. The data set must have labels.\n"
    "Writes classify.html, classify.csv, scatter.svg and sheets of misclassified "
    "pictures;\n"
    "the last line printed is `report: PATH`. `teasel report RESULTS` afterwards shows "
    "it\n"
    "in report.html too, unless -o led elsewhere.\n"
    "\n"
    "  --run RUN        the run's name, its 8 hex digits, or a beginning of either\n"
    "                   (default: the run with the best UDR)\n"
    "  --labels N       labelled points in all, half of them good (default: 200)\n"
    "  --good NAME      the class that is good, by name or number; may be repeated, all\n"
    "                   others are bad (default: the first of two classes)\n"
    "  -o DIR           where to write (default: RESULTS/classify/RUN)\n"
    "  --set KEY=VALUE  override an option of the job, as --set dataset.path=FOLDER\n";

struct request {
  const char *run, *folder;
  const char **good; /* ended by NULL; NULL: the first of two classes */
  int64_t labels;
  struct tsl_cli_arguments arguments;
};

/* The classes as two. */
struct classes {
  bool *bad; /* (points) */
  char good_name[128], bad_name[128];
};

/* ---- which run ---- */

static enum tsl_status best_run(const struct tsl__session *session,
                                const struct tsl_run **out, struct tsl_error *err) {
  struct tsl_scores scores = {0};
  char path[TSL_PATH_MAX];
  tsl_store_path(session->store, TSL_STORE_SCORES, path);
  if (!tsl_file_exists(path))
    return tsl_error_set(
        err, TSL_BAD_INPUT, path,
        "there are no scores yet to choose the best run by; name one with "
        "--run, or make them with `teasel score`");
  TSL_TRY(tsl_scores_read(session->store, &scores, err));
  int best = tsl_scores_best_run(
      &scores, (enum tsl_udr_form)tsl_job_options(session->job)->udr.score);
  enum tsl_status status = TSL_OK;
  if (best < 0)
    status = tsl_error_set(err, TSL_BAD_INPUT, path,
                           "no run has a UDR score; name one with --run");
  *out = NULL;
  for (size_t i = 0; status == TSL_OK && i < tsl_job_run_count(session->job); i++)
    if (strcmp(tsl_job_run(session->job, i)->name, scores.runs[best].name) == 0)
      *out = tsl_job_run(session->job, i);
  if (status == TSL_OK && *out == NULL)
    status = tsl_error_set(err, TSL_BAD_INPUT, path,
                           "the best run, %s, is none of the job with the data set as it "
                           "is now; was the data changed?",
                           scores.runs[best].name);
  tsl_scores_release(&scores);
  return status;
}

/* ---- which class ---- */

static bool class_is(const struct tsl_dataset_view *view, int label, const char *word) {
  char number[16];
  snprintf(number, sizeof number, "%d", label);
  return strcmp(word, number) == 0 ||
         (view->label_names != NULL && strcmp(word, view->label_names[label]) == 0);
}

static enum tsl_status refuse_classes(const struct tsl_dataset_view *view,
                                      const char *problem, struct tsl_error *err) {
  struct tsl_text names = {0};
  for (int label = 0; label < view->label_count && label < 40; label++) {
    tsl_text_add(&names, label > 0 ? ", " : "");
    if (view->label_names != NULL)
      tsl_text_add(&names, view->label_names[label]);
    else
      tsl_text_format(&names, "%d", label);
  }
  enum tsl_status status =
      tsl_error_set(err, TSL_BAD_INPUT, "--good", "%s; the classes of data set %s are %s",
                    problem, view->name, names.bytes != NULL ? names.bytes : "none");
  tsl_text_release(&names);
  return status;
}

/* is_good: (label_count) */
static enum tsl_status mark_good(const struct request *request,
                                 const struct tsl_dataset_view *view, bool *is_good,
                                 struct tsl_error *err) {
  if (request->good == NULL || request->good[0] == NULL) {
    if (view->label_count != 2)
      return refuse_classes(view, "say which classes are good with --good", err);
    is_good[0] = true;
    return TSL_OK;
  }
  for (const char *const *word = (const char *const *)request->good; *word != NULL;
       word++) {
    bool found = false;
    for (int label = 0; label < view->label_count; label++)
      if (class_is(view, label, *word))
        found = is_good[label] = true;
    if (!found) {
      char problem[160];
      snprintf(problem, sizeof problem, "there is no class '%.100s'", *word);
      return refuse_classes(view, problem, err);
    }
  }
  return TSL_OK;
}

/* A class by itself keeps its name; several are called good and bad. */
static void name_side(const struct tsl_dataset_view *view, const bool *is_good, bool good,
                      char *out, size_t bytes) {
  int found = 0;
  for (int label = 0; label < view->label_count; label++)
    if (is_good[label] == good && found++ == 0 && view->label_names != NULL)
      snprintf(out, bytes, "%s", view->label_names[label]);
  if (found != 1 || view->label_names == NULL)
    snprintf(out, bytes, "%s", good ? "good" : "bad");
}

static enum tsl_status make_classes(const struct request *request,
                                    const struct tsl_dataset_view *view,
                                    struct classes *classes, struct tsl_error *err) {
  if (view->labels == NULL)
    return tsl_error_set(err, TSL_BAD_INPUT, view->name,
                         "the data set has no labels, so nothing can be classified");
  void *is_good = NULL, *bad = NULL;
  TSL_TRY(tsl_allocate(&bad, (size_t)view->count, sizeof(bool), err));
  classes->bad = bad;
  TSL_TRY(tsl_allocate(&is_good, (size_t)view->label_count, sizeof(bool), err));
  enum tsl_status status = mark_good(request, view, is_good, err);
  for (int64_t i = 0; status == TSL_OK && i < view->count; i++)
    classes->bad[i] = !((const bool *)is_good)[view->labels[i]];
  if (status == TSL_OK) {
    name_side(view, is_good, true, classes->good_name, sizeof classes->good_name);
    name_side(view, is_good, false, classes->bad_name, sizeof classes->bad_name);
  }
  free(is_good);
  return status;
}

/* ---- the work ---- */

struct latents {
  float *mean, *log_variance; /* (points, latent) */
};

static enum tsl_status encode_all(const struct tsl__session *session,
                                  const struct tsl_run *run, struct latents *out,
                                  struct tsl_error *err) {
  int64_t count = tsl_dataset_view(session->dataset)->count;
  size_t numbers = (size_t)(count * run->options.latent);
  struct tsl_model model = {0};
  void *mean = NULL, *log_variance = NULL;
  TSL_TRY(tsl_allocate(&mean, numbers, sizeof(float), err));
  out->mean = mean;
  TSL_TRY(tsl_allocate(&log_variance, numbers, sizeof(float), err));
  out->log_variance = log_variance;
  TSL_TRY(tsl_model_load(session->store, run, session->dataset, &model, err));
  const struct tsl_codes codes = {out->mean, out->log_variance, NULL};
  enum tsl_status status = TSL_OK;
  if (model.values.mean.index < 0)
    status = tsl_error_set(err, TSL_BAD_INPUT, run->name,
                           "the family %s has no posterior", run->family->name);
  int64_t *indices = malloc((size_t)count * sizeof *indices);
  if (status == TSL_OK && indices == NULL)
    status = tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  for (int64_t i = 0; indices != NULL && i < count; i++)
    indices[i] = i;
  if (status == TSL_OK)
    status = tsl_encode_samples(&model, session->dataset, indices, count, &codes, err);
  free(indices);
  tsl_model_release(&model);
  return status;
}

static void print_rates(const char *name, const struct tsl_confusion *rest) {
  printf("%s: accuracy %.3f, balanced accuracy %.3f\n", name,
         tsl_confusion_accuracy(rest), tsl_confusion_balanced_accuracy(rest));
}

static void print_result(const struct tsl_classification *result,
                         const struct tsl_run *run, const char *folder) {
  const struct tsl_cut *best = &result->cuts[0];
  char name[160];
  printf("run: %s\nlabelled: %lld, judged on the other %lld\n", run->name,
         (long long)result->labelled_count,
         (long long)(result->points - result->labelled_count));
  snprintf(name, sizeof name, "latent %d %s %.4g", best->latent,
           best->bad_above ? "above" : "below", best->threshold);
  print_rates(name, &best->rest);
  snprintf(name, sizeof name, "logistic regression on %d latents", result->cut_count);
  print_rates(name, &result->logistic_rest);
  printf("report: %s/classify.html\n", folder);
}

/* RESULTS/classify/RUN, for the report. */
static enum tsl_status record(const struct tsl__session *session,
                              const struct tsl_run *run,
                              const struct tsl_classify_request *asked,
                              const struct classes *classes,
                              const struct latents *latents, struct tsl_error *err) {
  struct tsl_classified classified = {.points = asked->points,
                                      .latent = asked->latent,
                                      .mean = latents->mean,
                                      .log_variance = latents->log_variance,
                                      .bad = classes->bad,
                                      .labels = asked->labels,
                                      .informative_kl = asked->informative_kl};
  snprintf(classified.good_name, sizeof classified.good_name, "%s", classes->good_name);
  snprintf(classified.bad_name, sizeof classified.bad_name, "%s", classes->bad_name);
  return tsl_store_classified_write(session->store, run->name, &classified, err);
}

static enum tsl_status
classify_and_write(const struct request *request, const struct tsl__session *session,
                   const struct tsl_run *run, const struct classes *classes,
                   const struct latents *latents, struct tsl_error *err) {
  const struct tsl_dataset_view *view = tsl_dataset_view(session->dataset);
  const struct tsl_dataset_config *config = tsl_job_dataset(session->job);
  const struct tsl_classify_request asked = {
      .mean = latents->mean,
      .log_variance = latents->log_variance,
      .bad = classes->bad,
      .points = view->count,
      .latent = (int)run->options.latent,
      .labels = request->labels,
      .informative_kl = tsl_job_options(session->job)->udr.informative_kl,
      .stream = tsl_classify_stream(config->seed)};
  struct tsl_classification result = {0};
  char own[TSL_PATH_MAX];
  const char *folder = request->folder;
  if (folder == NULL)
    folder = tsl_store_classify_path(session->store, run->name, "", own);
  TSL_TRY(tsl_store_look(session->store, err));
  TSL_TRY(tsl_classify(&asked, &result, err));
  const struct tsl_classify_report report = {.result = &result,
                                             .mean = latents->mean,
                                             .bad = classes->bad,
                                             .dataset = session->dataset,
                                             .run = run->name,
                                             .good = classes->good_name,
                                             .bad_name = classes->bad_name};
  enum tsl_status status = tsl_classify_write(&report, folder, err);
  if (status == TSL_OK && request->folder == NULL)
    status = record(session, run, &asked, classes, latents, err);
  if (status == TSL_OK)
    print_result(&result, run, folder);
  tsl_classification_release(&result);
  return status;
}

static enum tsl_status classify(const struct request *request,
                                const struct tsl__session *session,
                                struct tsl_error *err) {
  const struct tsl_run *run = NULL;
  struct classes classes = {0};
  struct latents latents = {0};
  if (request->labels % 2 != 0)
    return tsl_error_set(err, TSL_BAD_INPUT, "--labels",
                         "%lld is odd: half of the labelled points are good, half bad",
                         (long long)request->labels);
  if (session->dataset == NULL)
    return tsl_error_set(err, TSL_BAD_INPUT, tsl_store_folder(session->store),
                         "the job has no data set, so nothing can be classified");
  TSL_TRY(request->run != NULL ? tsl_cli_run_find(session->job, request->run, &run, err)
                               : best_run(session, &run, err));
  enum tsl_status status =
      make_classes(request, tsl_dataset_view(session->dataset), &classes, err);
  if (status == TSL_OK)
    status = encode_all(session, run, &latents, err);
  if (status == TSL_OK)
    status = classify_and_write(request, session, run, &classes, &latents, err);
  free(classes.bad);
  free(latents.mean);
  free(latents.log_variance);
  return status;
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct request request = {.labels = 200};
  struct tsl__session session = {0};
  const struct tsl_cli_option options[] = {
      {.name = "--run", .text = &request.run},
      {.name = "--labels", .number = &request.labels, .least = 2, .most = 1e9},
      {.name = "--good", .texts = &request.good},
      {.name = "--output", .alias = "-o", .text = &request.folder},
      {.name = NULL}};
  enum tsl_status status = tsl__session_begin(&session, &argc, &argv, err);
  if (status == TSL_OK)
    status = tsl_cli_parse(argc, argv, options, /*with_settings=*/true,
                           &request.arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&request.arguments, "classify", 1, 1, "RESULTS", err);
  if (status == TSL_OK)
    status = tsl__session_results(&session, request.arguments.words[0],
                                  request.arguments.settings,
                                  request.arguments.setting_count, err);
  /* One rank is enough: a pass over the data and some sorting. */
  if (status == TSL_OK && tsl_world_rank(session.world) == 0)
    status = classify(&request, &session, err);
  if (session.team != NULL && tsl_team_size(session.team) > 1)
    status = tsl_team_agree(session.team, status, err);
  free(request.good);
  tsl_cli_arguments_release(&request.arguments);
  return tsl__session_end(&session, status, err);
}

const struct tsl_command tsl_command_classify = {
    .name = "classify",
    .summary = "good or bad by the latents of a trained run and a few labels",
    .usage = usage,
    .run = run,
};
