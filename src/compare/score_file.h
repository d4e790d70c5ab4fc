/* score_file.h - the parts of `teasel score-file`, by what the file holds. */
#ifndef TEASEL_COMPARE_SCORE_FILE_H
#define TEASEL_COMPARE_SCORE_FILE_H

#include "compare/json.h"
#include "teasel/compare.h"

/* An input with what was said about it; members of the JSON object are added to out, each
 * reason for a null to notes as a JSON list without its brackets. */
struct tsl__score_file {
  const char *path;
  struct tsl_team *team; /* this rank is its first member */
  bool parted;           /* the team has failed together: nobody waits for a call */
  struct tsl_h5_reader *reader;
  const struct tsl_score_file_options *options;
  struct tsl_text out;
  struct tsl_text notes;
};

void tsl__score_file_note(struct tsl__score_file *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Local. Reads a dataset of this rank; the names of its dimensions are for the message.
 * dims[i] >= 0 must be met, -1 takes any that is at least 1 and is filled in. */
enum tsl_status tsl__score_file_read(struct tsl__score_file *file, const char *name,
                                     enum tsl_array_type type, int rank, int64_t *dims,
                                     struct tsl_array *out, struct tsl_error *err);
/* Local. TSL_BAD_INPUT naming the first value that is not finite. */
enum tsl_status tsl__score_file_finite(const struct tsl__score_file *file,
                                       const struct tsl_array *array,
                                       struct tsl_error *err);

/* score_file_team.c. Collective on team with tsl__score_file_help, which the other
 * members are in until they are dismissed: */
enum tsl_status tsl__score_file_silhouette(struct tsl__score_file *file,
                                           const struct tsl_metric_input *input,
                                           double *out, struct tsl_text *reason,
                                           struct tsl_error *err);
enum tsl_status tsl__score_file_dismiss(struct tsl__score_file *file,
                                        enum tsl_status status, struct tsl_error *err);
enum tsl_status tsl__score_file_help(struct tsl_team *team, struct tsl_error *err);

/* Local. */
enum tsl_status tsl__score_file_udr(struct tsl__score_file *file, struct tsl_error *err);
enum tsl_status tsl__score_file_clusters(struct tsl__score_file *file,
                                         struct tsl_error *err);
enum tsl_status tsl__score_file_factors(struct tsl__score_file *file,
                                        struct tsl_error *err);

#endif
