/* Class folders of pictures: PATH/CLASS/FILE. Classes and files are taken in the order of
 * their names' bytes. Without class folders the files of PATH itself, without labels. */
#include "dataset/picture.h"
#include "dataset/reader.h"
#include "teasel/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { STOP, SKIP, NAMED_MAX = 20 };

struct folder_options {
  char path[TSL_TEXT_MAX], good[TSL_TEXT_MAX];
  double crop;
  int on_error;
  int64_t size, channels;
};

#define OFFSET(field) offsetof(struct folder_options, field)
static const struct tsl_option options[] = {
    {"path", TSL_OPTION_PATH, OFFSET(path), NULL, 0, 0, NULL, TSL_SCOPE_RUN,
     "folder with one folder of JPEG and PNG files a class"},
    {"crop", TSL_OPTION_REAL, OFFSET(crop), "1", 0.01, 1, NULL, TSL_SCOPE_RUN,
     "sides of the central part that is used, as a fraction of the largest part with the "
     "network's proportions"},
    {"good", TSL_OPTION_TEXT, OFFSET(good), "", 0, 0, NULL, TSL_SCOPE_RUN,
     "class folders, separated by commas, that are labelled good, all others bad; empty: "
     "each folder is a class"},
    {"on_error", TSL_OPTION_CHOICE, OFFSET(on_error), "stop", 0, 0, "stop|skip",
     TSL_SCOPE_RUN,
     "files that are no picture, or a broken one, and empty class folders: stop, or "
     "leave "
     "them out"},
    {"size", TSL_OPTION_INTEGER, OFFSET(size), "64", 1, 4096, NULL, TSL_SCOPE_RUN,
     "height and width in pixels where no network gives them"},
    {"channels", TSL_OPTION_INTEGER, OFFSET(channels), "3", 1, 3, NULL, TSL_SCOPE_RUN,
     "1 (grey) or 3 (RGB) where no network says so"},
};

double tsl__image_folder_crop(const struct tsl_dataset_config *config) {
  if (config == NULL || config->reader == NULL ||
      config->reader != &tsl_reader_image_folder.reader)
    return 1;
  return ((const struct folder_options *)(const void *)config->reader_options)->crop;
}

/* ---- what is there ---- */

struct entry {
  char *path;
  int class; /* index into classes */
};
struct listing {
  struct entry *files;
  size_t file_count, file_room;
  char **classes; /* folder names */
  size_t class_count, class_room;
};

static void release(struct listing *listing) {
  for (size_t i = 0; i < listing->file_count; i++)
    free(listing->files[i].path);
  for (size_t i = 0; i < listing->class_count; i++)
    free(listing->classes[i]);
  free(listing->files);
  free(listing->classes);
}

static enum tsl_status out_of_memory(struct tsl_error *err) {
  return tsl_error_set(err, TSL_MEMORY, "", "out of memory listing pictures");
}

static enum tsl_status add_file(struct listing *listing, const char *folder,
                                const char *name, int class, struct tsl_error *err) {
  if (listing->file_count == listing->file_room) {
    size_t room = listing->file_room * 2 + 256;
    struct entry *files = realloc(listing->files, room * sizeof *files);
    if (files == NULL)
      return out_of_memory(err);
    listing->files = files;
    listing->file_room = room;
  }
  struct entry *entry = &listing->files[listing->file_count];
  if (asprintf(&entry->path, "%s/%s", folder, name) < 0)
    return out_of_memory(err);
  entry->class = class;
  listing->file_count++;
  return TSL_OK;
}

static enum tsl_status add_class(struct listing *listing, const char *name,
                                 struct tsl_error *err) {
  if (listing->class_count == listing->class_room) {
    size_t room = listing->class_room * 2 + 16;
    char **classes = realloc(listing->classes, room * sizeof *classes);
    if (classes == NULL)
      return out_of_memory(err);
    listing->classes = classes;
    listing->class_room = room;
  }
  listing->classes[listing->class_count] = strdup(name);
  if (listing->classes[listing->class_count] == NULL)
    return out_of_memory(err);
  listing->class_count++;
  return TSL_OK;
}

static int visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

/* alphasort would follow the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_folder(const char *folder, const char *name) {
  char path[2 * TSL_TEXT_MAX + 512];
  struct stat facts;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

enum wanted { FOLDERS, FILES };

/* Adds the folders of `folder` as classes, or everything in it as files of `class`. */
static enum tsl_status scan(struct listing *listing, const char *folder,
                            enum wanted wanted, int class, struct tsl_error *err) {
  struct dirent **entries = NULL;
  int count = scandir(folder, &entries, visible, by_bytes);
  if (count < 0)
    return tsl_error_set(err, TSL_BAD_INPUT, folder,
                         "the folder of pictures cannot be read: %s", strerror(errno));
  enum tsl_status status = TSL_OK;
  for (int i = 0; i < count; i++) {
    const char *name = entries[i]->d_name;
    if (status == TSL_OK && wanted == FILES)
      status = add_file(listing, folder, name, class, err);
    else if (status == TSL_OK && is_folder(folder, name))
      status = add_class(listing, name, err);
    free(entries[i]);
  }
  free(entries);
  return status;
}

