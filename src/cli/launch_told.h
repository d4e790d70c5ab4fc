/* launch_told.h - how the ranks tell the launcher their end: files of the results folder,
 * or, before there is one or where nothing can be written into it, of rank 0's machine,
 * which most often is the launcher's. */
#ifndef TEASEL_CLI_LAUNCH_TOLD_H
#define TEASEL_CLI_LAUNCH_TOLD_H

#include "teasel/store.h"

#include <stdbool.h>

/* The variable that hands the launcher's token to the ranks. */
#define TSL_LAUNCH_VARIABLE "TEASEL_LAUNCH"

/* Where one start of mpirun is told of. */
struct tsl__told_place {
  char token[TSL_PART_TOKEN];
  char paths[2][TSL_PATH_MAX];
};
/* Local. A token of its own for the next start. folder: of the results. */
void tsl__told_place_init(struct tsl__told_place *out, const char *folder);

struct tsl__told {
  int code;      /* rank 0's exit code */
  bool lost;     /* it ended because a rank was lost */
  bool unscored; /* and every run was trained */
  bool answered; /* 1 is no failure, but the answer no */
  bool silent;   /* nothing was told, and the code is a guess */
  bool gone;     /* the results folder is: the launcher does not make it anew */
};
/* Local. Whether rank 0 has told its end. */
bool tsl__told_read(const struct tsl__told_place *place, struct tsl__told *out);
/* Local. Whether all ranks but the first have told that they left. */
bool tsl__told_all_left(const struct tsl__told_place *place);
/* Local. Removes what was told there. */
void tsl__told_remove(const struct tsl__told_place *place);
/* Local. Removes from this machine's folder of temporary files what was told to launchers
 * that are dead. (What is in a results folder goes when that is opened.) */
void tsl__told_sweep(void);

#endif
