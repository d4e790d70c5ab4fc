#include "dataset/mat_file.h"
#include "teasel/arena.h"
#include "teasel/library.h"

#include <matio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

void tsl_library_matio(char *version) {
  int major, minor, release;
  Mat_GetLibraryVersion(&major, &minor, &release);
  snprintf(version, TSL_LIBRARY_TEXT, "%d.%d.%d", major, minor, release);
}

/* matio prints on its own; what goes wrong is told by its return value here. */
static void be_silent(int level, char *message) {
  (void)level, (void)message;
}

/* The first `count` values as the array's class has them. out: (count) */
static enum tsl_status read_raw(const struct tsl__mat_file *file,
                                const struct tsl__mat_array *array, int64_t count,
                                void *out, struct tsl_error *err) {
  Mat_LogInitFunc("teasel", be_silent);
  mat_t *mat = Mat_Open(file->path, MAT_ACC_RDONLY);
  matvar_t *variable = mat != NULL ? Mat_VarReadInfo(mat, array->name) : NULL;
  bool same = variable != NULL && (int)variable->class_type == array->kind &&
              variable->rank == array->rank && !variable->isComplex;
  for (int i = 0; same && i < array->rank; i++)
    same = variable->dims[i] == (size_t)array->dims[i];
  bool read = same && Mat_VarReadDataLinear(mat, variable, out, 0, 1, (int)count) == 0;
  Mat_VarFree(variable);
  if (mat != NULL)
    Mat_Close(mat);
  if (!read)
    return tsl_error_set(err, TSL_IO, file->path,
                         "array %s cannot be read; did the file change meanwhile?",
                         array->name);
  return TSL_OK;
}

enum tsl_status tsl__mat_read_bytes(const struct tsl__mat_file *file,
                                    const struct tsl__mat_array *array, int64_t count,
                                    uint8_t *out, struct tsl_error *err) {
  if (array->kind != MAT_C_UINT8)
    return tsl_error_set(err, TSL_FORMAT, file->path,
                         "array %s is of class %d, not of bytes (uint8)", array->name,
                         array->kind);
  return read_raw(file, array, count, out, err);
}

static double value_at(const void *values, int kind, int64_t i) {
  switch (kind) {
  case MAT_C_DOUBLE:
    return ((const double *)values)[i];
  case MAT_C_SINGLE:
    return (double)((const float *)values)[i];
  case MAT_C_INT8:
    return ((const int8_t *)values)[i];
  case MAT_C_UINT8:
    return ((const uint8_t *)values)[i];
  case MAT_C_INT16:
    return ((const int16_t *)values)[i];
  case MAT_C_UINT16:
    return ((const uint16_t *)values)[i];
  case MAT_C_INT32:
    return ((const int32_t *)values)[i];
  case MAT_C_UINT32:
    return ((const uint32_t *)values)[i];
  case MAT_C_INT64:
    return (double)((const int64_t *)values)[i];
  default:
    return (double)((const uint64_t *)values)[i];
  }
}

enum tsl_status tsl__mat_read_doubles(const struct tsl__mat_file *file,
                                      const struct tsl__mat_array *array, int64_t count,
                                      double *out, struct tsl_error *err) {
  void *values = NULL;
  TSL_TRY(tsl_allocate(&values, (size_t)count, sizeof(double), err));
  enum tsl_status status = read_raw(file, array, count, values, err);
  for (int64_t i = 0; status == TSL_OK && i < count; i++)
    out[i] = value_at(values, array->kind, i);
  free(values);
  return status;
}
