/* latents.h5, written by all members together.
 *
 * The file is made in four parts, with a vote between them and none inside: create it,
 * create every dataset (metadata alone, the same on every member), write what each member
 * holds, close. So no member waits in a collective call that another has left. */
#include "store/file.h"
#include "store/h5.h"
#include "store/store.h"

#include "team/communicator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  TRANSFER_MOST = 1 << 30, /* bytes of one transfer: MPI counts in int */
  SLACK = 1 << 14,         /* bytes of HDF5's own a dataset, more than it takes */
  RUN_TEXT = 448           /* bytes of a run's name with its terminator */
};

/* One dataset of the file. data: NULL on members that do not hold it. */
struct part {
  char name[TSL_ARRAY_NAME_MAX];
  hid_t file_type, memory_type; /* borrowed */
  int64_t bytes;                /* of one element */
  int rank;
  int64_t dims[2];
  const void *data;
  hid_t dataset;
};

struct writing {
  const struct tsl_latents *latents;
  char path[TSL_PATH_MAX], part[TSL_PATH_MAX];
  bool first; /* this is the team's first member: it holds what belongs to no run */
  struct part *parts;
  size_t count;
  int64_t *widths; /* (run_count): latents of every run, for the run table */
  char *names;     /* (run_count, RUN_TEXT): names of the runs, for the run table */
  struct tsl_digest *digests; /* (run_count): of the runs that this member holds */
  hid_t file, access, transfer, name_type;
  hsize_t size; /* bytes of the file when all is written */
  MPI_Comm communicator;
};

/* columns 0: one dimension. */
static void add_part(struct writing *writing, const char *name, enum tsl_array_type type,
                     int64_t rows, int64_t columns, const void *data) {
  struct part *part = &writing->parts[writing->count++];
  *part = (struct part){.file_type = tsl__h5_file_type(type),
                        .memory_type = tsl__h5_memory_type(type),
                        .bytes = (int64_t)tsl_array_type_bytes(type),
                        .rank = columns > 0 ? 2 : 1,
                        .dims = {rows, columns},
                        .data = data,
                        .dataset = -1};
  snprintf(part->name, sizeof part->name, "%s", name);
}

/* The run table: names and latents, in the order of the list. */
static enum tsl_status add_run_table(struct writing *writing, struct tsl_error *err) {
  const struct tsl_latents *latents = writing->latents;
  int64_t runs = (int64_t)latents->run_count;
  void *widths = NULL, *names = NULL;
  TSL_TRY(tsl_allocate(&widths, latents->run_count + 1, sizeof(int64_t), err));
  writing->widths = widths;
  TSL_TRY(tsl_allocate(&names, latents->run_count + 1, RUN_TEXT, err));
  writing->names = names;
  for (size_t i = 0; i < latents->run_count; i++) {
    writing->widths[i] = latents->runs[i].latent;
    snprintf(writing->names + i * RUN_TEXT, RUN_TEXT, "%s", latents->runs[i].name);
  }
  writing->name_type = H5Tcopy(H5T_C_S1);
  if (writing->name_type < 0 || H5Tset_size(writing->name_type, RUN_TEXT) < 0 ||
      H5Tset_cset(writing->name_type, H5T_CSET_UTF8) < 0)
    return tsl__h5_error(err, TSL_LIBRARY, writing->path, "cannot make the run table");
  bool first = writing->first;
  add_part(writing, "/run_table/latent", TSL_ARRAY_I64, runs, 0,
           first ? writing->widths : NULL);
  add_part(writing, "/run_table/name", TSL_ARRAY_U8, runs, 0,
           first ? writing->names : NULL);
  struct part *part = &writing->parts[writing->count - 1];
  part->file_type = part->memory_type = writing->name_type;
  part->bytes = RUN_TEXT;
  return TSL_OK;
}

static enum tsl_status find_digests(struct writing *writing, struct tsl_error *err) {
  const struct tsl_latents *latents = writing->latents;
  void *digests = NULL;
  TSL_TRY(tsl_allocate(&digests, latents->run_count + 1, sizeof *writing->digests, err));
  writing->digests = digests;
  for (size_t i = 0; i < latents->run_count; i++) {
    if (latents->runs[i].mean != NULL)
      TSL_TRY(tsl__latents_digest(latents, i, &writing->digests[i], err));
  }
  return TSL_OK;
}

