/* sbatch_option.h - what a user may hand on to sbatch beside the options of `teasel
 * submit`. */
#ifndef TEASEL_CLI_SBATCH_OPTION_H
#define TEASEL_CLI_SBATCH_OPTION_H

#include "teasel/status.h"

/* Local. Refuses a word that sbatch would take for its script or for the end of its
 * options, and what submit sets itself or needs sbatch to leave as it is; also where it
 * is abbreviated, as sbatch allows. */
enum tsl_status tsl__sbatch_option_check(const char *word, struct tsl_error *err);

#endif