static enum tsl_status list_pictures(const char *path, struct listing *listing,
                                     struct tsl_error *err) {
  TSL_TRY(scan(listing, path, FOLDERS, 0, err));
  for (size_t i = 0; i < listing->class_count; i++) {
    char folder[TSL_TEXT_MAX + 512];
    snprintf(folder, sizeof folder, "%s/%s", path, listing->classes[i]);
    TSL_TRY(scan(listing, folder, FILES, (int)i, err));
  }
  if (listing->class_count == 0)
    TSL_TRY(scan(listing, path, FILES, 0, err));
  if (listing->file_count == 0)
    return tsl_error_set(err, TSL_BAD_INPUT, path,
                         listing->class_count > 0
                             ? "all class folders are empty"
                             : "the folder holds neither class folders nor pictures");
  return TSL_OK;
}

static enum tsl_status sources(const struct tsl_dataset_config *config,
                               struct tsl_digester *key, struct tsl_error *err) {
  const struct folder_options *chosen = (const void *)config->reader_options;
  struct listing listing = {0};
  enum tsl_status status = list_pictures(chosen->path, &listing, err);
  /* An empty class folder is a class too. */
  for (size_t i = 0; i < listing.class_count; i++)
    tsl_digester_add(key, listing.classes[i], strlen(listing.classes[i]) + 1);
  /* What is no file is known by its name here and told of when pictures are read. */
  for (size_t i = 0; i < listing.file_count; i++)
    if (tsl__source_add(key, listing.files[i].path, NULL) != TSL_OK)
      tsl_digester_add(key, listing.files[i].path, strlen(listing.files[i].path) + 1);
  release(&listing);
  return status;
}

/* ---- labels ---- */

/* Marks the classes named in the option; text is cut up. */
static enum tsl_status mark_good(const struct tsl_dataset_config *config,
                                 const struct listing *listing, char *text, bool *good,
                                 struct tsl_error *err) {
  char *rest = NULL;
  for (char *name = strtok_r(text, ",", &rest); name != NULL;
       name = strtok_r(NULL, ",", &rest)) {
    name += strspn(name, " ");
    for (size_t end = strlen(name); end > 0 && name[end - 1] == ' '; end--)
      name[end - 1] = '\0';
    bool found = false;
    for (size_t i = 0; i < listing->class_count; i++)
      if (strcmp(listing->classes[i], name) == 0)
        found = good[i] = true;
    if (!found) {
      const char *near = tsl_text_nearest(name, (const char *const *)listing->classes,
                                          listing->class_count);
      return tsl_error_set(err, TSL_BAD_INPUT, config->file,
                           "good: there is no class folder '%s'%s%s%s", name,
                           near != NULL ? "; did you mean '" : "",
                           near != NULL ? near : "", near != NULL ? "'?" : "");
    }
  }
  return TSL_OK;
}

/* Declares the classes; label_of: (class_count). */
static enum tsl_status make_labels(const struct tsl_dataset_config *config,
                                   const struct listing *listing, int32_t *label_of,
                                   struct tsl__builder *builder, struct tsl_error *err) {
  const struct folder_options *chosen = (const void *)config->reader_options;
  char text[TSL_TEXT_MAX];
  bool *good = NULL;
  if (listing->class_count == 0)
    return TSL_OK;
  if (chosen->good[0] == '\0') {
    for (size_t i = 0; i < listing->class_count; i++) {
      label_of[i] = (int32_t)i;
      tsl__builder_label_name(builder, listing->classes[i]);
    }
    return tsl__builder_labels(builder, (int)listing->class_count, err);
  }
  good = calloc(listing->class_count, sizeof *good);
  if (good == NULL)
    return out_of_memory(err);
  snprintf(text, sizeof text, "%s", chosen->good);
  enum tsl_status status = mark_good(config, listing, text, good, err);
  for (size_t i = 0; i < listing->class_count; i++)
    label_of[i] = good[i] ? 0 : 1;
  free(good);
  TSL_TRY(status);
  tsl__builder_label_name(builder, "good");
  tsl__builder_label_name(builder, "bad");
  return tsl__builder_labels(builder, 2, err);
}

/* ---- pictures ---- */

/* What could not be read. The first ones are named in the message, the rest in the log:
 * each once. */
struct unreadable {
  size_t files, folders; /* folders: of classes, without a file */
  struct tsl_text names;
};

static void note_unreadable(struct unreadable *unreadable, const char *where,
                            const char *why) {
  if (unreadable->files + unreadable->folders <= NAMED_MAX)
    tsl_text_format(&unreadable->names, "\n  %.120s: %.160s", where, why);
  else
    tsl_log(TSL_LOG_NORMAL, "%s: %s", where, why);
}