static enum tsl_status list_parts(struct writing *writing, struct tsl_error *err) {
  const struct tsl_latents *latents = writing->latents;
  void *parts = NULL;
  TSL_TRY(tsl_allocate(&parts, 4 * latents->run_count + 8, sizeof(struct part), err));
  writing->parts = parts;
  int64_t points = latents->points;
  bool first = writing->first;
  add_part(writing, "/indices", TSL_ARRAY_I64, points, 0,
           first ? latents->indices : NULL);
  if (latents->labels != NULL)
    add_part(writing, "/labels", TSL_ARRAY_I32, points, 0,
             first ? latents->labels : NULL);
  if (latents->factors != NULL)
    add_part(writing, "/factors", TSL_ARRAY_F32, points, latents->factor_count,
             first ? latents->factors : NULL);
  TSL_TRY(add_run_table(writing, err));
  TSL_TRY(find_digests(writing, err));
  for (size_t i = 0; i < latents->run_count; i++) {
    const struct tsl_latents_run *run = &latents->runs[i];
    char name[TSL_ARRAY_NAME_MAX];
    snprintf(name, sizeof name, "/runs/%.447s/mean", run->name);
    add_part(writing, name, TSL_ARRAY_F32, points, run->latent, run->mean);
    snprintf(name, sizeof name, "/runs/%.447s/log_variance", run->name);
    add_part(writing, name, TSL_ARRAY_F32, points, run->latent, run->log_variance);
    snprintf(name, sizeof name, "/runs/%.447s/cluster_logits", run->name);
    if (run->clusters > 0)
      add_part(writing, name, TSL_ARRAY_F32, points, run->clusters, run->cluster_logits);
    snprintf(name, sizeof name, "/runs/%.447s/digest", run->name);
    add_part(writing, name, TSL_ARRAY_U8, sizeof *writing->digests, 0,
             run->mean != NULL ? &writing->digests[i] : NULL);
  }
  return TSL_OK;
}

static int64_t part_bytes(const struct part *part) {
  return part->dims[0] * (part->rank == 2 ? part->dims[1] : 1) * part->bytes;
}

/* First member: takes the space beforehand, since HDF5 1.10 cannot close a file whose
 * disk is full, and parallel HDF5 has no other way to be told. */
static enum tsl_status reserve_space(struct writing *writing, struct tsl_error *err) {
  int64_t bytes = SLACK;
  for (size_t i = 0; i < writing->count; i++)
    bytes += part_bytes(&writing->parts[i]) + SLACK;
  int file = open(writing->part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0)
    return tsl__io_error(err, writing->path, "cannot write", errno);
  int failure = posix_fallocate(file, 0, bytes);
  close(file);
  if (failure == 0 || failure == EOPNOTSUPP || failure == EINVAL)
    return TSL_OK;
  return tsl__io_error(err, writing->path, "cannot write", failure);
}

/* HDF5 begins with an empty file, which gives the space back. */
static enum tsl_status reserve_again(struct writing *writing, struct tsl_error *err) {
  return writing->first ? reserve_space(writing, err) : TSL_OK;
}

/* Gives back what was not needed, as parallel HDF5 does by itself. */
static enum tsl_status trim(struct writing *writing, struct tsl_error *err) {
  if (writing->communicator == MPI_COMM_NULL &&
      truncate(writing->part, (off_t)writing->size) != 0)
    return tsl__io_error(err, writing->path, "cannot write", errno);
  return TSL_OK;
}

static enum tsl_status create_file(struct writing *writing, struct tsl_error *err) {
  hid_t creation = tsl__h5_file_creation();
  writing->access = tsl__h5_file_access();
  writing->transfer = H5Pcreate(H5P_DATASET_XFER);
  herr_t set = 0;
  if (writing->communicator != MPI_COMM_NULL) {
    set = H5Pset_fapl_mpio(writing->access, writing->communicator, MPI_INFO_NULL);
    if (set >= 0)
      set = H5Pset_dxpl_mpio(writing->transfer, H5FD_MPIO_COLLECTIVE);
  }
  if (creation >= 0 && set >= 0)
    writing->file = H5Fcreate(writing->part, H5F_ACC_TRUNC, creation, writing->access);
  enum tsl_status status = TSL_OK;
  if (writing->file < 0)
    status = tsl__h5_error(err, TSL_IO, writing->path, "cannot write");
  tsl__h5_release(creation);
  return status;
}

static enum tsl_status create_datasets(struct writing *writing, struct tsl_error *err) {
  for (size_t i = 0; i < writing->count; i++) {
    struct part *part = &writing->parts[i];
    TSL_TRY(tsl__h5_make_dataset(writing->file, part->name, part->file_type, part->rank,
                                 part->dims, writing->path, &part->dataset, err));
  }
  return TSL_OK;
}

/* Rows [begin, end) of the dataset, from members that hold them; collective. */
static herr_t write_rows(const struct part *part, hid_t transfer, int64_t begin,
                         int64_t end) {
  hsize_t start[2] = {(hsize_t)begin, 0};
  hsize_t extent[2] = {(hsize_t)(end - begin), (hsize_t)part->dims[1]};
  hid_t memory = H5Screate_simple(part->rank, extent, NULL);
  hid_t space = H5Dget_space(part->dataset);
  herr_t result;
  if (part->data != NULL) {
    result = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL);
  } else {
    result = H5Sselect_none(space);
    H5Sselect_none(memory);
  }
  int64_t row = part_bytes(part) / (part->dims[0] > 0 ? part->dims[0] : 1);
  static const unsigned char nothing[8];
  const void *data =
      part->data != NULL ? (const unsigned char *)part->data + begin * row : nothing;
  herr_t written =
      H5Dwrite(part->dataset, part->memory_type, memory, space, transfer, data);
  tsl__h5_release(space);
  tsl__h5_release(memory);
  return result < 0 ? result : written;
}

