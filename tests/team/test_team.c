// ranks: 1 2 3 4 8
/* Teams of any size: votes, broadcast, gather, barrier, the fixed-order sum, messages. */
#include "board.h"

#include "team/communicator.h"
#include "teasel/log.h"
#include "teasel/random.h"
#include "teasel/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct tsl_world *world;

static int power_of_two(int size) {
  int power = 1;
  while (2 * power <= size)
    power *= 2;
  return power;
}

static void test_agree__none_failing_is_success_and_leaves_the_error_alone(void **state) {
  (void)state;
  struct tsl_error err = {.text = "as it was"};
  assert_int_equal(tsl_team_agree(tsl_world_team(world), TSL_OK, &err), TSL_OK);
  assert_string_equal(err.text, "as it was");
}

/* The members of `failing` (bits) fail, each with an error of its own. */
static void check_agree(unsigned failing, int lowest) {
  struct tsl_team *team = tsl_world_team(world);
  int index = tsl_team_index(team);
  struct tsl_error err = {0};
  enum tsl_status status = TSL_OK;
  if ((failing >> index) & 1)
    status = tsl_error_set(&err, index % 2 == 0 ? TSL_IO : TSL_MEMORY, "place",
                           "member %d failed", index);
  status = tsl_team_agree(team, status, &err);
  char expected[64];
  snprintf(expected, sizeof expected, "member %d failed", lowest);
  assert_int_equal(status, lowest % 2 == 0 ? TSL_IO : TSL_MEMORY);
  assert_int_equal(err.status, status);
  assert_string_equal(err.text, expected);
  assert_string_equal(err.where, "place");
  if (tsl_team_size(team) > 1)
    assert_int_equal(err.rank, lowest);
}

static void test_agree__lowest_failing_member_speaks_for_all(void **state) {
  (void)state;
  int size = tsl_world_size(world);
  check_agree(1, 0);
  check_agree(1U << (size - 1), size - 1);
  check_agree((1U << size) - 1, 0);
  check_agree(1U << (size / 2), size / 2);
}

static void test_agree__needs_no_error_struct(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  int last = tsl_team_size(team) - 1;
  enum tsl_status status = tsl_team_index(team) == last ? TSL_FORMAT : TSL_OK;
  assert_int_equal(tsl_team_agree(team, status, NULL), TSL_FORMAT);
}

static unsigned char pattern(int root, size_t i) {
  return (unsigned char)(31 * (size_t)root + 7 * i + i / 251);
}

static void test_broadcast__every_root_and_size_reaches_all(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  /* The last one is more than the exchange sends in one piece (64 MiB). */
  size_t big = tsl_team_size(team) == 2 ? ((size_t)1 << 26) + 12345 : 200000;
  const size_t counts[] = {0, 1, 4097, big};
  unsigned char *bytes = malloc(big);
  assert_non_null(bytes);
  for (int root = 0; root < tsl_team_size(team); root++) {
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
      for (size_t i = 0; i < counts[k]; i++)
        bytes[i] = tsl_team_index(team) == root ? pattern(root, i) : 0;
      assert_int_equal(tsl_team_broadcast(team, root, bytes, counts[k], NULL), TSL_OK);
      size_t wrong = 0;
      for (size_t i = 0; i < counts[k]; i++)
        wrong += bytes[i] != pattern(root, i);
      assert_int_equal(wrong, 0);
    }
  }
  free(bytes);
}

static void check_gather(struct tsl_team *team) {
  int size = tsl_team_size(team), index = tsl_team_index(team);
  const size_t blocks[] = {0, 1, 1000, 30000};
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) {
    size_t block = blocks[k];
    unsigned char *bytes = calloc((size_t)size, block + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < block; i++)
      bytes[(size_t)index * block + i] = pattern(index, i);
    assert_int_equal(tsl_team_gather(team, bytes, block, NULL), TSL_OK);
    for (int member = 0; member < size; member++) {
      for (size_t i = 0; i < block; i++)
        assert_int_equal(bytes[(size_t)member * block + i], pattern(member, i));
    }
    free(bytes);
  }
}

static void test_gather__all_have_all_blocks_in_order(void **state) {
  (void)state;
  check_gather(tsl_world_team(world));
}

