/* dnnl_layout.c - oneDNN's memory descriptors: making, comparing, walking. */
#include "nn/dnnl.h"

#include <string.h>

static dnnl_format_tag_t plain_tag(int rank) {
  static const dnnl_format_tag_t tags[] = {dnnl_format_tag_undef, dnnl_a, dnnl_ab,
                                           dnnl_abc, dnnl_abcd};
  return tags[rank];
}

static struct tsl__layout layout(int rank, const int64_t *dims, dnnl_format_tag_t tag) {
  struct tsl__layout made;
  memset(&made, 0, sizeof made);
  dnnl_dims_t all = {0};
  for (int i = 0; i < rank; i++)
    all[i] = dims[i];
  dnnl_status_t status = dnnl_memory_desc_init_by_tag(&made.md, rank, all, dnnl_f32, tag);
  if (status != dnnl_success)
    TSL_BUG("oneDNN refuses a layout of rank %d", rank);
  return made;
}

struct tsl__layout tsl__layout_plain(int rank, const int64_t *dims) {
  return layout(rank, dims, plain_tag(rank));
}

struct tsl__layout tsl__layout_any(int rank, const int64_t *dims) {
  return layout(rank, dims, dnnl_format_tag_any);
}

struct tsl__layout tsl__layout_turned(int rank, const int64_t *dims) {
  if (rank == 4)
    return layout(rank, dims, dnnl_hwio);
  struct tsl__layout made;
  memset(&made, 0, sizeof made);
  dnnl_dims_t all = {dims[0], dims[1]}, strides = {1, (dims[0] + 15) / 16 * 16};
  if (dnnl_memory_desc_init_by_strides(&made.md, 2, all, dnnl_f32, strides) !=
      dnnl_success)
    TSL_BUG("oneDNN refuses a layout of rows");
  return made;
}

struct tsl__layout tsl__layout_blocked(const int64_t dims[4]) {
  return layout(4, dims, dnnl_nChw16c);
}

bool tsl__layout_equal(const struct tsl__layout *a, const struct tsl__layout *b) {
  return dnnl_memory_desc_equal(&a->md, &b->md) != 0;
}

size_t tsl__layout_bytes(const struct tsl__layout *of) {
  return dnnl_memory_desc_get_size(&of->md);
}

bool tsl__layout_is_plain(const struct tsl__layout *of) {
  struct tsl__layout plain = tsl__layout_plain(of->md.ndims, of->md.dims);
  return tsl__layout_equal(&plain, of);
}

bool tsl__layout_view(const struct tsl__layout *of, struct tsl__view *view) {
  const dnnl_memory_desc_t *md = &of->md;
  const dnnl_blocking_desc_t *blocking = &md->format_desc.blocking;
  if (md->format_kind != dnnl_blocked || (md->ndims != 2 && md->ndims != 4))
    return false;
  view->rows = md->dims[0];
  view->channels = md->dims[1];
  view->height = md->ndims == 4 ? md->dims[2] : 1;
  view->width = md->ndims == 4 ? md->dims[3] : 1;
  if (md->padded_dims[0] != md->dims[0])
    return false;
  if (tsl__layout_is_plain(of)) {
    view->blocks = md->ndims == 2 ? 1 : view->channels;
    view->lanes = md->ndims == 2 ? view->channels : 1;
    return true;
  }
  if (md->ndims != 4 || blocking->inner_nblks > 1)
    return false;
  bool blocked = blocking->inner_nblks == 1 && blocking->inner_idxs[0] == 1;
  view->lanes = blocked ? blocking->inner_blks[0] : view->channels;
  view->blocks = blocked ? md->padded_dims[1] / view->lanes : 1;
  if (!blocked && blocking->inner_nblks != 0)
    return false;
  int64_t plane = view->height * view->width * view->lanes;
  return blocking->strides[3] == view->lanes &&
         blocking->strides[2] == view->lanes * view->width &&
         blocking->strides[0] == plane * view->blocks &&
         (blocked ? blocking->strides[1] == plane : blocking->strides[1] == 1);
}

bool tsl__layout_resized(const struct tsl__layout *of, int64_t height, int64_t width,
                         struct tsl__layout *out) {
  static const dnnl_format_tag_t tags[] = {dnnl_nchw, dnnl_nChw16c, dnnl_nChw8c,
                                           dnnl_nChw4c, dnnl_nhwc};
  if (of->md.ndims != 4)
    return false;
  dnnl_dims_t dims = {of->md.dims[0], of->md.dims[1], height, width};
  for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
    struct tsl__layout same = layout(4, of->md.dims, tags[i]);
    if (tsl__layout_equal(&same, of)) {
      *out = layout(4, dims, tags[i]);
      return true;
    }
  }
  return false;
}
