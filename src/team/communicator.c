#include "team/communicator.h"
#include "team/world.h"

/* Any fixed tag does: members of one team make one communicator. */
enum { GROUP_TAG = 1 };

enum tsl_status tsl__team_communicator(struct tsl_team *team, MPI_Comm *out,
                                       struct tsl_error *err) {
  struct tsl_world *world = team->world;
  if (world == NULL || !world->mpi) {
    int running = 0, ended = 0;
    MPI_Initialized(&running);
    if (running)
      MPI_Finalized(&ended);
    *out = running && !ended ? MPI_COMM_SELF : MPI_COMM_NULL;
    return TSL_OK;
  }
  if (team == world->team) {
    *out = world->files;
    return TSL_OK;
  }
  if (team->group == MPI_COMM_NULL) {
    MPI_Group all = MPI_GROUP_NULL, members = MPI_GROUP_NULL;
    int code = MPI_Comm_group(world->files, &all);
    if (code == MPI_SUCCESS)
      code = MPI_Group_incl(all, team->size, team->ranks, &members);
    if (code == MPI_SUCCESS)
      code = MPI_Comm_create_group(world->files, members, GROUP_TAG, &team->group);
    if (code == MPI_SUCCESS)
      code = MPI_Comm_set_errhandler(team->group, MPI_ERRORS_RETURN);
    if (members != MPI_GROUP_NULL)
      MPI_Group_free(&members);
    if (all != MPI_GROUP_NULL)
      MPI_Group_free(&all);
    if (code != MPI_SUCCESS)
      return tsl__mpi_error(code, "MPI_Comm_create_group", err);
  }
  *out = team->group;
  return TSL_OK;
}
