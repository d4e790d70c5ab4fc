/* seeds.c FOLDER - small good inputs for the harnesses, one folder a harness, written by
 * the same code that writes such files in earnest. */
#include "fuzz.h"

#include "teasel/claim.h"
#include "teasel/compare.h"
#include "teasel/image.h"
#include "teasel/store.h"
#include "teasel/watch.h"

#include <fcntl.h>
#include <matio.h>
#include <zlib.h>

/* wants FILE */
#include <jpeglib.h>

static const char *root;

static void must(enum tsl_status status, const struct tsl_error *err) {
  if (status == TSL_OK)
    return;
  fprintf(stderr, "seeds: %s: %s\n", err->where, err->text);
  exit(1);
}

/* FOLDER/harness/name: `first`, then the bytes. */
static void seed(const char *harness, const char *name, const char *first, size_t length,
                 const void *bytes, size_t count) {
  char path[512];
  struct tsl_error err = {0};
  snprintf(path, sizeof path, "%s/%s", root, harness);
  must(tsl_folder_create(path, &err), &err);
  snprintf(path, sizeof path, "%s/%s/%s", root, harness, name);
  FILE *file = fopen(path, "wbe");
  if (file == NULL || fwrite(first, 1, length, file) != length ||
      fwrite(bytes, 1, count, file) != count || fclose(file) != 0) {
    fprintf(stderr, "seeds: %s cannot be written\n", path);
    exit(1);
  }
}

static void seed_file(const char *harness, const char *name, char first,
                      const char *path) {
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_error err = {0};
  must(tsl_file_read(path, &bytes, &count, &err), &err);
  seed(harness, name, &first, 1, bytes, count);
  free(bytes);
}

/* ---- IDX and NPY ---- */

static void idx_seeds(void) {
  static const unsigned char images[16 + 12] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0,
                                                0, 2, 0, 0, 0, 2, 9, 8, 7},
                                         labels[8 + 3] = {0, 0, 8, 1, 0, 0,
                                                          0, 3, 1, 2, 3};
  unsigned char packed[256];
  z_stream stream = {0};
  char first[3 + sizeof labels] = {0, sizeof labels, 0};
  memcpy(first + 3, labels, sizeof labels);
  seed("idx", "plain", "\0", 1, images, sizeof images);
  for (char flags = 1; flags < 16; flags += 2) {
    char name[16];
    first[0] = flags;
    snprintf(name, sizeof name, "flags-%d", flags);
    seed("idx", name, first, sizeof first, images, sizeof images);
  }
  enum { GZIP = 15 + 16 };
  deflateInit2(&stream, 6, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = (Bytef *)(uintptr_t)images;
  stream.avail_in = sizeof images;
  stream.next_out = packed;
  stream.avail_out = sizeof packed;
  deflate(&stream, Z_FINISH);
  seed("idx", "gzip", "\0", 1, packed, stream.total_out);
  deflateEnd(&stream);
}

static size_t npy(unsigned char *out, const char *header, const void *numbers,
                  size_t count) {
  const size_t length = strlen(header);
  memcpy(out, "\x93NUMPY\1\0", 8);
  out[8] = (unsigned char)length;
  out[9] = (unsigned char)(length >> 8);
  memcpy(out + 10, header, length);
  memcpy(out + 10 + length, numbers, count);
  return 10 + length + count;
}

