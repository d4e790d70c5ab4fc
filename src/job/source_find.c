/* Network and data set files: from a name to a tree. */
#include "job/job_internal.h"

#include <stdlib.h>
#include <string.h>

const char *tsl__stem_of(struct tsl__pool *pool, const char *path) {
  const char *slash = strrchr(path, '/');
  const char *base = slash != NULL ? slash + 1 : path;
  const char *dot = strrchr(base, '.');
  size_t length = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
  const char *stem = tsl__pool_copy(pool, base, length);
  return stem != NULL ? stem : "";
}

/* Where the value's relative names start: the folder of its file, or for a `--set` the
 * job's folder for names and the current one for paths. */
static const char *start_folder(const struct tsl__job_reader *reader,
                                const struct tsl__node *value, bool is_path) {
  if (value->place.line > 0)
    return tsl__folder_of(reader->pool, value->place.file);
  return is_path ? "." : tsl__folder_of(reader->pool, reader->job->file);
}

static const char *find_path(struct tsl__job_reader *reader, const char *kind,
                             const struct tsl__node *value) {
  const struct tsl_file_source *source = reader->source;
  struct tsl__pool *pool = reader->pool;
  const char *name = value->text;
  bool is_path = strchr(name, '/') != NULL;
  const char *folder = start_folder(reader, value, is_path);
  if (is_path) {
    bool here = name[0] == '/' || strcmp(folder, ".") == 0;
    const char *path = here ? name : tsl__pool_format(pool, "%s/%s", folder, name);
    if (path == NULL || source->exists(source->context, path))
      return path;
    tsl__problem(&reader->problems, value->place,
                 "there is no file '%s'; a path is relative to the %s", path,
                 value->place.line > 0 ? "file that names it" : "current folder");
    return NULL;
  }
  const char *beside =
      reader->configs != NULL
          ? tsl__pool_format(pool, "%s/%s/%s.yaml", reader->configs, kind, name)
          : tsl__pool_format(pool, "%s/../configs/%s/%s.yaml", folder, kind, name);
  const char *shared =
      tsl__pool_format(pool, "%s/configs/%s/%s.yaml",
                       reader->share != NULL ? reader->share : ".", kind, name);
  if (beside == NULL || shared == NULL)
    return NULL;
  if (source->exists(source->context, beside))
    return beside;
  if (reader->share != NULL && source->exists(source->context, shared))
    return shared;
  tsl__problem(&reader->problems, value->place,
               "no file for '%s': looked for %s%s%s; a file elsewhere is named with a "
               "slash, such as ./%s.yaml",
               name, beside, reader->share != NULL ? " and " : "",
               reader->share != NULL ? shared : "", tsl__stem_of(pool, name));
  return NULL;
}

/* Reads and parses once; the problems of a file stay with its first use. */
static struct tsl__node *open_path(struct tsl__job_reader *reader, const char *path,
                                   struct tsl__place named) {
  for (int i = 0; i < reader->source_count; i++) {
    if (strcmp(reader->sources[i].path, path) == 0)
      return reader->sources[i].root;
  }
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_error why = {0};
  struct tsl__node *root = NULL;
  if (reader->source->read(reader->source->context, path, &bytes, &count, &why) !=
      TSL_OK) {
    tsl__problem(&reader->problems, named, "cannot read %s: %s", path, why.text);
  } else {
    root = tsl__yaml_read(reader->pool, path, bytes, count, &reader->problems);
    if (root != NULL && root->kind != TSL__MAP) {
      tsl__problem(&reader->problems, root->place,
                   "the file must hold `key: value` lines, not %s", tsl__node_what(root));
      root = NULL;
    }
  }
  free(bytes);
  struct tsl__source source = {path, root};
  if (tsl__pool_grow(reader->pool, &reader->sources, reader->source_count,
                     &reader->source_capacity, sizeof source))
    reader->sources[reader->source_count++] = source;
  return root;
}

struct tsl__node *tsl__source_open(struct tsl__job_reader *reader, const char *kind,
                                   const struct tsl__node *value, const char **path) {
  if (value->kind != TSL__SCALAR || value->text[0] == '\0') {
    tsl__problem(&reader->problems, value->place,
                 "a name from configs/%s or a path is expected, not %s", kind,
                 value->kind == TSL__SCALAR ? "nothing" : tsl__node_what(value));
    return NULL;
  }
  const char *found = find_path(reader, kind, value);
  if (found == NULL)
    return NULL;
  *path = found;
  return open_path(reader, found, value->place);
}