static void test_any__all_have_every_bit_of_any_member(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  const int size = tsl_team_size(team), index = tsl_team_index(team);
  for (int only = 0; only <= size; only++) { /* size: each has a bit of its own */
    uint32_t bits = only == size ? 1U << index : only == index ? 1U << 31 : 0, all = 7;
    const uint32_t wanted = only == size ? (1U << size) - 1 : 1U << 31;
    assert_int_equal(tsl_team_any(team, bits, &all, NULL), TSL_OK);
    assert_int_equal(all, wanted);
  }
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
}

static void test_barrier__nobody_leaves_before_all_have_come(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  const double late = 0.2; /* seconds that the last one gives the others to leave early */
  atomic_int *board = board_open(world);
  bool last = tsl_team_index(team) == tsl_team_size(team) - 1;
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  if (last) {
    nap(late);
    atomic_store(&board[0], 1);
  }
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  assert_int_equal(atomic_load(&board[0]), 1);
}

/* ---- the sum ---- */
enum { LEAVES = 8 };

/* Numbers of very different size, so that another order gives other bits. */
static void leaf_fill(int leaf, size_t count, float *out) {
  struct tsl_stream stream = {.seed = 3, .purpose = TSL_PURPOSE_TEST, .sub = 0};
  tsl_random_normal(&stream, 0, (uint32_t)leaf, count, out);
  for (size_t i = 0; i < count; i++)
    out[i] *= (i + (size_t)leaf) % 3 == 0 ? 1000.0F : 0.01F;
}

/* The plain tree over leaves [begin, begin + leaves), as one process would add it. */
static void tree(int begin, int leaves, size_t count, float *out) {
  if (leaves == 1) {
    leaf_fill(begin, count, out);
    return;
  }
  float *right = calloc(count + 1, sizeof *right);
  assert_non_null(right);
  tree(begin, leaves / 2, count, out);
  tree(begin + leaves / 2, leaves / 2, count, right);
  for (size_t i = 0; i < count; i++)
    out[i] += right[i];
  free(right);
}

static void check_sum(struct tsl_team *team, size_t count) {
  int size = tsl_team_size(team), index = tsl_team_index(team);
  float *data = calloc(3 * count + 1, sizeof *data);
  assert_non_null(data);
  float *scratch = data + count, *expected = data + 2 * count; /* (count) each */
  tree(0, LEAVES, count, expected);
  tree(index * LEAVES / size, LEAVES / size, count, data);
  assert_int_equal(tsl_team_sum_scatter(team, data, scratch, count, NULL), TSL_OK);
  size_t begin = 0, end = 0;
  tsl_team_slice(team, count, &begin, &end);
  assert_memory_equal(data + begin, expected + begin, (end - begin) * sizeof *data);
  for (size_t i = 0; i < count; i++) {
    if (i < begin || i >= end)
      data[i] = -1;
  }
  assert_int_equal(tsl_team_sum_collect(team, data, count, NULL), TSL_OK);
  assert_memory_equal(data, expected, count * sizeof *data);
  free(data);
}

static void test_sum__has_the_bits_of_the_plain_tree_for_every_size(void **state) {
  (void)state;
  int size = power_of_two(tsl_world_size(world)), rank = tsl_world_rank(world);
  if (rank >= size)
    return;
  const int ranks[] = {0, 1, 2, 3, 4, 5, 6, 7};
  struct tsl_team *team = NULL;
  assert_int_equal(tsl_team_create(world, ranks, size, 1, &team, NULL), TSL_OK);
  const size_t counts[] = {0, 1, 7, 16, 17, 1000, 100003};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    check_sum(team, counts[i]);
  tsl_team_free(team);
}

static void test_sum__order_of_adding_matters_for_these_numbers(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  float sum[COUNT] = {0}, leaf[COUNT], expected[COUNT];
  tree(0, LEAVES, COUNT, expected);
  for (int k = 0; k < LEAVES; k++) {
    leaf_fill(k, COUNT, leaf);
    for (int i = 0; i < COUNT; i++)
      sum[i] += leaf[i];
  }
  assert_memory_not_equal(sum, expected, sizeof sum);
}

static void test_slice__slices_cover_the_range_once(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  int size = tsl_team_size(team);
  if ((size & (size - 1)) != 0)
    return;
  size_t slices[LEAVES][2];
  tsl_team_slice(team, 100003, &slices[tsl_team_index(team)][0],
                 &slices[tsl_team_index(team)][1]);
  assert_int_equal(tsl_team_gather(team, slices, sizeof slices[0], NULL), TSL_OK);
  size_t covered = 0;
  for (int a = 0; a < size; a++) {
    covered += slices[a][1] - slices[a][0];
    for (int b = 0; b < a; b++)
      assert_true(slices[a][0] >= slices[b][1] || slices[a][1] <= slices[b][0]);
  }
  assert_int_equal(covered, 100003);
}

