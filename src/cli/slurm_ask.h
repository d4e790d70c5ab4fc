/* slurm_ask.h - what SLURM's programs answer. */
#ifndef TEASEL_CLI_SLURM_ASK_H
#define TEASEL_CLI_SLURM_ASK_H

#include <stdbool.h>
#include <stddef.h>

/* Local. Runs the program words[0] with these words, ended by NULL, until it ends; what
 * it prints is in answer (bytes), as far as there is room. quiet: what it says on
 * standard error is dropped. Returns whether it ended with 0. */
bool tsl__slurm_ask(const char *const *words, bool quiet, char *answer, size_t bytes);
/* Local. Whether SLURM was told no node's memory: it then takes 1 MB for each, and
 * refuses every job that asks for some. False where it gives no answer. */
bool tsl__slurm_lacks_memory(void);
/* Local. The same by the lines that `sinfo -h -o %m` prints: MB of a node, "16000+" for
 * this many or more. */
bool tsl__slurm_lines_lack_memory(const char *lines);

#endif
