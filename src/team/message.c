/* message: short letters between world ranks, for the coordinator. Nothing here waits for
 * a peer: a letter that cannot leave stays in a list, one that does not arrive whole is
 * given up after peer_seconds. */
#include "team/world.h"

#include "teasel/log.h"

#include <stdlib.h>
#include <string.h>

struct tsl__letter {
  struct tsl__letter *next;
  MPI_Request request;
  unsigned char bytes[TSL_MESSAGE_MAX];
};

static enum tsl_status check_message(const struct tsl_world *world, int to, int kind,
                                     size_t count, struct tsl_error *err) {
  if (to >= 0 && to < world->size && to != world->rank && kind >= 0 && kind < 256 &&
      count <= TSL_MESSAGE_MAX)
    return TSL_OK;
  return tsl_error_set(err, TSL_INTERNAL, "",
                       "a message of kind %d, %zu bytes, to rank %d", kind, count, to);
}

/* Letters that MPI has taken over become spare ones. */
static void collect(struct tsl_world *world) {
  struct tsl__letter **link = &world->letters;
  while (*link != NULL) {
    struct tsl__letter *letter = *link;
    int gone = 0;
    if (MPI_Test(&letter->request, &gone, MPI_STATUS_IGNORE) != MPI_SUCCESS || gone) {
      *link = letter->next;
      letter->next = world->spare;
      world->spare = letter;
    } else {
      link = &letter->next;
    }
  }
}

enum tsl_status tsl_world_send(struct tsl_world *world, int to, int kind,
                               const void *bytes, size_t count, struct tsl_error *err) {
  TSL_TRY(check_message(world, to, kind, count, err));
  collect(world);
  struct tsl__letter *letter = world->spare;
  if (letter != NULL)
    world->spare = letter->next;
  else if ((letter = malloc(sizeof *letter)) == NULL)
    return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  if (count > 0)
    memcpy(letter->bytes, bytes, count);
  int code = MPI_Isend(letter->bytes, (int)count, MPI_BYTE, to, kind, world->messages,
                       &letter->request);
  struct tsl__letter **list = code == MPI_SUCCESS ? &world->letters : &world->spare;
  letter->next = *list;
  *list = letter;
  return code == MPI_SUCCESS ? TSL_OK : tsl__mpi_error(code, "MPI_Isend", err);
}

/* Starts to receive the next announced letter. */
static enum tsl_status begin_receiving(struct tsl_world *world, struct tsl_error *err) {
  if (world->incoming == NULL) {
    world->incoming = malloc(sizeof *world->incoming);
    if (world->incoming == NULL)
      return tsl_error_set(err, TSL_MEMORY, "", "out of memory");
  }
  int found = 0, count = 0;
  MPI_Status from;
  MPI_Message announced = MPI_MESSAGE_NULL;
  int code = MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, world->messages, &found, &announced,
                         &from);
  if (code != MPI_SUCCESS)
    return tsl__mpi_error(code, "MPI_Improbe", err);
  if (!found)
    return TSL_OK;
  MPI_Get_count(&from, MPI_BYTE, &count);
  world->incoming->from = from.MPI_SOURCE;
  world->incoming->kind = from.MPI_TAG;
  world->incoming->count = (size_t)count;
  world->receiving_since = tsl_world_awake_seconds(world);
  code = MPI_Imrecv(world->incoming->bytes, TSL_MESSAGE_MAX, MPI_BYTE, &announced,
                    &world->receiving);
  return code == MPI_SUCCESS ? TSL_OK : tsl__mpi_error(code, "MPI_Imrecv", err);
}

enum tsl_status tsl_world_poll(struct tsl_world *world, struct tsl_message *message,
                               bool *found, struct tsl_error *err) {
  *found = false;
  if (world->size == 1)
    return TSL_OK;
  collect(world);
  if (world->receiving == MPI_REQUEST_NULL)
    TSL_TRY(begin_receiving(world, err));
  if (world->receiving == MPI_REQUEST_NULL)
    return TSL_OK;
  int complete = 0;
  int code = MPI_Test(&world->receiving, &complete, MPI_STATUS_IGNORE);
  if (code != MPI_SUCCESS)
    return tsl__mpi_error(code, "MPI_Test", err);
  if (complete) {
    message->from = world->incoming->from;
    message->kind = world->incoming->kind;
    message->count = world->incoming->count;
    memcpy(message->bytes, world->incoming->bytes, world->incoming->count);
    *found = true;
  } else if (tsl_world_awake_seconds(world) - world->receiving_since >
             world->peer_seconds) {
    /* Its sender died while sending. MPI may still write there: the memory is left to it.
     */
    tsl_log(TSL_LOG_NORMAL, "a message of rank %d never arrived", world->incoming->from);
    MPI_Request_free(&world->receiving);
    world->incoming = NULL;
  }
  return TSL_OK;
}

void tsl__messages_close(struct tsl_world *world) {
  const double patience = 5; /* seconds: the last letters are short and on their way */
  double begun = tsl_clock_seconds();
  while (world->letters != NULL && tsl_clock_seconds() - begun < patience) {
    collect(world);
    if (world->letters != NULL)
      tsl_world_relax(world, tsl_clock_seconds() - begun);
  }
  while (world->spare != NULL) {
    struct tsl__letter *next = world->spare->next;
    free(world->spare);
    world->spare = next;
  }
  /* Letters that never left keep their memory: MPI may still read it. */
  for (struct tsl__letter *letter = world->letters; letter != NULL; letter = letter->next)
    MPI_Request_free(&letter->request);
  if (world->receiving == MPI_REQUEST_NULL)
    free(world->incoming);
}
