/* communicator.h - what parallel HDF5 needs of a team, for src/store. */
#ifndef TEASEL_TEAM_COMMUNICATOR_H
#define TEASEL_TEAM_COMMUNICATOR_H

#include "teasel/team.h"

#include <mpi.h>

/* Collective on team. The team's communicator, made at the first call and kept by the
 * team; its rank order is the team's. MPI_COMM_NULL when MPI is not running (a team of
 * one, started without mpirun): then files are opened without MPI. */
enum tsl_status tsl__team_communicator(struct tsl_team *team, MPI_Comm *out,
                                       struct tsl_error *err);

#endif
