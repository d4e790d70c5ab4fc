/* record.json: what became of a run. */
#include "store/file.h"
#include "store/json.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const outcome_words[] = {
#define XX(name, word) word,
    TSL_OUTCOME_MAP(XX)
#undef XX
};

const char *tsl_outcome_word(enum tsl_outcome outcome) {
  return outcome_words[outcome];
}

static const char *const ended_words[] = {
#define XX(name, word) word,
    TSL_ENDED_MAP(XX)
#undef XX
};

/* The first line holds a digest of all that follows. Records of earlier versions have no
 * such line, and one that was edited by hand may do without. */
static const char seal[] = "{\n  \"digest\": \"", sealed[] = "\",\n";
enum { DIGITS = 32, BODY = sizeof seal - 1 + DIGITS + sizeof sealed - 1 };

static void print_digest(const char *body, size_t count, char out[DIGITS + 1]) {
  const struct tsl_digest digest = tsl_digest_bytes(body, count);
  tsl_digest_print(&digest, out);
}

static bool is_as_written(const char *bytes, size_t count) {
  char digest[DIGITS + 1];
  if (count < BODY || memcmp(bytes, seal, sizeof seal - 1) != 0)
    return true;
  print_digest(bytes + BODY, count - BODY, digest);
  return memcmp(bytes + sizeof seal - 1, digest, DIGITS) == 0;
}

static double number_of(const char *text) {
  return text[0] != '\0' ? strtod(text, NULL) : (double)NAN;
}

static void take_leaf(void *context, const char *path, const char *text, bool is_string) {
  (void)is_string;
  struct tsl_record *record = context;
  if (strcmp(path, "outcome") == 0) {
    for (size_t i = 0; i < sizeof outcome_words / sizeof *outcome_words; i++) {
      if (strcmp(text, outcome_words[i]) == 0)
        record->outcome = (enum tsl_outcome)i;
    }
  } else if (strcmp(path, "steps") == 0) {
    record->steps = strtoll(text, NULL, 10);
  } else if (strcmp(path, "ended_by") == 0) {
    for (size_t i = 0; i < sizeof ended_words / sizeof *ended_words; i++) {
      if (strcmp(text, ended_words[i]) == 0)
        record->ended = (enum tsl_ended)i;
    }
  } else if (strcmp(path, "weights_of_step") == 0) {
    record->weights_of_step = strtoll(text, NULL, 10);
  } else if (strcmp(path, "seconds") == 0) {
    record->seconds = number_of(text);
  } else if (strcmp(path, "width") == 0) {
    record->width = (int)strtol(text, NULL, 10);
  } else if (strcmp(path, "informative") == 0) {
    record->informative = (int)strtol(text, NULL, 10);
  } else if (strcmp(path, "informative_kl") == 0) {
    record->informative_kl = number_of(text);
  } else if (strcmp(path, "kernels") == 0) {
    snprintf(record->kernels, sizeof record->kernels, "%s", text);
  } else if (strcmp(path, "weights") == 0) {
    snprintf(record->weights, sizeof record->weights, "%s", text);
  } else if (strcmp(path, "log") == 0) {
    snprintf(record->log, sizeof record->log, "%s", text);
  } else if (strncmp(path, "terms/", 6) == 0 &&
             record->term_count < TSL_RECORD_TERMS_MAX) {
    int term = record->term_count++;
    snprintf(record->terms[term].name, sizeof record->terms[term].name, "%s", path + 6);
    record->terms[term].value = number_of(text);
  }
}

enum tsl_status tsl_store_record_read(const struct tsl_store *store, const char *run,
                                      struct tsl_record *out, struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  char *bytes = NULL;
  size_t count = 0;
  struct tsl_record record = {.outcome = TSL_OUTCOME_NONE,
                              .weights_of_step = -1,
                              .informative = -1,
                              .informative_kl = (double)NAN};
  tsl_store_run_path(store, run, "record.json", path);
  bool exists = false;
  TSL_TRY(tsl_file_look(path, &exists, err));
  if (exists) {
    TSL_TRY(tsl_file_read(path, &bytes, &count, err));
    bool whole =
        is_as_written(bytes, count) && tsl__json_visit(bytes, count, take_leaf, &record);
    free(bytes);
    if (!whole || record.outcome == TSL_OUTCOME_NONE)
      return tsl_error_set(
          err, TSL_FORMAT, path,
          "the record is damaged; remove it and the run is trained anew");
  }
  if (record.weights_of_step < 0) /* written before there was this number */
    record.weights_of_step = record.steps;
  *out = record;
  return TSL_OK;
}

static void add_body(const struct tsl_record *record, struct tsl_text *text) {
  tsl_text_add(text, "  \"outcome\": ");
  tsl_text_add_json(text, outcome_words[record->outcome]);
  tsl_text_format(text,
                  ",\n  \"steps\": %lld,\n  \"ended_by\": ", (long long)record->steps);
  tsl_text_add_json(text, ended_words[record->ended]);
  tsl_text_format(text, ",\n  \"weights_of_step\": %lld,\n  \"seconds\": ",
                  (long long)record->weights_of_step);
  tsl_text_add_json_number(text, round(record->seconds * 1e3) / 1e3);
  tsl_text_format(text, ",\n  \"width\": %d,\n  \"informative\": %d", record->width,
                  record->informative);
  tsl_text_add(text, ",\n  \"informative_kl\": ");
  tsl_text_add_json_number(text, record->informative_kl);
  tsl_text_add(text, ",\n  \"kernels\": ");
  tsl_text_add_json(text, record->kernels);
  tsl_text_add(text, ",\n  \"weights\": ");
  tsl_text_add_json(text, record->weights);
  tsl_text_add(text, ",\n  \"log\": ");
  tsl_text_add_json(text, record->log);
  tsl_text_add(text, ",\n  \"terms\": {");
  for (int i = 0; i < record->term_count; i++) {
    tsl_text_add(text, i > 0 ? ",\n    " : "\n    ");
    tsl_text_add_json(text, record->terms[i].name);
    tsl_text_add(text, ": ");
    tsl_text_add_json_number(text, record->terms[i].value);
  }
  tsl_text_add(text, "\n  }\n}\n");
}

enum tsl_status tsl_store_record_write(const struct tsl_store *store, const char *run,
                                       const struct tsl_record *record,
                                       struct tsl_error *err) {
  char path[TSL_PATH_MAX], digest[DIGITS + 1];
  struct tsl_text body, text;
  tsl_text_init(&body);
  tsl_text_init(&text);
  tsl_store_run_path(store, run, "record.json", path);
  add_body(record, &body);
  if (!body.failed) {
    print_digest(body.bytes, body.length, digest);
    tsl_text_format(&text, "%s%s%s%s", seal, digest, sealed, body.bytes);
  }
  enum tsl_status status =
      body.failed || text.failed
          ? tsl_error_set(err, TSL_MEMORY, path, "no memory for the record")
          : tsl_file_write(path, text.bytes, text.length, err);
  tsl_text_release(&text);
  tsl_text_release(&body);
  return status;
}
