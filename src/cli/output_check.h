/* output_check.h - a command never writes onto what it reads. */
#ifndef TEASEL_CLI_OUTPUT_CHECK_H
#define TEASEL_CLI_OUTPUT_CHECK_H

#include "teasel/job.h"

/* Local. TSL_BAD_INPUT where `output` is the same file (device and inode, so also by
 * another name, a link or a relative path) as one of inputs (count), or a file below an
 * input that is a folder; NULL and missing inputs are none. */
enum tsl_status tsl_cli_output_check(const char *output, const char *const *inputs,
                                     size_t count, struct tsl_error *err);
/* Local. The same for the files of a data set: its configuration and every path that it
 * names. */
enum tsl_status tsl_cli_output_check_dataset(const char *output,
                                             const struct tsl_dataset_config *config,
                                             struct tsl_error *err);

#endif
