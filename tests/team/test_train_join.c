// ranks: 8
/* A team that takes in ranks and lets some go while it trains leaves the bytes of
 * model.h5 and log.csv of one that never changes. */
#include "train_case.h"

static struct tsl_world *world;

enum { RANKS = 8, STAGES_MAX = 8 };

/* What the team is from a step on; its first member stays. */
struct stage {
  int after; /* steps */
  int width;
  int ranks[RANKS];
};

/* Stands for the coordinator: every rank knows all that will happen. */
struct script {
  const struct stage *stages;
  int count, at;
  uint32_t epoch; /* of stage 0 */
  int steps;      /* the first member was asked so often */
  int joined, released;
};

static bool is_in(const struct stage *stage, int rank) {
  for (int i = 0; i < stage->width; i++) {
    if (stage->ranks[i] == rank)
      return true;
  }
  return false;
}

static struct tsl_team *make_team(const struct script *script) {
  struct tsl_team *team = NULL;
  const struct stage *stage = &script->stages[script->at];
  assert_int_equal(tsl_team_create(world, stage->ranks, stage->width,
                                   script->epoch + (uint32_t)script->at, &team, NULL),
                   TSL_OK);
  return team;
}

static struct tsl_turn turn;

static bool offered(void *context) {
  struct script *script = context;
  int steps = script->steps++;
  return script->at + 1 < script->count && steps >= script->stages[script->at + 1].after;
}

static enum tsl_status change(void *context, struct tsl_team **team,
                              struct tsl_error *err) {
  struct script *script = context;
  (void)err;
  script->at++;
  tsl_team_free(*team);
  turn.released = !is_in(&script->stages[script->at], tsl_world_rank(world));
  script->released += turn.released;
  *team = turn.team = turn.released ? NULL : make_team(script);
  return TSL_OK;
}

static enum tsl_status built(void *context, struct tsl_error *err) {
  struct script *script = context;
  (void)err;
  turn.joining = false;
  script->joined++;
  return TSL_OK;
}

/* This rank's parts of the script: it may come and go several times. */
static void play(const struct train_case *made, const char *name, struct script *script) {
  struct tsl_store *store = case_store(made, name);
  int rank = tsl_world_rank(world);
  bool joins = false;
  for (; script->at < script->count; script->at++, joins = true) {
    if (!is_in(&script->stages[script->at], rank))
      continue;
    turn = (struct tsl_turn){.joining = joins,
                             .offered = offered,
                             .change = change,
                             .built = built,
                             .context = script};
    turn.team = make_team(script);
    struct tsl_train_request request = case_request(made, 0, store);
    struct tsl_error err = {0};
    request.turn = &turn;
    if (tsl_train(&request, turn.team, &err) != TSL_OK)
      fail_msg("%s: %s", err.where, err.text);
    tsl_team_free(turn.team);
    if (!turn.released)
      break;
  }
  tsl_store_close(store);
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
}

static void check_script(const char *job, const char *network, const struct stage *stages,
                         int count) {
  static uint32_t epoch = 1;
  const struct stage alone = {0, 1, {0}};
  struct train_case made;
  case_open(&made, world, job, network);
  struct script one = {.stages = &alone, .count = 1, .epoch = epoch};
  play(&made, "alone", &one);
  struct script many = {.stages = stages, .count = count, .epoch = epoch + 1};
  play(&made, "many", &many);
  epoch += 1 + (uint32_t)count;
  if (tsl_world_rank(world) == 0) {
    const struct tsl_run *run = tsl_job_run(made.job, 0);
    struct tsl_store *a = case_store(&made, "alone"), *b = case_store(&made, "many");
    struct tsl_record record;
    case_equal(a, b, run, "model.h5");
    case_equal(a, b, run, "log.csv");
    assert_int_equal(tsl_store_record_read(b, run->name, &record, NULL), TSL_OK);
    assert_int_equal(record.width, stages[count - 1].width);
    assert_int_equal(many.at, count - 1);
    tsl_store_close(a);
    tsl_store_close(b);
  } else {
    assert_true(many.joined > 0);
  }
  case_close(&made);
}

#define TRAIN "train: {iterations: 20, batch: 16, shards: 8, log_every: 3"
#define COUNT(stages) (int)(sizeof(stages) / sizeof *(stages))

static const struct stage wider[] = {
    {0, 1, {0}}, {3, 2, {0, 1}}, {4, 4, {0, 1, 2, 3}}, {11, 8, {0, 1, 2, 3, 4, 5, 6, 7}}};

/* Every rank joins at least once; 0 stays, others come again elsewhere in the team. */
static const struct stage there_and_back[] = {
    {0, 2, {0, 7}},       {2, 4, {0, 7, 2, 5}},
    {5, 2, {0, 7}},       {6, 8, {0, 7, 6, 5, 4, 3, 2, 1}},
    {9, 4, {0, 7, 6, 5}}, {10, 1, {0}},
    {13, 2, {0, 3}},      {17, 8, {0, 3, 1, 2, 4, 5, 6, 7}}};

static void test_join__vae_gives_the_same_bytes(void **state) {
  (void)state;
  check_script(CASE_HEAD TRAIN "}\nseeds: [3]\nfamilies:\n  - model: vae\n", case_network,
               wider, COUNT(wider));
}

static void test_join__beta_tcvae_gives_the_same_bytes(void **state) {
  (void)state;
  check_script(CASE_HEAD TRAIN "}\nseeds: [0]\nfamilies:\n"
                               "  - model: beta_tcvae\n    beta: 6\n",
               case_network, there_and_back, COUNT(there_and_back));
}

static void test_join__adamax_and_capacity_give_the_same_bytes(void **state) {
  (void)state;
  check_script(CASE_HEAD TRAIN ", optimizer: adamax}\nseeds: [1]\nfamilies:\n"
                               "  - model: c_beta_vae\n    beta: 10\n    capacity: 2\n",
               case_network, there_and_back, COUNT(there_and_back));
}

static void test_join__batch_norm_and_dropout_give_the_same_bytes(void **state) {
  (void)state;
  check_script(CASE_HEAD TRAIN ", optimizer: sgd, learning_rate: 1.0e-3, momentum: 0.9}\n"
                               "reconstruction: squared_error\nseeds: [0]\nfamilies:\n"
                               "  - model: beta_vae\n    beta: 2\n",
               case_network_norm, there_and_back, COUNT(there_and_back));
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK ||
      tsl_nn_start("", NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_join__vae_gives_the_same_bytes),
      cmocka_unit_test(test_join__beta_tcvae_gives_the_same_bytes),
      cmocka_unit_test(test_join__adamax_and_capacity_give_the_same_bytes),
      cmocka_unit_test(test_join__batch_norm_and_dropout_give_the_same_bytes),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
