/* Strings and names in HDF5 files. */
#include "store/h5.h"

#include <stdlib.h>
#include <string.h>

/* A growing list of owned strings. */
struct names {
  char **items;
  size_t count, capacity;
};

static bool names_add(struct names *names, const char *bytes, size_t length) {
  if (names->count == names->capacity) {
    size_t capacity = 2 * names->capacity + 16;
    char **items = realloc(names->items, capacity * sizeof *items);
    if (items == NULL)
      return false;
    names->items = items;
    names->capacity = capacity;
  }
  char *copy = strndup(bytes, length);
  if (copy == NULL)
    return false;
  names->items[names->count++] = copy;
  return true;
}

static void names_release(struct names *names) {
  for (size_t i = 0; i < names->count; i++)
    free(names->items[i]);
  free(names->items);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static herr_t add_dataset(hid_t group, const char *name, const H5O_info_t *info,
                          void *context) {
  (void)group;
  if (info->type != H5O_TYPE_DATASET)
    return 0;
  return names_add(context, name, strlen(name)) ? 0 : -1;
}

enum tsl_status tsl_h5_list(struct tsl_h5_reader *reader, const char *group, char ***out,
                            size_t *count, struct tsl_error *err) {
  if (reader->apart != NULL)
    return tsl__h5_ask_list(reader, group, out, count, err);
  tsl__h5_quiet();
  if (!tsl_h5_has(reader, group))
    return tsl_error_set(err, TSL_FORMAT, reader->path, "there is no group %s", group);
  struct names names = {0};
  if (H5Ovisit_by_name1(reader->file, group, H5_INDEX_NAME, H5_ITER_INC, add_dataset,
                        &names, H5P_DEFAULT) < 0) {
    names_release(&names);
    return tsl__h5_error(err, TSL_FORMAT, reader->path, "cannot list %s", group);
  }
  if (names.count > 0)
    qsort(names.items, names.count, sizeof *names.items, compare_names);
  *out = names.items;
  *count = names.count;
  return TSL_OK;
}

/* All strings of a dataset as one block of fixed width, or as pointers that HDF5 made. */
static enum tsl_status take_strings(hid_t dataset, hid_t space, hid_t type, size_t count,
                                    struct names *names) {
  enum tsl_status status = TSL_FORMAT;
  bool variable = H5Tis_variable_str(type) > 0;
  size_t width = variable ? sizeof(char *) : H5Tget_size(type);
  char *bytes = calloc(count + 1, width);
  hid_t memory = H5Tcopy(type);
  if (bytes == NULL || memory < 0 ||
      H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) < 0)
    goto done;
  status = TSL_OK;
  for (size_t i = 0; i < count && status == TSL_OK; i++) {
    const char *string = bytes + i * width;
    size_t length = width;
    if (variable) {
      memcpy(&string, bytes + i * width, sizeof string);
      string = string != NULL ? string : "";
      length = strlen(string);
    }
    if (!names_add(names, string, length))
      status = TSL_MEMORY;
  }
  if (variable)
    H5Dvlen_reclaim(memory, space, H5P_DEFAULT, bytes);
done:
  tsl__h5_release(memory);
  free(bytes);
  return status;
}

enum tsl_status tsl_h5_read_strings(struct tsl_h5_reader *reader, const char *name,
                                    char ***out, size_t *count, struct tsl_error *err) {
  if (reader->apart != NULL)
    return tsl__h5_ask_strings(reader, name, out, count, err);
  tsl__h5_quiet();
  if (!tsl_h5_has(reader, name))
    return tsl_error_set(err, TSL_FORMAT, reader->path, "there is no dataset %s", name);
  struct names names = {0};
  hid_t dataset = H5Dopen2(reader->file, name, H5P_DEFAULT);
  enum tsl_status claim =
      dataset < 0 ? TSL_OK : tsl__h5_check_inside(reader, name, dataset, err);
  bool inside = dataset >= 0 && claim == TSL_OK;
  hid_t space = inside ? H5Dget_space(dataset) : -1;
  hid_t type = inside ? H5Dget_type(dataset) : -1;
  hssize_t points = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
  enum tsl_status status = TSL_FORMAT;
  if (type >= 0 && H5Tget_class(type) == H5T_STRING && points >= 0) {
    claim = tsl__h5_check_claim(reader, name, type, points, err);
    if (claim == TSL_OK)
      status = take_strings(dataset, space, type, (size_t)points, &names);
  }
  if (claim != TSL_OK)
    status = claim;
  else if (status == TSL_MEMORY)
    tsl_error_set(err, TSL_MEMORY, reader->path, "no memory for the strings of %s", name);
  else if (status != TSL_OK)
    tsl__h5_error(err, status, reader->path, "%s does not hold strings", name);
  tsl__h5_release(type);
  tsl__h5_release(space);
  tsl__h5_release(dataset);
  if (status != TSL_OK) {
    names_release(&names);
    return status;
  }
  *out = names.items;
  *count = names.count;
  return TSL_OK;
}