/* Every member makes the same calls, also after a failure of its own. */
static enum tsl_status write_parts(struct writing *writing, struct tsl_error *err) {
  enum tsl_status status = TSL_OK;
  for (size_t i = 0; i < writing->count; i++) {
    const struct part *part = &writing->parts[i];
    int64_t rows = part->dims[0];
    int64_t row = part_bytes(part) / (rows > 0 ? rows : 1);
    int64_t step = row > 0 && row < TRANSFER_MOST ? TRANSFER_MOST / row : 1;
    for (int64_t begin = 0; begin < rows; begin += step) {
      int64_t end = begin + step < rows ? begin + step : rows;
      if (write_rows(part, writing->transfer, begin, end) < 0 && status == TSL_OK)
        status =
            tsl__h5_error(err, TSL_LIBRARY, writing->path, "cannot write %s", part->name);
    }
  }
  return status;
}

static enum tsl_status close_file(struct writing *writing, struct tsl_error *err) {
  for (size_t i = 0; i < writing->count; i++) {
    tsl__h5_release(writing->parts[i].dataset);
    writing->parts[i].dataset = -1;
  }
  herr_t flushed = H5Fflush(writing->file, H5F_SCOPE_GLOBAL);
  herr_t sized = writing->communicator == MPI_COMM_NULL
                     ? H5Fget_filesize(writing->file, &writing->size)
                     : 0; /* which has no answer there */
  herr_t closed = H5Fclose(writing->file);
  writing->file = -1;
  return flushed < 0 || sized < 0 || closed < 0
             ? tsl__h5_error(err, TSL_IO, writing->path, "cannot write")
             : TSL_OK;
}

/* One part, watched: HDF5 waits for all members without an end. */
static enum tsl_status take_step(struct tsl_team *team, struct writing *writing,
                                 enum tsl_status (*step)(struct writing *writing,
                                                         struct tsl_error *err),
                                 struct tsl_error *err) {
  tsl_team_guard_begin(team, "the writing of latents.h5");
  enum tsl_status status = step(writing, err);
  tsl_team_guard_end(team);
  return tsl_team_agree(team, status, err);
}

enum tsl_status tsl_store_latents_write(struct tsl_store *store, struct tsl_team *team,
                                        const struct tsl_latents *latents,
                                        struct tsl_error *err) {
  static enum tsl_status (*const steps[])(struct writing *, struct tsl_error *) = {
      create_file, reserve_again, create_datasets, write_parts, close_file};
  tsl__h5_quiet();
  struct writing writing = {.latents = latents,
                            .first = tsl_team_index(team) == 0,
                            .file = -1,
                            .access = -1,
                            .transfer = -1,
                            .name_type = -1,
                            .communicator = MPI_COMM_NULL};
  tsl_store_path(store, TSL_STORE_LATENTS, writing.path);
  enum tsl_status status = list_parts(&writing, err);
  if (status == TSL_OK && writing.first)
    status = tsl__part_path(writing.path, writing.part, err);
  if (status == TSL_OK && writing.first) {
    tsl__parts_sweep(tsl_store_folder(store)); /* a large one would lie there for long */
    status = reserve_space(&writing, err);
  }
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK)
    status = tsl_team_broadcast(team, 0, writing.part, sizeof writing.part, err);
  if (status == TSL_OK) {
    tsl_team_guard_begin(team, "the writing of latents.h5");
    status = tsl__team_communicator(team, &writing.communicator, err);
    tsl_team_guard_end(team);
  }
  bool created = false; /* on all members */
  for (size_t i = 0; i < sizeof steps / sizeof *steps && status == TSL_OK; i++) {
    status = take_step(team, &writing, steps[i], err);
    created = created || status == TSL_OK;
  }
  if (status == TSL_OK) {
    status = trim(&writing, err);
    if (status == TSL_OK && writing.first)
      status = tsl__part_publish(writing.part, writing.path, err);
    status = tsl_team_agree(team, status, err);
  }
  /* After a failure this closes the file, which waits for all members too. */
  tsl_team_guard_begin(team, "the writing of latents.h5");
  for (size_t i = 0; i < writing.count; i++)
    tsl__h5_release(writing.parts[i].dataset);
  tsl__h5_release(writing.file);
  tsl_team_guard_end(team);
  /* It may be one that HDF5 could not close, and would try again within MPI_Finalize. */
  if (status != TSL_OK && created)
    tsl_team_spoil(team);
  tsl__h5_release(writing.name_type);
  tsl__h5_release(writing.transfer);
  tsl__h5_release(writing.access);
  H5Eclear2(H5E_DEFAULT);
  if (status != TSL_OK && writing.first)
    unlink(writing.part);
  free(writing.parts);
  free(writing.widths);
  free(writing.names);
  free(writing.digests);
  return status;
}
