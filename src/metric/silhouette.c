/* Silhouette (Rousseeuw 1987), mean over points of (b - a) / max(a, b): a the mean
 * Euclidean distance to the others of the own cluster, b the least mean distance to
 * another cluster. A point alone in its cluster scores 0.
 *
 * Points are sorted by cluster and cut into blocks; a tile is a pair of blocks, whose
 * distances are computed once and summed both ways, cluster by cluster. Tiles are shared
 * out among the team and taken in by its first member in one fixed order, in which every
 * point meets the clusters one after the other: so one running sum a point is enough, and
 * memory is linear in points whatever the number of clusters and of members. */
#include "metric/cluster.h"
#include "metric/distances.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  BLOCK = 512, /* points */
  ROUND_NUMBERS =
      1 << 15 /* that a member brings to a gathering, unless one tile has more */
};

/* Points of one cluster in one block, cut into panels of columns. */
struct segment {
  int32_t cluster;
  int64_t begin, end; /* sorted points */
  int64_t width;      /* of the panels, up to whole lanes */
  int64_t place;      /* first column of the first panel */
};

struct layout {
  int64_t points, latent;
  int clusters;
  const int64_t *sizes; /* (clusters) */
  double *sorted;       /* (points, latent), cluster after cluster */
  double *panels;       /* every panel (latent, its width), one after the other */
  struct segment *segments;
  int64_t blocks;
  int64_t *first_segment; /* (blocks + 1) */
  int segments_most;      /* of a block */
  int64_t width_most;     /* of a block's panels */
  int64_t tiles_a_round;  /* of a member, between two gatherings */
  double *lanes;          /* (BLOCK, lanes) of the rows at hand */
  double *unused;         /* (TSL__DISTANCE_PANEL) column sums that nobody wants */
};

/* Of a point, on the first member: the cluster that it is meeting, the sum of distances
 * to it, that to its own, and the least mean distance to another. */
struct meeting {
  int32_t own, current;
  double running, own_sum, least;
};

struct tile {
  int64_t a, b;     /* blocks, a <= b */
  double *toward_a; /* (segments of b, points of a) */
  double *toward_b; /* (segments of a, width of b) */
};

static int64_t block_begin(const struct layout *l, int64_t block) {
  return l->segments[l->first_segment[block]].begin;
}

static int64_t block_count(const struct layout *l, int64_t block) {
  return l->segments[l->first_segment[block + 1] - 1].end - block_begin(l, block);
}

static int64_t block_width(const struct layout *l, int64_t block) {
  const struct segment *last = &l->segments[l->first_segment[block + 1] - 1];
  return last->place + last->width - l->segments[l->first_segment[block]].place;
}

static int64_t panel_count(const struct segment *segment) {
  return (segment->end - segment->begin + TSL__DISTANCE_PANEL - 1) / TSL__DISTANCE_PANEL;
}

static int64_t whole_lanes(int64_t count) {
  return (count + TSL__DISTANCE_LANES - 1) / TSL__DISTANCE_LANES * TSL__DISTANCE_LANES;
}

/* ---- the layout ---- */

/* Numbers a tile needs for its sums, at most. */
static size_t tile_room(const struct layout *l) {
  return (size_t)l->segments_most * (size_t)(BLOCK + l->width_most);
}

/* Clusters follow each other; a block ends after BLOCK points, a segment also where its
 * cluster does. Counts only when segments are NULL. */
static int64_t cut(struct layout *l) {
  int64_t count = 0, begin = 0, place = 0;
  l->blocks = 0;
  for (int c = 0; c < l->clusters; c++) {
    int64_t cluster_end = begin + l->sizes[c];
    while (begin < cluster_end) {
      int64_t block_end = (begin / BLOCK + 1) * BLOCK;
      int64_t end = cluster_end < block_end ? cluster_end : block_end;
      if (l->segments != NULL) {
        if (begin % BLOCK == 0)
          l->first_segment[l->blocks] = count;
        l->segments[count] =
            (struct segment){c, begin, end, whole_lanes(end - begin), place};
        place += whole_lanes(end - begin);
      }
      l->blocks += begin % BLOCK == 0;
      count++;
      begin = end;
    }
  }
  if (l->segments != NULL)
    l->first_segment[l->blocks] = count;
  return count;
}

