#include "report/html.h"

#include "report/chart.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

void tsl__page_init(struct tsl__page *page) {
  *page = (struct tsl__page){0};
}

void tsl__page_release(struct tsl__page *page) {
  tsl_text_release(&page->html);
  tsl_text_release(&page->contents);
  tsl_text_release(&page->data);
  for (int i = 0; i < page->file_count; i++)
    tsl_text_release(&page->files[i].bytes);
  free(page->files);
  tsl__page_init(page);
}

static void add_pieces(struct tsl_text *out, const char *const *pieces) {
  for (; *pieces != NULL; pieces++)
    tsl_text_add(out, *pieces);
}

void tsl__page_finish(const struct tsl__page *page, const char *title,
                      struct tsl_text *out) {
  tsl_text_add(out,
               "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, "
               "initial-scale=1\">\n"
               "<meta name=\"color-scheme\" content=\"light dark\">\n"
               "<meta name=\"generator\" content=\"teasel " TSL_VERSION "\">\n"
               "<title>");
  tsl_text_add_html(out, title);
  tsl_text_add(out, "</title>\n<style>\n");
  add_pieces(out, tsl__page_style());
  tsl_text_add(out, tsl__chart_style());
  tsl_text_add(out, "</style>\n</head>\n<body>\n<nav aria-label=\"Contents\">");
  tsl_text_add_bytes(out, page->contents.bytes, page->contents.length);
  tsl_text_add(out, "</nav>\n<main>\n");
  tsl_text_add_bytes(out, page->html.bytes, page->html.length);
  tsl_text_add(out, "</main>\n<script type=\"application/json\" id=\"data\">{");
  tsl_text_add_bytes(out, page->data.bytes, page->data.length);
  tsl_text_add(out, "\"end\":0}</script>\n<script>\n");
  add_pieces(out, tsl__page_script());
  tsl_text_add(out, "</script>\n</body>\n</html>\n");
}

void tsl__section_begin(struct tsl__page *page, const char *id, const char *link,
                        const char *title) {
  tsl_text_format(&page->contents, "<a href=\"#%s\">", id);
  tsl_text_add_html(&page->contents, link);
  tsl_text_add(&page->contents, "</a> ");
  tsl_text_format(&page->html, "<section id=\"%s\" aria-labelledby=\"%s-title\">", id,
                  id);
  tsl_text_format(&page->html, "<h2 id=\"%s-title\">", id);
  tsl_text_add_html(&page->html, title);
  tsl_text_add(&page->html, "</h2>\n");
}

void tsl__section_end(struct tsl__page *page) {
  tsl_text_add(&page->html, "</section>\n");
}

void tsl__page_definition(struct tsl__page *page, const char *html) {
  tsl_text_format(&page->html, "<p class=\"def\">%s</p>\n", html);
}

void tsl__page_absent(struct tsl__page *page, const char *text) {
  tsl_text_add(&page->html, "<p class=\"absent\">");
  tsl_text_add_html(&page->html, text);
  tsl_text_add(&page->html, "</p>\n");
}

void tsl__page_file_add(struct tsl__page *page, const char *name, const char *ending,
                        const struct tsl_text *bytes) {
  struct tsl__page_file *files =
      realloc(page->files, (size_t)(page->file_count + 1) * sizeof *files);
  if (files == NULL) {
    page->failed = true;
    return;
  }
  page->files = files;
  struct tsl__page_file *file = &files[page->file_count++];
  *file = (struct tsl__page_file){0};
  size_t length = 0;
  for (; *name != '\0' && length + 16 < sizeof file->name; name++) {
    unsigned char c = (unsigned char)*name;
    file->name[length++] = (char)(isalnum(c) || c == '_' ? tolower(c) : '-');
  }
  snprintf(file->name + length, sizeof file->name - length, ".%s", ending);
  tsl_text_add_bytes(&file->bytes, bytes->bytes, bytes->length);
  page->failed = page->failed || file->bytes.failed || bytes->failed;
}

void tsl__page_figure(struct tsl__page *page, const char *name,
                      const struct tsl_text *svg, const char *caption) {
  struct tsl_text alone = {0};
  tsl__chart_alone(svg, &alone);
  tsl__page_file_add(page, name, "svg", &alone);
  tsl_text_release(&alone);
  tsl_text_add(&page->html, "<figure><div class=\"box\">");
  tsl_text_add_bytes(&page->html, svg->bytes, svg->length);
  tsl_text_add(&page->html, "</div>");
  if (caption != NULL)
    tsl_text_format(&page->html, "<figcaption>%s</figcaption>", caption);
  tsl_text_add(&page->html, "</figure>\n");
}

void tsl__grid_begin(struct tsl__page *page) {
  tsl_text_add(&page->html, "<div class=\"grid\">");
}

void tsl__grid_end(struct tsl__page *page) {
  tsl_text_add(&page->html, "</div>\n");
}