static void note_empty_classes(const char *path, const struct listing *listing,
                               struct unreadable *unreadable) {
  size_t next = 0; /* files stand class by class */
  for (size_t i = 0; i < listing->class_count; i++) {
    size_t first = next;
    while (next < listing->file_count && listing->files[next].class == (int)i)
      next++;
    if (next > first)
      continue;
    char folder[TSL_TEXT_MAX + 512];
    snprintf(folder, sizeof folder, "%.*s/%.255s", TSL_TEXT_MAX - 1, path,
             listing->classes[i]);
    unreadable->folders++;
    note_unreadable(unreadable, folder, "the class folder is empty");
  }
}

static void count_unreadable(const struct unreadable *unreadable, size_t files,
                             struct tsl_text *out) {
  if (unreadable->files > 0)
    tsl_text_format(out, "%zu of %zu files no picture that can be read",
                    unreadable->files, files);
  if (unreadable->folders > 0)
    tsl_text_format(out, "%s%zu of the class folders empty",
                    unreadable->files > 0 ? ", " : "", unreadable->folders);
}

static enum tsl_status judge(const struct folder_options *chosen,
                             const struct unreadable *unreadable, size_t files,
                             struct tsl__builder *builder, struct tsl_error *err) {
  size_t count = unreadable->files + unreadable->folders;
  char more[64] = "";
  if (count == 0)
    return TSL_OK;
  if (count > NAMED_MAX)
    snprintf(more, sizeof more, "\n  and %zu more", count - NAMED_MAX);
  const char *names = unreadable->names.bytes != NULL ? unreadable->names.bytes : "";
  struct tsl_text counts;
  tsl_text_init(&counts);
  count_unreadable(unreadable, files, &counts);
  const char *what = counts.bytes != NULL ? counts.bytes : "";
  enum tsl_status status = TSL_OK;
  if (chosen->on_error == STOP || unreadable->files == files)
    status = tsl_error_set(err, unreadable->files > 0 ? TSL_FORMAT : TSL_BAD_INPUT,
                           chosen->path, "%s; %s%s%s", what,
                           chosen->on_error == STOP
                               ? "remove them, or leave them out with on_error: skip"
                               : "nothing is left",
                           names, more);
  else
    tsl_text_format(&builder->notes, "left out (on_error: skip): %s%s%s", what, names,
                    more);
  tsl_text_release(&counts);
  return status;
}

static void read_pictures(const struct folder_options *chosen,
                          const struct listing *listing, const int32_t *label_of,
                          struct tsl__builder *builder, struct unreadable *unreadable) {
  int64_t count = 0;
  for (size_t i = 0; i < listing->file_count; i++) {
    struct tsl_error problem = {0};
    if (tsl__picture_read(listing->files[i].path, chosen->crop, &builder->shape,
                          tsl__builder_sample(builder, count), &problem) != TSL_OK) {
      unreadable->files++;
      note_unreadable(unreadable, problem.where, problem.text);
      continue;
    }
    if (builder->labels != NULL)
      builder->labels[count] = label_of[listing->files[i].class];
    count++;
  }
  builder->count = builder->test_begin = count;
}

static enum tsl_status read_folder(const struct tsl_dataset_config *config,
                                   const struct tsl_shape *shape,
                                   struct tsl__builder *builder, struct tsl_error *err) {
  const struct folder_options *chosen = (const void *)config->reader_options;
  struct tsl_shape target = {3, {chosen->channels, chosen->size, chosen->size}};
  struct listing listing = {0};
  struct unreadable unreadable = {0};
  int32_t *label_of = NULL;
  if (shape != NULL)
    target = *shape;
  TSL_TRY(tsl__picture_check_shape(&target, err));
  enum tsl_status status = list_pictures(chosen->path, &listing, err);
  if (status != TSL_OK)
    goto done;
  label_of = calloc(listing.class_count + 1, sizeof *label_of);
  if (label_of == NULL) {
    status = out_of_memory(err);
    goto done;
  }
  status = tsl__builder_reserve(builder, (int64_t)listing.file_count, &target,
                                TSL_SAMPLE_U8, err);
  if (status == TSL_OK)
    status = make_labels(config, &listing, label_of, builder, err);
  if (status != TSL_OK)
    goto done;
  note_empty_classes(chosen->path, &listing, &unreadable);
  read_pictures(chosen, &listing, label_of, builder, &unreadable);
  status = judge(chosen, &unreadable, listing.file_count, builder, err);
done:
  release(&listing);
  free(label_of);
  tsl_text_release(&unreadable.names);
  return status;
}

const struct tsl_reader_ops tsl_reader_image_folder = {
    .reader = {.name = "image_folder",
               .summary =
                   "class folders of JPEG and PNG pictures of any size, cropped and "
                   "averaged to the network's input",
               .options = options,
               .option_count = sizeof options / sizeof options[0],
               .options_bytes = sizeof(struct folder_options)},
    .scales = true,
    .sources = sources,
    .read = read_folder,
};