static void fill_panels(struct layout *l, const struct segment *segment) {
  int64_t place = segment->place;
  for (int64_t begin = segment->begin; begin < segment->end;
       begin += TSL__DISTANCE_PANEL) {
    int64_t left = segment->end - begin;
    int64_t count = left < TSL__DISTANCE_PANEL ? left : TSL__DISTANCE_PANEL;
    int64_t width = whole_lanes(count);
    double *panel = l->panels + place * l->latent;
    for (int64_t i = 0; i < count; i++)
      for (int64_t k = 0; k < l->latent; k++)
        panel[k * width + i] = l->sorted[(begin + i) * l->latent + k];
    place += width;
  }
}

static enum tsl_status layout_init(struct layout *l, const struct tsl__partition *p,
                                   const struct tsl_metric_input *input,
                                   struct tsl_error *err) {
  size_t points = (size_t)l->points, latent = (size_t)l->latent;
  int64_t *next = NULL;
  int64_t segments = cut(l);
  TSL_TRY(tsl_allocate((void **)&l->sorted, points, latent * sizeof(double), err));
  TSL_TRY(
      tsl_allocate((void **)&l->lanes, BLOCK, TSL__DISTANCE_LANES * sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&l->unused, TSL__DISTANCE_PANEL, sizeof *l->unused, err));
  TSL_TRY(tsl_allocate((void **)&l->first_segment, (size_t)l->blocks + 1, sizeof(int64_t),
                       err));
  TSL_TRY(
      tsl_allocate((void **)&l->segments, (size_t)segments, sizeof *l->segments, err));
  cut(l);
  const struct segment *last = &l->segments[segments - 1];
  TSL_TRY(tsl_allocate((void **)&l->panels, (size_t)(last->place + last->width),
                       latent * sizeof(double), err));
  TSL_TRY(tsl_allocate((void **)&next, (size_t)l->clusters, sizeof *next, err));
  for (int c = 1; c < l->clusters; c++) /* a counting sort */
    next[c] = next[c - 1] + l->sizes[c - 1];
  for (size_t i = 0; i < points; i++)
    memcpy(l->sorted + (size_t)next[p->group[i]]++ * latent, input->codes + i * latent,
           latent * sizeof(double));
  free(next);
  for (int64_t s = 0; s < segments; s++)
    fill_panels(l, &l->segments[s]);
  for (int64_t block = 0; block < l->blocks; block++) {
    int count = (int)(l->first_segment[block + 1] - l->first_segment[block]);
    l->segments_most = count > l->segments_most ? count : l->segments_most;
    int64_t width = block_width(l, block);
    l->width_most = width > l->width_most ? width : l->width_most;
  }
  l->tiles_a_round = ROUND_NUMBERS / (int64_t)tile_room(l);
  l->tiles_a_round = l->tiles_a_round > 0 ? l->tiles_a_round : 1;
  return TSL_OK;
}

static void layout_release(struct layout *l) {
  free(l->sorted);
  free(l->panels);
  free(l->segments);
  free(l->first_segment);
  free(l->lanes);
  free(l->unused);
}

/* ---- tiles ---- */

static int64_t tile_count(const struct layout *l) {
  return l->blocks * (l->blocks + 1) / 2;
}

static struct tile tile_at(const struct layout *l, int64_t number, double *room) {
  int64_t a = 0;
  for (; number >= l->blocks - a; a++)
    number -= l->blocks - a;
  int64_t b = a + number;
  int64_t segments = l->first_segment[b + 1] - l->first_segment[b];
  return (struct tile){a, b, room, room + segments * block_count(l, a)};
}

/* Segment s of block a against segment t of block b; within one segment every distance
 * comes twice, and its column sums are the row sums again. */
