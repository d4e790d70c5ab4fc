/* job_open.h - a job from the disk: what every subcommand that takes JOB.yaml begins
 * with.
 */
#ifndef TEASEL_CLI_JOB_OPEN_H
#define TEASEL_CLI_JOB_OPEN_H

#include "teasel/dataset.h"
#include "teasel/job.h"
#include "teasel/model.h"
#include "teasel/team.h"

/* Every family and reader of this program. The job layer keeps none of the arrays. */
struct tsl_cli_registry {
  const struct tsl_family *families[64];
  const struct tsl_reader *readers[64];
  struct tsl_registry registry; /* points to the arrays above */
};
void tsl_cli_registry_init(struct tsl_cli_registry *out);

enum { TSL_CLI_PATH_MAX = 4096 };

/* Local. The disk as a source of files; out->folder points into `folder`, which has room
 * for TSL_CLI_PATH_MAX bytes. */
void tsl_cli_disk(struct tsl_file_source *out, char *folder);

/* Local. Folder of the installed jobs and configs: share/teasel beside the program's bin,
 * or the source tree that the program was built in, or the PREFIX it was built for.
 * buffer: TSL_CLI_PATH_MAX bytes; returned. */
const char *tsl_cli_share(char *buffer);

/* Local. Reads the job file and the files that it names. */
enum tsl_status tsl_cli_job_open(const char *path, const char *const *settings,
                                 size_t setting_count, struct tsl_job **out,
                                 struct tsl_error *err);
/* Local. Refuses a job that a shell hands over (`<(...)`, /dev/stdin), for commands that
 * start others with its path. */
enum tsl_status tsl_cli_job_check_file(const char *path, struct tsl_error *err);
/* Collective on team. The same, but only the first member reads the disk: all have the
 * job of the same bytes, also where a file is changed meanwhile or is on one machine
 * only. */
enum tsl_status tsl_cli_job_open_on(struct tsl_team *team, const char *path,
                                    const char *const *settings, size_t setting_count,
                                    struct tsl_job **out, struct tsl_error *err);
/* Local. Data set configuration of a bare name or a path, without a job. */
enum tsl_status tsl_cli_dataset_config(const char *name, struct tsl_dataset_config *out,
                                       struct tsl_error *err);
/* Collective on team. tsl_dataset_open that a signal stops, also in a command that
 * signals otherwise end at once: they would leave a half cache. */
enum tsl_status tsl_cli_dataset_open(const struct tsl_dataset_config *config,
                                     const struct tsl_shape *shape, const char *cache,
                                     struct tsl_team *team, struct tsl_dataset **out,
                                     struct tsl_error *err);

#endif
