#include "teasel/metric.h"

const char *tsl_similarity_word(enum tsl_similarity similarity) {
  static const char *const words[] = {"spearman", "lasso"};
  return words[similarity];
}

const char *tsl_udr_form_word(enum tsl_udr_form form) {
  static const char *const words[] = {"lib", "eq2", "eq2full"};
  return words[form];
}

const char *tsl_udr_group_word(enum tsl_udr_group group) {
  static const char *const words[] = {"setting", "family", "all"};
  return words[group];
}