static void sum_segments(const struct layout *l, const struct tile *tile, int64_t s,
                         int64_t t) {
  const struct segment *rows = &l->segments[s], *columns = &l->segments[t];
  double *down = tile->toward_b +
                 (s - l->first_segment[tile->a]) * block_width(l, tile->b) +
                 columns->place - l->segments[l->first_segment[tile->b]].place;
  double *along = tile->toward_a +
                  (t - l->first_segment[tile->b]) * block_count(l, tile->a) +
                  rows->begin - block_begin(l, tile->a);
  int64_t count = rows->end - rows->begin;
  memset(l->lanes, 0, (size_t)(count * TSL__DISTANCE_LANES) * sizeof *l->lanes);
  memset(down, 0, (size_t)columns->width * sizeof *down);
  for (int64_t panel = 0; panel < panel_count(columns); panel++) {
    int64_t done = panel * TSL__DISTANCE_PANEL;
    int64_t left = columns->end - columns->begin - done;
    const struct tsl__distances request = {
        .row_count = count,
        .column_count = left < TSL__DISTANCE_PANEL ? left : TSL__DISTANCE_PANEL,
        .latent = l->latent,
        .rows = l->sorted + rows->begin * l->latent,
        .panel = l->panels + (columns->place + done) * l->latent,
        .row_sums = l->lanes,
        .column_sums = s == t ? l->unused : down + done};
    tsl__distances_add(&request);
  }
  for (int64_t i = 0; i < count; i++) {
    const double *x = l->lanes + i * TSL__DISTANCE_LANES;
    along[i] = ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
  }
}

static void sum_tile(const struct layout *l, const struct tile *tile) {
  for (int64_t s = l->first_segment[tile->a]; s < l->first_segment[tile->a + 1]; s++) {
    int64_t first = tile->a == tile->b ? s : l->first_segment[tile->b];
    for (int64_t t = first; t < l->first_segment[tile->b + 1]; t++)
      sum_segments(l, tile, s, t);
  }
}

/* ---- the first member's part ---- */

/* The sum to one cluster is complete. */
static void part(const struct layout *l, struct meeting *m) {
  if (m->current == m->own)
    m->own_sum = m->running;
  else if (m->current >= 0)
    m->least = fmin(m->least, m->running / (double)l->sizes[m->current]);
}

static void add(const struct layout *l, struct meeting *m, int32_t cluster, double sum) {
  if (m->current != cluster) {
    part(l, m);
    m->current = cluster;
    m->running = 0;
  }
  m->running += sum;
}

/* Tiles come with rising a, and rising b for each: so every point meets the clusters in
 * rising order, those of earlier blocks as a column, the others as a row. */
static void take_tile(const struct layout *l, const struct tile *tile,
                      struct meeting *meetings) {
  const struct segment *a = &l->segments[l->first_segment[tile->a]];
  const struct segment *b = &l->segments[l->first_segment[tile->b]];
  int64_t a_count = l->first_segment[tile->a + 1] - l->first_segment[tile->a];
  int64_t b_count = l->first_segment[tile->b + 1] - l->first_segment[tile->b];
  int64_t width = block_width(l, tile->b), count = block_count(l, tile->a);
  bool square = tile->a == tile->b;
  for (int64_t t = 0; t < b_count; t++)
    for (int64_t s = 0; s < (square ? t : a_count); s++)
      for (int64_t i = b[t].begin; i < b[t].end; i++)
        add(l, &meetings[i], a[s].cluster,
            tile->toward_b[s * width + b[t].place - b->place + i - b[t].begin]);
  for (int64_t s = 0; s < a_count; s++)
    for (int64_t t = square ? s : 0; t < b_count; t++)
      for (int64_t i = a[s].begin; i < a[s].end; i++)
        add(l, &meetings[i], b[t].cluster, tile->toward_a[t * count + i - a->begin]);
}

