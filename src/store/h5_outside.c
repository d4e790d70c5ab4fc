/* HDF5 files that point into others: links, and datasets whose numbers lie elsewhere. */
#include "store/h5.h"

void tsl__h5_stay_inside(void) {
  if (H5Lis_registered(H5L_TYPE_EXTERNAL) > 0)
    H5Lunregister(H5L_TYPE_EXTERNAL);
  H5Eclear2(H5E_DEFAULT);
}

enum tsl_status tsl__h5_check_inside(struct tsl_h5_reader *reader, const char *name,
                                     hid_t dataset, struct tsl_error *err) {
  hid_t creation = H5Dget_create_plist(dataset);
  const bool inside = creation >= 0 && H5Pget_layout(creation) != H5D_VIRTUAL &&
                      H5Pget_external_count(creation) == 0;
  tsl__h5_release(creation);
  H5Eclear2(H5E_DEFAULT);
  return inside ? TSL_OK
                : tsl_error_set(err, TSL_FORMAT, reader->path,
                                "the numbers of %s lie in other files, which are not "
                                "read; write them into this one",
                                name);
}

bool tsl__h5_is_link_outside(struct tsl_h5_reader *reader, const char *name) {
  H5L_info_t link;
  const bool is = H5Lget_info(reader->file, name, &link, H5P_DEFAULT) >= 0 &&
                  link.type == H5L_TYPE_EXTERNAL;
  H5Eclear2(H5E_DEFAULT);
  return is;
}
