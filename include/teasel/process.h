/* process.h - processes told apart, also after their numbers were used again. */
#ifndef TEASEL_PROCESS_H
#define TEASEL_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

enum { TSL_PLACE_TEXT = 96 };
/* Plain bytes. place: the machine's boot and its namespace of process numbers; empty
 * where the system does not tell. */
struct tsl_process {
  char place[TSL_PLACE_TEXT];
  int64_t pid;
  int64_t started; /* clock ticks since the machine's boot; 0: unknown */
};
/* Local. This process. */
void tsl_process_self(struct tsl_process *out);
/* Local. Another one of this machine and namespace, which lives or has just ended. */
void tsl_process_of(int64_t pid, struct tsl_process *out);
/* Local. True only when it is certain: a process of this machine and namespace that has
 * ended, also where nobody has asked for its end yet. */
bool tsl_process_is_dead(const struct tsl_process *process);
/* Local. How many live processes have this one's parent and name, itself included, or
 * the parent's name, since they are about to become such; 0: the system does not tell.
 * parent: its name. Reads a file for every process of the machine. */
enum { TSL_PROCESS_NAME = 32 };
int tsl_process_count_siblings(char parent[static TSL_PROCESS_NAME]);
/* Local. How many live processes of this one's name another one has started; -1: the
 * system does not tell. */
int tsl_process_count_children(int64_t pid);

#endif