static void npy_seeds(void) {
  static const char *const samples[] = {
      "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4), }\n",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 4), }\n",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }\n",
      "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2, 1, 2), }\n",
      "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 4), }\n",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (8,), }\n"};
  static const size_t item[] = {1, 1, 4, 8, 2, 4};
  const float numbers[16] = {0, 1, 0.5f};
  const int64_t labels[2] = {0, 1};
  unsigned char bytes[512];
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    char first[1024], name[16];
    size_t used = 1;
    first[0] = (char)(i % 2 ? 7 : 0);
    for (int part = 0; part < 2 && i % 2; part++) {
      size_t count =
          part == 0
              ? npy(bytes, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }\n",
                    labels, sizeof labels)
              : npy(bytes,
                    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n",
                    numbers, 6 * sizeof *numbers);
      first[used++] = (char)count;
      first[used++] = (char)(count >> 8);
      memcpy(first + used, bytes, count);
      used += count;
    }
    size_t count = npy(bytes, samples[i], numbers, 8 * item[i]);
    snprintf(name, sizeof name, "samples-%zu", i);
    seed("npy", name, first, used, bytes, count);
  }
}

/* ---- MAT ---- */

static void mat_seed(enum matio_compression packed, const char *name) {
  enum { COUNT = 2 };
  static uint8_t pixels[COUNT * 3 * 32 * 32];
  double labels[COUNT] = {1, 10};
  size_t image_dims[] = {32, 32, 3, COUNT}, label_dims[] = {COUNT, 1};
  char path[512];
  snprintf(path, sizeof path, "%s/part.mat", root);
  mat_t *file = Mat_CreateVer(path, "MATLAB 5.0 MAT-file", MAT_FT_MAT5);
  matvar_t *images =
      Mat_VarCreate("X", MAT_C_UINT8, MAT_T_UINT8, 4, image_dims, pixels, 0);
  matvar_t *digits =
      Mat_VarCreate("y", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, label_dims, labels, 0);
  if (file == NULL || images == NULL || digits == NULL ||
      Mat_VarWrite(file, images, packed) != 0 || Mat_VarWrite(file, digits, packed) != 0)
    abort();
  Mat_VarFree(images);
  Mat_VarFree(digits);
  Mat_Close(file);
  seed_file("svhn", name, 0, path);
  seed_file("svhn", "both-parts", 3, path);
  unlink(path);
}

/* ---- pictures ---- */

static void jpeg_seed(const struct tsl_image *image, int progressive) {
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  static const unsigned char exif[] =
      "Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0";
  unsigned char *bytes = NULL;
  unsigned long count = 0;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &bytes, &count);
  jpeg.image_width = (JDIMENSION)image->width;
  jpeg.image_height = (JDIMENSION)image->height;
  jpeg.input_components = image->channels;
  jpeg.in_color_space = image->channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&jpeg);
  if (progressive)
    jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif, sizeof exif - 1);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = image->bytes + jpeg.next_scanline * (JDIMENSION)image->width *
                                      (JDIMENSION)image->channels;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  seed("image", progressive ? "progressive.jpg" : "baseline.jpg", "\0", 1, bytes, count);
  seed("image", "exif", "\4", 1, exif, sizeof exif - 1);
  free(bytes);
}

static void image_seeds(void) {
  struct tsl_image image = {0};
  struct tsl_error err = {0};
  for (int channels = 1; channels <= 3; channels += 2) {
    struct tsl_text png;
    must(tsl_image_init(&image, 9, 7, channels, &err), &err);
    for (int i = 0; i < 9 * 7 * channels; i++)
      image.bytes[i] = (uint8_t)(i * 29);
    tsl_text_init(&png);
    must(tsl_image_png(&image, &png, &err), &err);
    seed("image", channels == 1 ? "grey.png" : "rgb.png", "\2", 1, png.bytes, png.length);
    tsl_text_release(&png);
    jpeg_seed(&image, channels == 3);
    tsl_image_release(&image);
  }
}

/* ---- HDF5 and a results folder ---- */

