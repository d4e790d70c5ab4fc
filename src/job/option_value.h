/* option_value.h - what a row of an option table does: parse, default, print. */
#ifndef TEASEL_JOB_OPTION_VALUE_H
#define TEASEL_JOB_OPTION_VALUE_H

#include "job/yaml_tree.h"

#include "teasel/option.h"

struct tsl__table {
  const struct tsl_option *rows;
  size_t count;
};

/* Local. Reads one value (a list for a SET) into the struct at base. After a problem it
 * is false and base is as it was. shown: the key for messages. */
bool tsl__option_parse(const struct tsl_option *row, const struct tsl__node *node,
                       const char *shown, void *base, struct tsl__problems *problems);
/* Local. Every default of the table; options that must be given stay zero. */
void tsl__option_defaults(struct tsl__table table, void *base);
/* Local. The value in its shortest form, as YAML would have it. */
void tsl__option_print(const struct tsl_option *row, const void *base,
                       struct tsl_text *out);
/* Local. Not quoted, for labels. */
void tsl__option_print_bare(const struct tsl_option *row, const void *base,
                            struct tsl_text *out);
/* Local. "between 1 and 8", "at least 1", "one of adam, adamax, sgd", "text" ... */
void tsl__option_print_domain(const struct tsl_option *row, struct tsl_text *out);
const struct tsl_option *tsl__table_find(struct tsl__table table, const char *name);
/* Local. Index of the word in "a|b|c", -1 when it is none of them. */
int tsl__word_index(const char *words, const char *word);
/* Local. The words in an array of the pool. */
const char *const *tsl__words_split(struct tsl__pool *pool, const char *words,
                                    size_t *count);
/* Local. The folder of a path ("." when it names none), in the pool. */
const char *tsl__folder_of(struct tsl__pool *pool, const char *path);

#endif
