/* teasel step: training steps of a job with one run, replayed from a file. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/job_open.h"
#include "cli/output_check.h"
#include "cli/step_replay.h"

static const char usage[] =
    "usage: teasel step JOB.yaml IN.h5 OUT.h5 [--set KEY=VALUE]...\n"
    "\n"
    "Replays training steps of a job with exactly one run on weights, batches and noise\n"
    "that IN.h5 gives, and writes every loss term, gradient and updated weight to "
    "OUT.h5:\n"
    "to compare with another implementation number by number, or to look into a loss.\n"
    "\n"
    "IN.h5    /params/NAME, /batch [steps, batch, input], /noise/STREAM [steps, batch, "
    "...];\n"
    "         attributes first_step and dataset_size\n"
    "OUT.h5   /loss/TERM, /grads/NAME (first step), /params_after/NAME, /latents/mean "
    "and\n"
    "         log_variance (first step)\n"
    "\n"
    "Weights have PyTorch's names and layouts. docs/step-files.md tells all of it.\n"
    "\n"
    "  --set KEY=VALUE   overrides an option of the job file\n";

static enum tsl_status step_one(const struct tsl_job *job, const char *const *words,
                                struct tsl_error *err) {
  if (tsl_job_run_count(job) != 1)
    return tsl_error_set(
        err, TSL_BAD_INPUT, words[0],
        "the job has %zu runs, but a step file holds the weights of one; "
        "leave one family, one value an option and one seed",
        tsl_job_run_count(job));
  TSL_TRY(tsl_nn_start(tsl_job_options(job)->schedule.isa, err));
  return tsl__step_replay(tsl_job_run(job, 0), words[1], words[2], err);
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  static const struct tsl_cli_option options[] = {{.name = NULL}};
  struct tsl_cli_arguments arguments = {0};
  struct tsl_job *job = NULL;
  enum tsl_status status =
      tsl_cli_parse(argc, argv, options, /*with_settings=*/true, &arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&arguments, "step", 3, 3, "JOB.yaml IN.h5 OUT.h5", err);
  if (status == TSL_OK)
    status = tsl_cli_output_check(arguments.words[2], arguments.words, 2, err);
  if (status == TSL_OK)
    status = tsl_cli_job_open(arguments.words[0], arguments.settings,
                              arguments.setting_count, &job, err);
  if (status == TSL_OK)
    status = step_one(job, arguments.words, err);
  tsl_job_free(job);
  tsl_cli_arguments_release(&arguments);
  return status;
}

const struct tsl_command tsl_command_step = {
    .name = "step",
    .summary = "replay training steps from a file and write losses and gradients",
    .usage = usage,
    .run = run};