static void data_seed(enum tsl_array_type type, const char *name) {
  char path[512];
  float factors[6] = {0, 1, 2, 0, 1, 2}, real[8] = {0, 0.5f, 1};
  uint8_t bytes[8] = {0, 1, 1};
  int32_t labels[2] = {0, 1}, sizes[3] = {3, 3, 0};
  int64_t begin[1] = {1};
  struct tsl_error err = {0};
  struct tsl_h5_writer *writer = NULL;
  static const char *const words[] = {"a", "b", "c"};
  const struct tsl_array arrays[] = {
      {"/images", type, 3, {2, 2, 2}, type == TSL_ARRAY_U8 ? (void *)bytes : real},
      {"/labels", TSL_ARRAY_I32, 1, {2}, labels},
      {"/factors", TSL_ARRAY_F32, 2, {2, 3}, factors},
      {"/factor_sizes", TSL_ARRAY_I32, 1, {3}, sizes},
      {"/test_begin", TSL_ARRAY_I64, 1, {1}, begin}};
  snprintf(path, sizeof path, "%s/part.h5", root);
  must(tsl_h5_create(path, &writer, &err), &err);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    must(tsl_h5_write(writer, &arrays[i], &err), &err);
  must(tsl_h5_write_strings(writer, "/label_names", words, 2, &err), &err);
  must(tsl_h5_write_strings(writer, "/factor_names", words, 3, &err), &err);
  must(tsl_h5_write_attribute(writer, "/labels", "classes", 2, &err), &err);
  must(tsl_h5_commit(writer, &err), &err);
  seed_file("hdf5", name, 0, path);
  unlink(path);
}

static void scores_seed(struct tsl_store *store) {
  struct tsl_scores scores;
  struct tsl_error err = {0};
  must(tsl_scores_init(&scores, 2, 2, 3, 1, &err), &err);
  for (int i = 0; i < 2; i++) {
    snprintf(scores.runs[i].name, sizeof scores.runs[i].name, "r%d", i);
    snprintf(scores.runs[i].outcome, sizeof scores.runs[i].outcome, "finished");
    scores.runs[i].latent = 2;
  }
  snprintf(scores.metric_names[0], sizeof scores.metric_names[0], "mig");
  must(tsl_scores_write(store, &scores, &err), &err);
  tsl_scores_release(&scores);
}

/* As tsl_store_latents_write does, which needs a team. */
static void latents_seed(struct tsl_store *store) {
  char path[TSL_PATH_MAX];
  float numbers[4] = {1, 2, 3}, factors[2] = {0, 1};
  int64_t indices[2] = {1, 0}, widths[1] = {2};
  int32_t labels[2] = {0, 1};
  struct tsl_error err = {0};
  struct tsl_h5_writer *writer = NULL;
  static const char *const words[] = {"r"};
  const struct tsl_array arrays[] = {
      {"/indices", TSL_ARRAY_I64, 1, {2}, indices},
      {"/labels", TSL_ARRAY_I32, 1, {2}, labels},
      {"/factors", TSL_ARRAY_F32, 2, {2, 1}, factors},
      {"/run_table/latent", TSL_ARRAY_I64, 1, {1}, widths},
      {"/runs/r/mean", TSL_ARRAY_F32, 2, {2, 2}, numbers},
      {"/runs/r/log_variance", TSL_ARRAY_F32, 2, {2, 2}, numbers}};
  must(tsl_h5_create(tsl_store_path(store, TSL_STORE_LATENTS, path), &writer, &err),
       &err);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    must(tsl_h5_write(writer, &arrays[i], &err), &err);
  must(tsl_h5_write_strings(writer, "/run_table/name", words, 1, &err), &err);
  must(tsl_h5_commit(writer, &err), &err);
}

