/* teasel score: finished runs -> latents.h5, scores.h5 and the tables. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/stop.h"
#include "cli/stages.h"

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  static const struct tsl_cli_option options[] = {{.name = NULL}};
  struct tsl_cli_arguments arguments = {0};
  struct tsl__session session = {0};
  tsl__stop_catch();
  enum tsl_status status = tsl__session_begin(&session, &argc, &argv, err);
  if (status == TSL_OK)
    status = tsl_cli_parse(argc, argv, options, /*with_settings=*/true, &arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&arguments, "score", 1, 1, "RESULTS", err);
  if (status == TSL_OK)
    status = tsl__session_results(&session, arguments.words[0], arguments.settings,
                                  arguments.setting_count, err);
  if (status == TSL_OK)
    status = tsl__stage_score(&session, err);
  tsl_cli_arguments_release(&arguments);
  return tsl__session_end(&session, status, err);
}

const struct tsl_command tsl_command_score = {
    .name = "score",
    .summary = "encode and compare the finished runs of a results folder",
    .usage =
        "usage: [mpirun -n P] teasel score RESULTS [--set KEY=VALUE ...]\n\n"
        "Encodes the first score.udr.points samples with every finished run of the\n"
        "results folder (latents.h5), compares the runs by UDR and by the metrics that\n"
        "the data set allows (scores.h5, scores.csv, udr_setting.csv, udr_family.csv,\n"
        "udr_all.csv). What was scored before is kept. `teasel run` does this at its "
        "end.\n\n"
        "  --set KEY=VALUE  override an option of the scope score or schedule,\n"
        "                   as --set score.udr.points=2000\n",
    .run = run,
};
