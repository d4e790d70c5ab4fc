/* file.h - what the files of src/store share about paths and failed system calls. */
#ifndef TEASEL_STORE_FILE_H
#define TEASEL_STORE_FILE_H

#include "teasel/status.h"

#include <stddef.h>

/* Local. TSL_IO naming the path, the system's reason for `number` (errno), and what to
 * do; TSL_FORMAT for ESPIPE, no regular file. what: "cannot write". */
enum tsl_status tsl__io_error(struct tsl_error *err, const char *path, const char *what,
                              int number);
/* Local. The same of a file that cannot be read; TSL_BAD_INPUT where it is a folder. */
enum tsl_status tsl__read_error(struct tsl_error *err, const char *path, int number);
/* Local. A name beside `path` that no other process takes, and that tells whose it is;
 * buffer: TSL_PATH_MAX bytes. */
enum tsl_status tsl__part_path(const char *path, char *buffer, struct tsl_error *err);
/* Local. Syncs the finished file `part`, renames it to `path`, syncs the folder. */
enum tsl_status tsl__part_publish(const char *part, const char *path,
                                  struct tsl_error *err);
/* Local. As tsl_file_write, but without waiting for the disk: a reader sees the old file
 * or the new one, and a machine that loses its power may lose both. */
enum tsl_status tsl__file_replace(const char *path, const void *bytes, size_t count,
                                  struct tsl_error *err);
/* Local. As tsl_file_write, and what was `path` becomes `older`. */
enum tsl_status tsl__file_rotate(const char *path, const char *older, const void *bytes,
                                 size_t count, struct tsl_error *err);
/* Local. Removes what killed writers left in the folder of files whose names begin like
 * this. Only for the one writer of such files. files: (count) */
void tsl__part_sweep(const char *folder, const char *const *files, size_t count);
/* Local. Removes from a folder what writers left that are dead for certain: processes of
 * this machine; and what was told to launchers that are. */
void tsl__parts_sweep(const char *folder);
/* Local. snprintf of a path; TSL_BAD_INPUT when it is too long. */
enum tsl_status tsl__path_print(char *buffer, size_t bytes, struct tsl_error *err,
                                const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