static void run_seed(struct tsl_store *store) {
  float numbers[8] = {1, 2, 3};
  bool bad[2] = {false, true};
  struct tsl_error err = {0};
  struct tsl_array arrays[] = {{"a.weight", TSL_ARRAY_F32, 2, {2, 2}, numbers},
                               {"a.bias", TSL_ARRAY_F32, 1, {2}, numbers}};
  const struct tsl_checkpoint checkpoint = {
      .phase = "train", .kernels = "none", .step = 3, .count = 2, .arrays = arrays};
  const struct tsl_classified classified = {.points = 2,
                                            .latent = 2,
                                            .mean = numbers,
                                            .log_variance = numbers + 4,
                                            .bad = bad,
                                            .labels = 2,
                                            .good_name = "good",
                                            .bad_name = "bad"};
  struct tsl_record record = {
      .outcome = TSL_OUTCOME_FINISHED, .steps = 5, .term_count = 1};
  snprintf(record.terms[0].name, sizeof record.terms[0].name, "total");
  struct tsl_run_progress progress = {
      .steps = 4, .iterations = 9, .host = "h", .ranks = "0"};
  struct tsl_run_log *log = NULL;
  must(tsl_store_log_create(store, "r", "step,total,clock", &log, &err), &err);
  must(tsl_run_log_add(log, "0,12.5,0.1\n1,,0.2", &err), &err);
  must(tsl_run_log_close(log, &err), &err);
  must(tsl_store_model_write(store, "r", arrays, 2, &err), &err);
  must(tsl_store_checkpoint_write(store, "r", &checkpoint, &err), &err);
  must(tsl_store_record_write(store, "r", &record, &err), &err);
  must(tsl_store_progress_write(store, "r", &progress, &err), &err);
  must(tsl_store_classified_write(store, "r", &classified, &err), &err);
  latents_seed(store);
  scores_seed(store);
}

static void results_seeds(void) {
  static const char *const files[] = {"runs/r/record.json",
                                      "runs/r/progress.json",
                                      NULL,
                                      NULL,
                                      NULL,
                                      "runs/r/log.csv",
                                      "scores.h5",
                                      "latents.h5",
                                      "runs/r/model.h5",
                                      "runs/r/checkpoint.h5",
                                      "classify/r/points.h5"};
  static const char claim[] =
      "{\"beat\": 3, \"session\": \"h-1\", \"host\": \"h\", \"pid\": 12, \"started\": 1, "
      "\"place\": \"p\", \"step\": 4, \"steps_per_second\": 2.5, \"seconds\": 180, "
      "\"kernels\": \"k\"}\n",
                    ledger[] =
                        "time\tevent\trun\tranks\thost\tprocess\tsteps\tnote\n"
                        "2026-01-02T03:04:05.678Z\tstart\tr\t0-3\th\t12\t0\t\n"
                        "2026-01-02T03:05:05.678Z\tfinish\tr\t0-3\th\t12\t9\tfine\n",
                    provenance[] = "{\"format\": 1, \"job\": \"x\", \"data\": {\"name\": "
                                   "\"d\", \"digest\": \"00\"}}\n";
  char path[512], name[32];
  struct tsl_error err = {0};
  struct tsl_store *store = NULL;
  snprintf(path, sizeof path, "%s/folder", root);
  must(tsl_store_open(path, TSL_STORE_CREATE, &store, &err), &err);
  run_seed(store);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    snprintf(name, sizeof name, "kind-%zu", i);
    snprintf(path, sizeof path, "%s/folder/%s", root, files[i] != NULL ? files[i] : "");
    if (files[i] != NULL)
      seed_file("results", name, (char)i, path);
  }
  seed("results", "claim", "\2", 1, claim, sizeof claim - 1);
  seed("results", "ledger", "\3", 1, ledger, sizeof ledger - 1);
  seed("results", "provenance", "\4", 1, provenance, sizeof provenance - 1);
  tsl_store_close(store);
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: seeds FOLDER\n");
    return 2;
  }
  root = arguments[1];
  idx_seeds();
  npy_seeds();
  mat_seed(MAT_COMPRESSION_NONE, "plain");
  mat_seed(MAT_COMPRESSION_ZLIB, "packed");
  image_seeds();
  data_seed(TSL_ARRAY_U8, "bytes.h5");
  data_seed(TSL_ARRAY_F32, "floats.h5");
  results_seeds();
  return 0;
}