static void test_sum__refuses_a_size_that_is_no_power_of_two(void **state) {
  (void)state;
  struct tsl_team *team = tsl_world_team(world);
  float data[1] = {1}, scratch[1];
  bool power = power_of_two(tsl_team_size(team)) == tsl_team_size(team);
  assert_int_equal(tsl_team_sum_scatter(team, data, scratch, 1, NULL),
                   power ? TSL_OK : TSL_INTERNAL);
}

/* ---- teams ---- */
static void
test_team__halves_in_any_order_work_at_once_and_epoch_after_epoch(void **state) {
  (void)state;
  int size = tsl_world_size(world), rank = tsl_world_rank(world);
  int ranks[8] = {0}, count = 0;
  bool upper = rank >= size / 2;
  for (int r = size - 1; r >= 0; r--) {
    if ((r >= size / 2) == upper)
      ranks[count++] = r;
  }
  for (uint32_t epoch = 2; epoch < 6; epoch++) {
    struct tsl_team *team = NULL;
    assert_int_equal(tsl_team_create(world, ranks, count, epoch, &team, NULL), TSL_OK);
    assert_int_equal(tsl_team_size(team), count);
    check_gather(team);
    int told = tsl_team_index(team) == 0 ? rank : -1;
    assert_int_equal(tsl_team_broadcast(team, 0, &told, sizeof told, NULL), TSL_OK);
    assert_int_equal(told, ranks[0]);
    tsl_team_free(team);
  }
}

static void test_team__refuses_strangers_doubles_and_teams_without_oneself(void **state) {
  (void)state;
  int size = tsl_world_size(world), rank = tsl_world_rank(world);
  struct tsl_team *team = NULL;
  const int stranger[] = {rank, size}, twice[] = {rank, rank};
  assert_int_equal(tsl_team_create(world, stranger, 2, 1, &team, NULL), TSL_INTERNAL);
  assert_int_equal(tsl_team_create(world, twice, 2, 1, &team, NULL), TSL_INTERNAL);
  if (size > 1) {
    const int others[] = {(rank + 1) % size};
    assert_int_equal(tsl_team_create(world, others, 1, 1, &team, NULL), TSL_INTERNAL);
  }
  assert_null(team);
}

static void test_alone__needs_no_world(void **state) {
  (void)state;
  struct tsl_team *team = tsl_team_alone();
  float data[3] = {1, 2, 3}, scratch[3];
  size_t begin = 1, end = 1;
  assert_int_equal(tsl_team_size(team), 1);
  assert_int_equal(tsl_team_index(team), 0);
  assert_int_equal(tsl_team_agree(team, TSL_IO, NULL), TSL_IO);
  assert_int_equal(tsl_team_barrier(team, NULL), TSL_OK);
  assert_int_equal(tsl_team_gather(team, data, sizeof data, NULL), TSL_OK);
  assert_int_equal(tsl_team_broadcast(team, 0, data, sizeof data, NULL), TSL_OK);
  assert_int_equal(tsl_team_sum_scatter(team, data, scratch, 3, NULL), TSL_OK);
  assert_int_equal(tsl_team_sum_collect(team, data, 3, NULL), TSL_OK);
  tsl_team_slice(team, 3, &begin, &end);
  assert_int_equal(begin, 0);
  assert_int_equal(end, 3);
  assert_true(data[0] == 1 && data[1] == 2 && data[2] == 3);
}

static void test_communicator__has_the_members_in_the_order_of_the_team(void **state) {
  (void)state;
  int size = tsl_world_size(world), rank = tsl_world_rank(world);
  MPI_Comm communicator = MPI_COMM_NULL;
  int found = -1, members = -1;
  assert_int_equal(tsl__team_communicator(tsl_world_team(world), &communicator, NULL),
                   TSL_OK);
  MPI_Comm_rank(communicator, &found);
  assert_int_equal(found, rank);
  assert_int_equal(tsl__team_communicator(tsl_team_alone(), &communicator, NULL), TSL_OK);
  MPI_Comm_size(communicator, &members);
  assert_int_equal(members, 1);
  /* All but rank 0, backwards. */
  int ranks[8], count = 0;
  for (int r = size - 1; r > 0; r--)
    ranks[count++] = r;
  if (rank == 0)
    return;
  struct tsl_team *team = NULL;
  assert_int_equal(tsl_team_create(world, ranks, count, 9, &team, NULL), TSL_OK);
  assert_int_equal(tsl__team_communicator(team, &communicator, NULL), TSL_OK);
  MPI_Comm_rank(communicator, &found);
  MPI_Comm_size(communicator, &members);
  assert_int_equal(found, tsl_team_index(team));
  assert_int_equal(members, count);
  tsl_team_free(team);
}

