#include "cli/sbatch_option.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char parts[] = "submit makes its two jobs so itself";
static const char nothing[] = "no job would be submitted";

/* Long name, letter, and why it is not for the user or what is instead. */
static const struct {
  const char *name, *instead;
  char letter; /* '\0': none */
} refused[] = {
    {"array", "give --array N to submit", 'a'},
    {"ntasks", "give --ranks P to submit", 'n'},
    {"time", "give --time MINUTES to submit", 't'},
    {"mem", "give --memory MIB to submit", '\0'},
    {"mem-per-cpu", "give --memory MIB to submit", '\0'},
    {"mem-per-gpu", "give --memory MIB to submit", '\0'},
    {"dependency", parts, 'd'},
    {"kill-on-invalid-dep", parts, '\0'},
    {"wrap", parts, '\0'},
    {"parsable", parts, '\0'},
    {"test-only", nothing, '\0'},
    {"help", nothing, 'h'},
    {"usage", nothing, '\0'},
    {"version", nothing, 'V'},
};

static bool is_named(const char *word, const char *name, char letter) {
  enum { LEAST = 2 }; /* one letter begins the names of several */
  if (word[1] != '-')
    return letter != '\0' && word[1] == letter;
  const size_t length = strcspn(word + 2, "=");
  return length >= LEAST && strncmp(word + 2, name, length) == 0;
}

enum tsl_status tsl__sbatch_option_check(const char *word, struct tsl_error *err) {
  if (word[0] != '-' || word[1] == '\0' || strcmp(word, "--") == 0)
    return tsl_error_set(err, TSL_BAD_INPUT, "--sbatch",
                         "'%s' is no option for sbatch; give one in one word, as "
                         "--sbatch=--partition=long",
                         word);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    if (is_named(word, refused[i].name, refused[i].letter))
      return tsl_error_set(err, TSL_BAD_INPUT, "--sbatch", "%s cannot be handed on: %s",
                           word, refused[i].instead);
  }
  return TSL_OK;
}
