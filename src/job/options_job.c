/* Options of the scopes score, report and schedule: they never train anything anew. */
#include "job/options.h"

#include <math.h>

#define OPTION(text, kind, field, area, ...)                                             \
  {                                                                                      \
    .name = (text), .type = TSL_OPTION_##kind,                                           \
    .offset = offsetof(struct tsl_job_options, field), .scope = TSL_SCOPE_##area,        \
    __VA_ARGS__                                                                          \
  }

static const struct tsl_option rows[] = {
    OPTION("train.log_every", INTEGER, log_every, REPORT, .initial = "0", .min = 0,
           .max = 1e12,
           .help = "Steps between lines of log.csv; 0: a thousand lines a run."),
    OPTION("train.checkpoint_seconds", REAL, checkpoint_seconds, SCHEDULE,
           .initial = "60", .min = 0, .max = 1e9,
           .help = "Seconds between checkpoints of a run; more where writing one takes "
                   "over a hundredth of a minute. One is written at a signal, too."),
    OPTION("score.udr.points", INTEGER, udr.points, SCORE, .initial = "1000", .min = 2,
           .max = 1e7, .help = "Samples that every run encodes, the same for all runs."),
    OPTION("score.udr.similarity", SET, udr.similarity, SCORE,
           .initial = "[spearman, lasso]", .words = "spearman|lasso",
           .help = "How latents of two runs are compared."),
    OPTION("score.udr.informative_kl", REAL, udr.informative_kl, SCORE, .initial = "0.01",
           .min = 0, .max = 1000,
           .help = "A latent is informative when its mean KL is above this, in nats."),
    OPTION("score.udr.score", CHOICE, udr.score, SCORE, .initial = "lib",
           .words = "lib|eq2|eq2full",
           .help = "Form of UDR that the report shows; all forms are stored."),
    OPTION("score.udr.comparisons", INTEGER, udr.comparisons, SCORE, .initial = "0",
           .min = 0, .max = 1e6,
           .help = "Runs that each run is compared with, drawn by its random numbers; 0: "
                   "all of the group."),
    OPTION("score.baselines", SET, baselines, SCORE, .initial = "none",
           .words = "none|kmeans|gaussian_mixture",
           .help = "Clusterings fitted to the encoded points themselves and to every "
                   "run's informative latents, into clusters.csv; needs labels."),
    OPTION("score.factors.points", INTEGER, factors.points, SCORE, .initial = "10000",
           .min = 2, .max = 1e7,
           .help =
               "Samples that the factor metrics learn from; half as many more judge."),
    OPTION("score.factors.votes", INTEGER, factors.votes, SCORE, .initial = "10000",
           .min = 0, .max = 1e7,
           .help = "Votes that the beta-VAE and FactorVAE scores learn from; 0: they are "
                   "left out."),
    OPTION("score.factors.test_votes", INTEGER, factors.test_votes, SCORE,
           .initial = "5000", .min = 1, .max = 1e7,
           .help = "Votes that judge the beta-VAE and FactorVAE scores."),
    OPTION("report.traversals.range", REAL, traversals.range, REPORT, .initial = "2",
           .min = 0.001, .max = 100,
           .help = "A traversal goes from -range to +range, in prior deviations."),
    OPTION("report.traversals.steps", INTEGER, traversals.steps, REPORT, .initial = "7",
           .min = 2, .max = 101, .help = "Pictures of one traversal."),
    OPTION("report.snapshots", INTEGER, snapshots, REPORT, .initial = "20", .min = 0,
           .max = 1000,
           .help = "Times that a run with two latents keeps, for pictures, where it puts "
                   "the samples that UDR compares; evenly over its steps."),
    OPTION("report.reference", PATH, reference, REPORT, .initial = "",
           .help = "CSV file of what others found, shown beside the accuracy of the "
                   "settings that have the same options; empty: none."),
    OPTION("report.pairs", CHOICE, pairs, REPORT, .initial = "auto",
           .words = "auto|all|family|setting",
           .help = "Pairs of runs whose correlation matrix the page holds: all, those of "
                   "one family, of one setting; auto: the most that keep it small."),
    OPTION("schedule.width", INTEGER, schedule.width, SCHEDULE, .initial = "auto",
           .min = 1, .max = 4096, .words = "auto",
           .help = "Ranks that share one run: a power of two; auto lets the coordinator "
                   "choose. Results do not depend on it."),
    OPTION("schedule.cache", PATH, schedule.cache, SCHEDULE, .initial = "",
           .help = "Folder of the data cache, one file a data set; empty: the default of "
                   "the machine."),
    OPTION("schedule.peer_seconds", REAL, schedule.peer_seconds, SCHEDULE,
           .initial = "120", .min = 1, .max = 86400,
           .help = "A rank without progress for this many seconds is lost."),
    OPTION("schedule.claim_seconds", REAL, schedule.claim_seconds, SCHEDULE,
           .initial = "180", .min = 1, .max = 86400,
           .help =
               "A run whose owner, another process on the results folder, has shown no "
               "life for this many seconds is taken over."),
    OPTION("schedule.isa", TEXT, schedule.isa, SCHEDULE, .initial = "",
           .help = "Cap on the instruction set (avx2, avx512_core ...), so that unlike "
                   "machines agree; empty: the best of the core."),
};

const struct tsl__table tsl__job_table = {rows, sizeof rows / sizeof *rows};

const struct tsl__word tsl__job_words[] = {
    {"name", "Name of the experiment: its results go to results/NAME. Letters, digits, "
             "'.', '_' and '-'."},
    {"dataset", "configs/datasets/NAME.yaml, a path with a slash, or none. "
                "dataset.OPTION: value overrides one option of that file."},
    {"network", "configs/networks/NAME.yaml or a path with a slash; a list is an axis. "
                "network.PARAMETER: value sets a parameter that the file declares."},
    {"families", "List of blocks, one a model family; each block sets `model:`, the "
                 "family's options, and any option of scope run for itself."},
    {"model", "The family of a block: `teasel explain` lists them."},
    {NULL, NULL}};
