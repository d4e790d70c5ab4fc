/* Tiles of pairs, one a member and round; their bytes do not depend on who computes them,
 * nor on which other runs are there. */
#include "compare/comparison.h"
#include "teasel/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One ordered pair as it travels; R of each similarity follows, latent_max^2 floats each.
 */
struct record {
  int32_t predictor, target; /* run numbers */
  double u[TSL_SIMILARITY_COUNT][TSL_UDR_FORM_COUNT];
};

struct round {
  const struct tsl__comparison *comparison;
  const struct tsl_udr *udr;
  size_t record_bytes;
  size_t block_bytes;   /* a count and the records of one tile */
  unsigned char *block; /* this member's */
};

static int64_t matrix_size(const struct tsl__comparison *c) {
  return (int64_t)c->scores.latent_max * c->scores.latent_max;
}

static void copy_matrix(const double *r, const bool *rows, int64_t d_i,
                        const bool *columns, int64_t d_j, int64_t stride, float *out) {
  for (int64_t a = 0; a < d_i; a++)
    for (int64_t b = 0; b < d_j; b++)
      out[a * stride + b] = rows[a] && columns[b] ? (float)r[a * d_j + b] : 0;
}

/* Scores one ordered pair into the next record. */
static void add_record(void *context, const struct tsl_udr_pair *pair) {
  struct round *round = context;
  const struct tsl__comparison *c = round->comparison;
  const struct tsl_udr *udr = round->udr;
  int64_t *count = (int64_t *)(void *)round->block;
  unsigned char *place =
      round->block + sizeof *count + (size_t)*count * round->record_bytes;
  struct record record = {c->scored[pair->i], c->scored[pair->j], {{0}}};
  const bool *rows = udr->informative + udr->begin[pair->i];
  const bool *columns = udr->informative + udr->begin[pair->j];
  int64_t d_i = udr->begin[pair->i + 1] - udr->begin[pair->i];
  int64_t d_j = udr->begin[pair->j + 1] - udr->begin[pair->j];
  float *matrix = (float *)(void *)(place + sizeof record);
  memset(place, 0, round->record_bytes);
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++, matrix += matrix_size(c)) {
    if (pair->r[s] == NULL)
      continue;
    copy_matrix(pair->r[s], rows, d_i, columns, d_j, c->scores.latent_max, matrix);
    for (int form = 0; form < TSL_UDR_FORM_COUNT && pair->i != pair->j; form++)
      if (s != TSL_LASSO || form != TSL_UDR_EQ2FULL)
        record.u[s][form] =
            tsl_udr_score((enum tsl_udr_form)form, pair->r[s], rows, d_i, columns, d_j);
  }
  memcpy(place, &record, sizeof record);
  ++*count;
}

/* First member: puts a tile's records where they belong. */
static void take_records(struct tsl__comparison *c, const struct round *round,
                         const unsigned char *block) {
  struct tsl_scores *scores = &c->scores;
  int64_t count = *(const int64_t *)(const void *)block;
  for (int64_t k = 0; k < count; k++) {
    const unsigned char *place = block + sizeof count + (size_t)k * round->record_bytes;
    struct record record;
    memcpy(&record, place, sizeof record);
    int64_t pair = (int64_t)record.predictor * scores->run_count + record.target;
    const float *matrix = (const float *)(const void *)(place + sizeof record);
    for (int s = 0; s < TSL_SIMILARITY_COUNT; s++, matrix += matrix_size(c)) {
      if (scores->matrices[s] == NULL)
        continue;
      memcpy(scores->matrices[s] + pair * matrix_size(c), matrix,
             (size_t)matrix_size(c) * sizeof(float));
      for (int form = 0; form < TSL_UDR_FORM_COUNT; form++)
        if (scores->pairwise[s][form] != NULL)
          scores->pairwise[s][form][pair] = record.u[s][form];
    }
    c->counts.pairs_computed += record.predictor < record.target;
  }
}

/* First member: copies a pair that was scored before. */
static void take_old_pair(struct tsl__comparison *c, int i, int j) {
  struct tsl_scores *to = &c->scores;
  const struct tsl_scores *from = &c->old;
  int64_t pair = (int64_t)i * to->run_count + j;
  int64_t old_pair = (int64_t)c->old_of[i] * from->run_count + c->old_of[j];
  for (int s = 0; s < TSL_SIMILARITY_COUNT; s++) {
    if (to->matrices[s] == NULL)
      continue;
    for (int a = 0; a < to->runs[i].latent; a++)
      memcpy(to->matrices[s] + pair * matrix_size(c) + (int64_t)a * to->latent_max,
             from->matrices[s] +
                 (old_pair * from->latent_max + a) * (int64_t)from->latent_max,
             (size_t)to->runs[j].latent * sizeof(float));
    for (int form = 0; form < TSL_UDR_FORM_COUNT; form++)
      if (to->pairwise[s][form] != NULL)
        to->pairwise[s][form][pair] = i == j ? 0 : from->pairwise[s][form][old_pair];
  }
  c->counts.pairs_reused += i < j;
}

/* Runs without latents have no pairs: NaN, so that no median counts them. */
static void clear_pairs(struct tsl__comparison *c) {
  struct tsl_scores *scores = &c->scores;
  int64_t runs = scores->run_count;
  for (int64_t i = 0; i < runs * runs; i++) {
    if (c->latents_of[i / runs] >= 0 && c->latents_of[i % runs] >= 0)
      continue;
    for (int s = 0; s < TSL_SIMILARITY_COUNT; s++)
      for (int form = 0; form < TSL_UDR_FORM_COUNT; form++)
        if (scores->pairwise[s][form] != NULL)
          scores->pairwise[s][form][i] = (double)NAN;
  }
}

