/* teasel report: a results folder -> report.html and figures. */
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
    status = tsl_cli_words_check(&arguments, "report", 1, 1, "RESULTS", err);
  if (status == TSL_OK)
    status = tsl__session_results(&session, arguments.words[0], arguments.settings,
                                  arguments.setting_count, err);
  if (status == TSL_OK)
    status = tsl__stage_report(&session, err);
  tsl_cli_arguments_release(&arguments);
  return tsl__session_end(&session, status, err);
}

const struct tsl_command tsl_command_report = {
    .name = "report",
    .summary = "write report.html and the figures of a results folder",
    .usage =
        "usage: teasel report RESULTS [--set KEY=VALUE ...]\n\n"
        "Writes report.html, one file that needs no network, and the same figures as\n"
        "files under figures/, from the scores in the results folder; the last line\n"
        "printed is `report: PATH`. `teasel run` does this at its end.\n\n"
        "  --set KEY=VALUE  override an option of the scope report,\n"
        "                   as --set report.traversals.steps=9\n",
    .run = run,
};
