/* point_sheet.h - a picture of points of the plane. */
#ifndef TEASEL_DATASET_POINT_SHEET_H
#define TEASEL_DATASET_POINT_SHEET_H

#include "teasel/dataset.h"
#include "teasel/image.h"

/* Local. Samples of two values as dots, coloured by label, both axes on one scale, the
 * second upwards; the first 20,000 of the set's order. Release the image. */
enum tsl_status tsl__point_sheet(const struct tsl_dataset *dataset, struct tsl_image *out,
                                 struct tsl_error *err);

#endif
