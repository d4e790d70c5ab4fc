/* h5.h - what the files of src/store that call HDF5 share.
 *
 * Printing by HDF5 is off; its error stack is folded into the message. Every hid_t starts
 * at -1 and is closed at the function's one exit.
 */
#ifndef TEASEL_STORE_H5_H
#define TEASEL_STORE_H5_H

#include "teasel/store.h"

#include <hdf5.h>

/* An HDF5 file that is read. HDF5 may crash on a damaged one, so it is open in a copy of
 * this process, and `apart` is the way there; NULL: it is open here, as in the copy. */
struct tsl_h5_reader {
  hid_t file; /* -1 where it is open in the copy */
  struct tsl__h5_apart *apart;
  char path[TSL_PATH_MAX];
};

/* Local. What the functions of include/teasel/store.h ask a copy, which answers with the
 * same functions; the copy's crash is TSL_FORMAT. */
bool tsl__h5_ask_has(struct tsl_h5_reader *reader, const char *name);
enum tsl_status tsl__h5_ask_describe(struct tsl_h5_reader *reader, const char *name,
                                     struct tsl_array *out, struct tsl_error *err);
enum tsl_status tsl__h5_ask_read(struct tsl_h5_reader *reader, const char *name,
                                 enum tsl_array_type type, struct tsl_array *out,
                                 struct tsl_error *err);
enum tsl_status tsl__h5_ask_rows(struct tsl_h5_reader *reader, const char *name,
                                 int64_t begin, int64_t count, enum tsl_array_type type,
                                 void *data, struct tsl_error *err);
enum tsl_status tsl__h5_ask_attribute(struct tsl_h5_reader *reader, const char *name,
                                      const char *attribute, double *out,
                                      struct tsl_error *err);
enum tsl_status tsl__h5_ask_strings(struct tsl_h5_reader *reader, const char *name,
                                    char ***out, size_t *count, struct tsl_error *err);
enum tsl_status tsl__h5_ask_list(struct tsl_h5_reader *reader, const char *group,
                                 char ***out, size_t *count, struct tsl_error *err);
void tsl__h5_apart_close(struct tsl_h5_reader *reader);

/* Local. Switches HDF5's own printing off for this thread; cheap, before each entry. */
void tsl__h5_quiet(void);
/* Local. Fills err with the message, then HDF5's own deepest reason (a failed system call
 * becomes TSL_IO with its remedy), and clears HDF5's stack. */
enum tsl_status tsl__h5_error(struct tsl_error *err, enum tsl_status status,
                              const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Local. Closes any kind of identifier; -1 is fine. */
void tsl__h5_release(hid_t id);

/* Types in files are little-endian of fixed width, in memory native. */
hid_t tsl__h5_file_type(enum tsl_array_type type);
hid_t tsl__h5_memory_type(enum tsl_array_type type);

/* Local. A writer that stays in memory however much it gets; tsl_h5_abandon frees it. */
enum tsl_status tsl__h5_compose(const char *path, struct tsl_h5_writer **out,
                                struct tsl_error *err);
/* Local. What was composed, as a file's bytes behind `before` zero bytes; free(). */
enum tsl_status tsl__h5_image(struct tsl_h5_writer *writer, size_t before,
                              unsigned char **bytes, size_t *count,
                              struct tsl_error *err);
/* Local. Reads a file's bytes (copied); path: for messages. */
enum tsl_status tsl__h5_open_image(const char *path, const void *bytes, size_t count,
                                   struct tsl_h5_reader **out, struct tsl_error *err);
/* Local. As tsl__h5_open_image, in this process. */
enum tsl_status tsl__h5_open_image_here(const char *path, const void *bytes, size_t count,
                                        struct tsl_h5_reader **out,
                                        struct tsl_error *err);

/* Local. New property lists: no object times, the same format
 * version whatever the HDF5 library; -1 on failure. They are equal for one process and
 * for many, so that equal content is equal bytes. */
hid_t tsl__h5_file_creation(void);
hid_t tsl__h5_file_access(void);
hid_t tsl__h5_dataset_creation(void);
/* Local. Makes the groups on the way to `name`, without object times. */
enum tsl_status tsl__h5_make_groups(hid_t file, const char *name, const char *path,
                                    struct tsl_error *err);
/* Local. From now on links into other files are not followed, wherever they stand on the
 * way to an object. */
void tsl__h5_stay_inside(void);
/* Local. Whether the name itself is such a link. */
bool tsl__h5_is_link_outside(struct tsl_h5_reader *reader, const char *name);
/* Local. TSL_FORMAT when the dataset's numbers lie in other files: which those are would
 * be the file's choice, a pipe or another's file, and no digest or cache knows of them.
 */
enum tsl_status tsl__h5_check_inside(struct tsl_h5_reader *reader, const char *name,
                                     hid_t dataset, struct tsl_error *err);
/* Local. TSL_FORMAT when a dataset of `count` elements promises far more than its file
 * can hold, packed or not: asking for that much memory would be the file's choice. */
enum tsl_status tsl__h5_check_claim(struct tsl_h5_reader *reader, const char *name,
                                    hid_t type, int64_t count, struct tsl_error *err);
/* Local. Creates the dataset of this shape (rank 0: scalar); *out is -1 before. */
enum tsl_status tsl__h5_make_dataset(hid_t file, const char *name, hid_t type, int rank,
                                     const int64_t *dims, const char *path, hid_t *out,
                                     struct tsl_error *err);
/* Local. A dataset of UTF-8 strings, all as long as the longest with its terminator. */
enum tsl_status tsl__h5_put_strings(hid_t file, hid_t transfer, const char *name,
                                    const char *const *strings, size_t count,
                                    const char *path, struct tsl_error *err);

#endif
