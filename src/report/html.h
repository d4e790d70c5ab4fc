/* html.h - the page: sections, figures, tables, numbers. Everything a user named is
 * escaped. The page is made in memory, with the files that go to figures/ beside it. */
#ifndef TEASEL_REPORT_HTML_H
#define TEASEL_REPORT_HTML_H

#include "teasel/status.h"
#include "teasel/text.h"

#include <stdbool.h>

/* A file of figures/. */
struct tsl__page_file {
  char name[192];
  struct tsl_text bytes;
};

struct tsl__page {
  struct tsl_text html;     /* body, without head and script */
  struct tsl_text contents; /* links to the sections */
  struct tsl_text data;     /* members of the script's JSON object, comma behind each */
  struct tsl__page_file *files;
  int file_count;
  bool failed; /* out of memory */
};

void tsl__page_init(struct tsl__page *page);
void tsl__page_release(struct tsl__page *page);
/* The whole document. */
void tsl__page_finish(const struct tsl__page *page, const char *title,
                      struct tsl_text *out);

/* Opens a section (closing is the caller's). id: letters and hyphens; link: its short
 * name in the contents. */
void tsl__section_begin(struct tsl__page *page, const char *id, const char *link,
                        const char *title);
void tsl__section_end(struct tsl__page *page);
/* Muted paragraph: a score's definition. html: not escaped. */
void tsl__page_definition(struct tsl__page *page, const char *html);
/* Paragraph that says why something is missing. */
void tsl__page_absent(struct tsl__page *page, const char *text);

/* Shows the SVG with a caption (html, not escaped; NULL: none) and keeps it as
 * figures/<name>.svg. name is made safe as a file name. */
void tsl__page_figure(struct tsl__page *page, const char *name,
                      const struct tsl_text *svg, const char *caption);
/* Keeps a file alone. */
void tsl__page_file_add(struct tsl__page *page, const char *name, const char *ending,
                        const struct tsl_text *bytes);
/* Local. The files into the folder, which is made, with a list of them; files of an
 * earlier list that are no longer made are removed. */
enum tsl_status tsl__page_files_write(const struct tsl__page *page, const char *folder,
                                      struct tsl_error *err);
/* A row of figures that wraps. */
void tsl__grid_begin(struct tsl__page *page);
void tsl__grid_end(struct tsl__page *page);

/* ---- tables ---- */
struct tsl__column {
  const char *title;
  const char *help; /* shown when pointed at; NULL: none */
  bool number;      /* right-aligned, sorted by value, largest first */
};
void tsl__table_begin(struct tsl_text *out, const char *caption,
                      const struct tsl__column *columns, int count);
/* groups: (count) a line above the titles, cells of the same text as one; "": none. */
void tsl__table_begin_grouped(struct tsl_text *out, const char *caption,
                              const char *const *groups,
                              const struct tsl__column *columns, int count);
void tsl__table_end(struct tsl_text *out);
/* class: of the row, NULL: none. */
void tsl__row_begin(struct tsl_text *out, const char *class);
void tsl__row_end(struct tsl_text *out);
void tsl__cell_header(struct tsl_text *out, const char *text); /* names the row */
void tsl__cell_text(struct tsl_text *out, const char *text);
/* class: NULL or CSS classes ("best"). */
void tsl__cell_score(struct tsl_text *out, double value, const char *class);
/* "0.778 ± 0.058", sorted by the mean; a deviation that is not finite is left out. */
void tsl__cell_spread(struct tsl_text *out, double mean, double deviation);
void tsl__cell_count(struct tsl_text *out, double value); /* a median of counts: 6, 5.5 */
void tsl__cell_quantity(struct tsl_text *out, double value, const char *class);

/* ---- numbers: three digits everywhere; an en dash for no value. buffer: 32 bytes ----
 */
char *tsl__print_score(char *buffer, double value);    /* 0.742: three decimals */
char *tsl__print_quantity(char *buffer, double value); /* 7612, 51.3, 0.0123 */

const char *const *tsl__page_style(void);  /* pieces, NULL at the end */
const char *const *tsl__page_script(void); /* pieces, NULL at the end */

#endif