static double score_point(const struct layout *l, struct meeting *m) {
  part(l, m);
  if (l->sizes[m->own] == 1)
    return 0;
  double mean = m->own_sum / (double)(l->sizes[m->own] - 1);
  double most = fmax(mean, m->least);
  return most > 0 ? (m->least - mean) / most : 0;
}

static void begin_meetings(const struct layout *l, struct meeting *meetings) {
  int64_t i = 0;
  for (int c = 0; c < l->clusters; c++)
    for (int64_t end = i + l->sizes[c]; i < end; i++)
      meetings[i] = (struct meeting){c, -1, 0, 0, (double)INFINITY};
}

/* ---- all together ---- */

static enum tsl_status score_all(const struct layout *l, struct tsl_team *team,
                                 double *rooms, struct meeting *meetings, double *out,
                                 struct tsl_error *err) {
  int index = tsl_team_index(team);
  int64_t own = l->tiles_a_round, all = own * tsl_team_size(team);
  int64_t tiles = tile_count(l);
  size_t room = tile_room(l);
  for (int64_t round = 0; round < tiles; round += all) {
    for (int64_t k = own * index; k < own * (index + 1) && round + k < tiles; k++) {
      struct tile tile = tile_at(l, round + k, rooms + (size_t)k * room);
      sum_tile(l, &tile);
    }
    TSL_TRY(tsl_team_gather(team, rooms, (size_t)own * room * sizeof *rooms, err));
    for (int64_t k = 0; meetings != NULL && k < all && round + k < tiles; k++) {
      struct tile tile = tile_at(l, round + k, rooms + (size_t)k * room);
      take_tile(l, &tile, meetings);
    }
  }
  double total = 0;
  for (int64_t i = 0; meetings != NULL && i < l->points; i++)
    total += score_point(l, &meetings[i]);
  *out = total / (double)l->points;
  return tsl_team_broadcast(team, 0, out, sizeof *out, err);
}

enum tsl_status tsl_silhouette(const struct tsl_metric_input *input,
                               struct tsl_team *team, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  struct tsl__partition partition = {0};
  double *rooms = NULL;
  struct meeting *meetings = NULL;
  *out = (double)NAN;
  struct layout layout = {.points = input->points, .latent = input->latent};
  enum tsl_status status =
      tsl__partition_init(&partition, input->clusters, input->points, err);
  bool defined = status == TSL_OK &&
                 tsl__clusters_comparable(partition.count, input->points, reason);
  if (defined) {
    layout.clusters = partition.count;
    layout.sizes = partition.sizes;
    status = layout_init(&layout, &partition, input, err);
  }
  if (defined && status == TSL_OK)
    status = tsl_allocate((void **)&rooms,
                          (size_t)tsl_team_size(team) * (size_t)layout.tiles_a_round,
                          tile_room(&layout) * sizeof *rooms, err);
  if (defined && status == TSL_OK && tsl_team_index(team) == 0) {
    status =
        tsl_allocate((void **)&meetings, (size_t)input->points, sizeof *meetings, err);
    if (status == TSL_OK)
      begin_meetings(&layout, meetings);
  }
  status = tsl_team_agree(team, status, err);
  if (status == TSL_OK && defined &&
      (rooms == NULL || layout.lanes == NULL ||
       (tsl_team_index(team) == 0 && meetings == NULL)))
    TSL_BUG("the vote missed this member's failure");
  if (status == TSL_OK && defined)
    status = score_all(&layout, team, rooms, meetings, out, err);
  free(rooms);
  free(meetings);
  layout_release(&layout);
  tsl__partition_release(&partition);
  return status;
}

static enum tsl_status compute(const struct tsl_metric_input *input, double *out,
                               struct tsl_text *reason, struct tsl_error *err) {
  return tsl_silhouette(input, tsl_team_alone(), out, reason, err);
}

const struct tsl_metric tsl_metric_silhouette = {
    .name = "silhouette",
    .summary = "Mean silhouette of the clusters by Euclidean distance (Rousseeuw 1987).",
    .higher_is_better = true,
    .needs = TSL_METRIC_NEEDS_CLUSTERS,
    .compute = compute};
