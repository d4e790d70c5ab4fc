/* teasel score: finished runs -> latents.h5, scores.h5 and the tables. */
#include "cli/command.h"
#include "cli/score_claim.h"
#include "cli/stages.h"

/* Claimed as at the end of `teasel run`, so that two never write the same tables. */
static enum tsl_status score(struct tsl__session *session, struct tsl_error *err) {
  struct tsl__score_claim claim;
  enum tsl_status status = tsl__score_claim_begin(session, TSL__LEAVE_NEVER, &claim, err);
  if (status == TSL_OK)
    status = tsl__stage_score(session, err);
  if (status == TSL_OK)
    status = tsl__score_claim_conclude(session, err);
  tsl__score_claim_end(&claim);
  return status;
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  return tsl__stage_command(argc, argv, score, err);
}

const struct tsl_command tsl_command_score = {
    .name = "score",
    .summary = "encode and compare the finished runs of a results folder",
    .usage =
        "usage: [mpirun -n P] teasel score RESULTS [--set KEY=VALUE ...]\n\n"
        "Encodes the first score.udr.points samples with every finished run of the\n"
        "results folder (latents.h5), compares the runs by UDR and by the metrics that\n"
        "the data set allows (scores.h5, scores.csv, udr_setting.csv, udr_family.csv,\n"
        "udr_all.csv; clusters.csv with score.baselines, fitted anew each time). What\n"
        "else was scored before is kept. `teasel run` does this at its end;\n"
        "by itself it is for runs trained with --train-only, and for other options of "
        "scores.\n\n"
        "  --set KEY=VALUE  override an option of the scope score or schedule, as\n"
        "                   --set score.udr.points=2000; may be repeated, and is kept "
        "in\n"
        "                   RESULTS/job.used.yaml. `teasel explain` lists the "
        "options.\n\n"
        "docs/scores.md has every definition. A signal ends it with exit code 75 and "
        "the\n"
        "earlier scores kept. `teasel report RESULTS` shows the new ones.\n",
    .run = run,
};