/* Tile `number` of those that hold a new run; false when there are no more. New runs
 * stand first, so the tiles are rows of new runs against everything from the diagonal on,
 * with an edge between new and old ones. */
static bool tile_at(const struct tsl__comparison *c, int64_t number,
                    struct tsl_udr_tile *out) {
  int fresh = c->new_count, all = c->scored_count;
  for (int row = 0; row < fresh; row += TSL_UDR_TILE) {
    for (int column = row; column < all;) {
      int end = column + TSL_UDR_TILE;
      end = column < fresh && end > fresh ? fresh : end;
      end = end > all ? all : end;
      if (number-- == 0) {
        *out = (struct tsl_udr_tile){row, row + TSL_UDR_TILE, column, end};
        out->row_end = out->row_end > fresh ? fresh : out->row_end;
        return true;
      }
      column = end;
    }
  }
  return false;
}

static enum tsl_status prepare(const struct tsl__comparison *c, struct tsl_udr *udr,
                               struct tsl_error *err) {
  struct tsl_udr_model *models = NULL;
  TSL_TRY(tsl_allocate((void **)&models, (size_t)c->scored_count, sizeof *models, err));
  for (int m = 0; m < c->scored_count; m++) {
    const struct tsl_latents_run *run = &c->latents.runs[c->latents_of[c->scored[m]]];
    models[m] = (struct tsl_udr_model){
        .latent = run->latent, .mean = run->mean, .log_variance = run->log_variance};
  }
  enum tsl_status status = tsl_udr_init(udr, models, c->scored_count, c->latents.points,
                                        tsl_job_options(c->job)->udr.similarity,
                                        c->scores.informative_kl, err);
  free(models);
  return status;
}

static void take_kl(struct tsl__comparison *c, const struct tsl_udr *udr) {
  for (int m = 0; m < c->scored_count; m++)
    for (int64_t k = udr->begin[m]; k < udr->begin[m + 1]; k++)
      c->scores.kl[(int64_t)c->scored[m] * c->scores.latent_max + k - udr->begin[m]] =
          udr->kl[k];
}

/* One round: a tile a member, then everything to the first. */
static enum tsl_status run_round(struct tsl__comparison *c, struct round *round,
                                 unsigned char *blocks, int64_t first,
                                 struct tsl_error *err) {
  int size = tsl_team_size(c->team), index = tsl_team_index(c->team);
  struct tsl_udr_tile tile;
  round->block = blocks + (size_t)index * round->block_bytes;
  memset(blocks, 0, (size_t)size * round->block_bytes);
  enum tsl_status status = tsl_stop_check(c->stop, err);
  if (status == TSL_OK && tile_at(c, first + index, &tile))
    status = tsl_udr_tile_compute(round->udr, &tile, add_record, round, err);
  TSL_TRY(tsl_team_agree(c->team, status, err));
  TSL_TRY(tsl_team_gather(c->team, blocks, round->block_bytes, err));
  for (int member = 0; member < size && index == 0; member++)
    take_records(c, round, blocks + (size_t)member * round->block_bytes);
  return TSL_OK;
}

static enum tsl_status score_new(struct tsl__comparison *c, struct tsl_error *err) {
  struct tsl_udr udr = {0};
  unsigned char *blocks = NULL;
  struct round round = {.comparison = c, .udr = &udr};
  size_t matrices = TSL_SIMILARITY_COUNT * (size_t)matrix_size(c) * sizeof(float);
  size_t size = (size_t)tsl_team_size(c->team);
  round.record_bytes = (sizeof(struct record) + matrices + 7) / 8 * 8;
  round.block_bytes =
      sizeof(int64_t) + 2 * (size_t)TSL_UDR_TILE * TSL_UDR_TILE * round.record_bytes;
  enum tsl_status status = prepare(c, &udr, err);
  if (status == TSL_OK)
    status = tsl_allocate((void **)&blocks, size, round.block_bytes, err);
  status = tsl_team_agree(c->team, status, err);
  if (status == TSL_OK && (udr.begin == NULL || blocks == NULL))
    TSL_BUG("the vote missed this member's failure");
  if (status == TSL_OK)
    take_kl(c, &udr);
  struct tsl_udr_tile tile;
  for (int64_t first = 0; status == TSL_OK && tile_at(c, first, &tile);
       first += (int64_t)size)
    status = run_round(c, &round, blocks, first, err);
  free(blocks);
  tsl_udr_release(&udr);
  return status;
}

enum tsl_status tsl__pairs_score(struct tsl__comparison *c, struct tsl_error *err) {
  if (c->new_count > 0)
    TSL_TRY(score_new(c, err));
  if (tsl_team_index(c->team) == 0) {
    for (int m = c->new_count; m < c->scored_count; m++)
      for (int n = c->new_count; n < c->scored_count; n++)
        take_old_pair(c, c->scored[m], c->scored[n]);
    clear_pairs(c);
  }
  /* Everybody needs the KL of every run, to know its informative latents. */
  return tsl_team_broadcast(
      c->team, 0, c->scores.kl,
      (size_t)c->scores.run_count * (size_t)c->scores.latent_max * sizeof(double), err);
}
