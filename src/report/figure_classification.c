/* Good or bad by the latents and a few labels, of every run that `teasel classify` was
 * asked about (thesis figures 4.23 and 4.24). */
#include "report/classify_page.h"
#include "report/figure.h"

#include <stdio.h>

static enum tsl_status write_one(const struct tsl__report_data *data,
                                 const struct tsl__report_classification *classification,
                                 struct tsl__page *page, struct tsl_error *err) {
  const struct tsl__classify_view *view = &classification->view;
  char title[640];
  tsl__report_run_title(data, classification->run, title, sizeof title);
  tsl_text_add(&page->html, "<h3>");
  tsl_text_add_html(&page->html, view->good);
  tsl_text_add(&page->html, " or ");
  tsl_text_add_html(&page->html, view->bad_name);
  tsl_text_add(&page->html, " by ");
  tsl_text_add_html(&page->html, title);
  tsl_text_add(&page->html, "</h3>\n");
  tsl__classify_result(view, page);
  tsl__classify_scatter(view, page);
  return tsl__classify_sheets(view, page, err);
}

static enum tsl_status write(const struct tsl__report_data *data, struct tsl__page *page,
                             struct tsl_error *err) {
  if (data->classification_count == 0)
    return TSL_OK;
  tsl__section_begin(page, "classification", "Classification",
                     "Good or bad by a few labels");
  for (int i = 0; i < data->classification_count; i++)
    TSL_TRY(write_one(data, &data->classifications[i], page, err));
  tsl__section_end(page);
  return TSL_OK;
}

const struct tsl__figure tsl__figure_classification = {.name = "classification",
                                                       .write = write};
