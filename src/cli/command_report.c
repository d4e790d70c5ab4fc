/* teasel report: a results folder -> report.html and figures. */
#include "cli/command.h"
#include "cli/stages.h"

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  return tsl__stage_command(argc, argv, tsl__stage_report, err);
}

const struct tsl_command tsl_command_report = {
    .name = "report",
    .summary = "write report.html and the figures of a results folder",
    .usage =
        "usage: teasel report RESULTS [--set KEY=VALUE ...]\n\n"
        "Writes report.html, one file that needs no network, and the same figures as\n"
        "files under figures/, from whatever the results folder holds: runs, scores, "
        "and\n"
        "what `teasel classify` found there. What is missing is said on the page. The "
        "last\n"
        "line printed is `report: PATH`. `teasel run` does this at its end.\n\n"
        "  --set KEY=VALUE  override an option of the scope report, as\n"
        "                   --set report.traversals.steps=9; may be repeated, and is "
        "kept in\n"
        "                   RESULTS/job.used.yaml. `teasel explain report` lists the "
        "options.\n\n"
        "docs/report.md tells what every section shows.\n",
    .run = run,
};
