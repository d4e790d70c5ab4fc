#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/output_check.h"
#include "cli/session.h"
#include "teasel/compare.h"
#include "teasel/store.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: [mpirun -n P] teasel score-file IN.h5 [-o OUT.json]\n"
    "              [--score lib|eq2|eq2full] [--matrices]\n"
    "\n"
    "Scores latents from any program and writes one JSON object (to standard output\n"
    "without -o). What is scored follows from the datasets of IN.h5:\n"
    "\n"
    "  UDR          /mu /logvar [models, points, latents], /family /setting /seed "
    "[models]\n"
    "  clustering   /x [points, dimensions], /pred /true [points], and for the accuracy\n"
    "               by representatives /q [points, clusters] (logits or probabilities)\n"
    "  MIG, SAP     /mu [points, latents], /factors [points, factors] (whole numbers),\n"
    "               and for discrete SAP /mu_test /factors_test likewise\n"
    "\n"
    "  -o, --out FILE   where to write; nothing is written after an error\n"
    "  --score FORM     the form of UDR: lib (disentanglement_lib, the default), eq2 "
    "(the\n"
    "                   paper's equation 2), eq2full (its inner maximum and sum over "
    "all\n"
    "                   latents; Spearman only)\n"
    "  --matrices       write R of every pair of models too\n"
    "\n"
    "Ranks share the silhouette, whose work grows with the square of the points.\n"
    "The definitions are in docs/scores.md. A score that is undefined is null, with the\n"
    "reason in `notes`.\n";

static enum tsl_status read_form(const char *word, enum tsl_udr_form *out,
                                 struct tsl_error *err) {
  for (int form = 0; word != NULL && form < TSL_UDR_FORM_COUNT; form++) {
    if (strcmp(word, tsl_udr_form_word((enum tsl_udr_form)form)) == 0) {
      *out = (enum tsl_udr_form)form;
      return TSL_OK;
    }
  }
  return word == NULL ? TSL_OK
                      : tsl_error_set(err, TSL_BAD_INPUT, "--score",
                                      "'%s' is none of lib, eq2, eq2full", word);
}

static enum tsl_status write_result(const char *path, const struct tsl_text *json,
                                    struct tsl_error *err) {
  if (path != NULL)
    return tsl_file_write(path, json->bytes, json->length, err);
  fwrite(json->bytes, 1, json->length, stdout); /* main looks whether it arrived */
  return TSL_OK;
}

static enum tsl_status run(int argc, char **argv, struct tsl_error *err) {
  struct tsl_score_file_options options = {.form = TSL_UDR_LIB};
  const char *out = NULL, *form = NULL;
  const struct tsl_cli_option table[] = {
      {.name = "--out", .alias = "-o", .text = &out},
      {.name = "--score", .text = &form},
      {.name = "--matrices", .given = &options.matrices},
      {.name = NULL},
  };
  const double patience = 1200; /* seconds: what the first rank does alone takes long */
  struct tsl_cli_arguments arguments = {0};
  struct tsl__session session = {0};
  struct tsl_text json = {0};
  enum tsl_status status = tsl__session_begin(&session, &argc, &argv, err);
  if (status == TSL_OK)
    status = tsl_cli_parse(argc, argv, table, /*with_settings=*/false, &arguments, err);
  if (status == TSL_OK)
    status = tsl_cli_words_check(&arguments, "score-file", 1, 1, "IN.h5", err);
  if (status == TSL_OK)
    status = read_form(form, &options.form, err);
  if (status == TSL_OK)
    status = tsl_cli_output_check(out, arguments.words, arguments.word_count, err);
  if (session.team != NULL)
    status = tsl_team_agree(session.team, status, err);
  if (status == TSL_OK && arguments.words != NULL) {
    tsl_world_set_peer_seconds(session.world, patience);
    status = tsl_score_file(arguments.words[0], &options, session.team, &json, err);
  }
  if (status == TSL_OK && tsl_world_rank(session.world) == 0)
    status = write_result(out, &json, err);
  if (session.team != NULL && status != TSL_PEER_LOST)
    status = tsl_team_agree(session.team, status, err);
  tsl_text_release(&json);
  tsl_cli_arguments_release(&arguments);
  return tsl__session_end(&session, status, err);
}

const struct tsl_command tsl_command_score_file = {
    .name = "score-file",
    .summary =
        "score latents of any program from an HDF5 file: UDR, clustering, MIG, SAP",
    .usage = usage,
    .run = run};