/* ---- messages ---- */
static void test_message__all_arrive_whole_and_in_order(void **state) {
  (void)state;
  enum { EACH = 50 };
  int size = tsl_world_size(world), rank = tsl_world_rank(world);
  unsigned char bytes[TSL_MESSAGE_MAX];
  for (int i = 0; i < EACH; i++) {
    memset(bytes, rank + i, sizeof bytes);
    for (int to = 0; to < size; to++) {
      size_t count = i == EACH - 1 ? sizeof bytes : (size_t)i;
      if (to != rank)
        assert_int_equal(tsl_world_send(world, to, i, bytes, count, NULL), TSL_OK);
    }
  }
  int next[8] = {0}, left = EACH * (size - 1);
  double begun = tsl_clock_seconds();
  while (left > 0 && tsl_clock_seconds() - begun < 60) {
    static struct tsl_message message;
    bool found = false;
    assert_int_equal(tsl_world_poll(world, &message, &found, NULL), TSL_OK);
    if (!found) {
      tsl_world_relax(world, tsl_clock_seconds() - begun);
      continue;
    }
    left--;
    int i = next[message.from]++;
    assert_int_equal(message.kind, i);
    assert_int_equal(message.count, i == EACH - 1 ? TSL_MESSAGE_MAX : i);
    for (size_t k = 0; k < message.count; k++)
      assert_int_equal(message.bytes[k], (unsigned char)(message.from + i));
  }
  assert_int_equal(left, 0);
  assert_int_equal(tsl_team_barrier(tsl_world_team(world), NULL), TSL_OK);
}

static void test_message__refuses_oneself_strangers_and_too_many_bytes(void **state) {
  (void)state;
  int size = tsl_world_size(world), rank = tsl_world_rank(world);
  static unsigned char bytes[TSL_MESSAGE_MAX + 1];
  assert_int_equal(tsl_world_send(world, rank, 0, bytes, 1, NULL), TSL_INTERNAL);
  assert_int_equal(tsl_world_send(world, size, 0, bytes, 1, NULL), TSL_INTERNAL);
  assert_int_equal(tsl_world_send(world, (rank + 1) % size, 0, bytes, sizeof bytes, NULL),
                   TSL_INTERNAL);
}

static void test_world__knows_the_node(void **state) {
  (void)state;
  assert_int_equal(tsl_world_node_size(world), tsl_world_size(world));
  assert_int_equal(tsl_world_node_rank(world), tsl_world_rank(world));
}

int main(int argc, char **argv) {
  if (tsl_world_open(&argc, &argv, &world, NULL) != TSL_OK)
    return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_agree__none_failing_is_success_and_leaves_the_error_alone),
      cmocka_unit_test(test_agree__lowest_failing_member_speaks_for_all),
      cmocka_unit_test(test_agree__needs_no_error_struct),
      cmocka_unit_test(test_broadcast__every_root_and_size_reaches_all),
      cmocka_unit_test(test_gather__all_have_all_blocks_in_order),
      cmocka_unit_test(test_any__all_have_every_bit_of_any_member),
      cmocka_unit_test(test_barrier__nobody_leaves_before_all_have_come),
      cmocka_unit_test(test_sum__has_the_bits_of_the_plain_tree_for_every_size),
      cmocka_unit_test(test_sum__order_of_adding_matters_for_these_numbers),
      cmocka_unit_test(test_slice__slices_cover_the_range_once),
      cmocka_unit_test(test_sum__refuses_a_size_that_is_no_power_of_two),
      cmocka_unit_test(test_team__halves_in_any_order_work_at_once_and_epoch_after_epoch),
      cmocka_unit_test(test_team__refuses_strangers_doubles_and_teams_without_oneself),
      cmocka_unit_test(test_alone__needs_no_world),
      cmocka_unit_test(test_communicator__has_the_members_in_the_order_of_the_team),
      cmocka_unit_test(test_message__all_arrive_whole_and_in_order),
      cmocka_unit_test(test_message__refuses_oneself_strangers_and_too_many_bytes),
      cmocka_unit_test(test_world__knows_the_node),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tsl_world_close(world);
  return failed;
}
