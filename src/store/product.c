/* Products that are made anew where they are lost, which may take days: so one that only
 * cannot be read at the moment is not lost. */
#include "teasel/log.h"
#include "teasel/store.h"

enum tsl_status tsl_store_product_judge(const struct tsl_product *product,
                                        enum tsl_status status,
                                        const struct tsl_error *why, bool *usable,
                                        struct tsl_error *err) {
  *usable = status == TSL_OK;
  if (status == TSL_OK)
    return TSL_OK;
  bool exists = true;
  if (status == TSL_BAD_INPUT)
    TSL_TRY(tsl_file_look(product->path, &exists, err));
  if (!exists) /* any more */
    return TSL_OK;
  if (status != TSL_FORMAT)
    return tsl_error_set(err, status, product->path,
                         "%.12000s; the file is left as it is: see to that and run the "
                         "same command again, or remove the file, and %s",
                         why->text, product->anew);
  if (!product->quiet)
    tsl_log(TSL_LOG_NORMAL, "%s cannot be used (%s): %s", product->path, why->text,
            product->anew);
  return TSL_OK;
}
