#include "teasel/report.h"

#include "report/figure.h"

#include <stdlib.h>

static enum tsl_status write_files(const struct tsl_store *store,
                                   const struct tsl__page *page,
                                   const struct tsl_text *document,
                                   struct tsl_error *err) {
  char path[TSL_PATH_MAX];
  TSL_TRY(tsl_folder_add(tsl_store_path(store, TSL_STORE_FIGURES, path), err));
  TSL_TRY(
      tsl__page_files_write(page, tsl_store_path(store, TSL_STORE_FIGURES, path), err));
  return tsl_file_write(tsl_store_path(store, TSL_STORE_REPORT, path), document->bytes,
                        document->length, err);
}

enum tsl_status tsl_report_write(struct tsl_store *store, const struct tsl_job *job,
                                 const struct tsl_dataset *dataset,
                                 const struct tsl_stop *stop, struct tsl_error *err) {
  struct tsl__report_data *data = calloc(1, sizeof *data);
  struct tsl__page page;
  struct tsl_text document = {0};
  if (data == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "no memory for a report");
  tsl__page_init(&page);
  enum tsl_status status = tsl__report_load(store, job, dataset, stop, data, err);
  if (status == TSL_OK)
    status = tsl__figures_write(data, stop, &page, err);
  if (status == TSL_OK) {
    tsl__page_finish(&page, data->job_name, &document);
    if (document.failed || page.failed)
      status = tsl_error_set(err, TSL_MEMORY, "", "no memory for a report");
  }
  if (status == TSL_OK)
    status = write_files(store, &page, &document, err);
  tsl_text_release(&document);
  tsl__page_release(&page);
  tsl__report_release(data);
  free(data);
  return status;
}
