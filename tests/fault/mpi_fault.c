/* mpi_fault: a library for LD_PRELOAD that lets one rank meet a signal as it enters an
 * MPI call, so that its peers wait in that call. MPI_FAULT="RANK CALL NUMBER SIGNAL MET
 * [FILE]": at the NUMBERth (from 1) call of that name by that rank, counted once FILE
 * exists, and but once: MET is a file made then. Calls of libraries, such as HDF5's,
 * count. MPI_FAULT_LIST=1: every rank prints each call's name as it enters, to stderr. */
#include <mpi.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int taken; /* calls of the wanted name so far */

static void enter(const char *call) {
  const char *fault = getenv("MPI_FAULT"), *own = getenv("OMPI_COMM_WORLD_RANK");
  char wanted[64] = "", met[512] = "", file[512] = "";
  int rank = -1, number = 0, signal = 0;
  if (getenv("MPI_FAULT_LIST") != NULL)
    fprintf(stderr, "mpi: rank %s enters %s\n", own != NULL ? own : "-", call);
  if (fault == NULL || own == NULL ||
      sscanf(fault, "%d %63s %d %d %511s %511s", &rank, wanted, &number, &signal, met,
             file) < 5)
    return;
  if (strtol(own, NULL, 10) != rank || strcmp(wanted, call) != 0 ||
      (file[0] != '\0' && access(file, F_OK) != 0) || ++taken != number)
    return;
  int file_met = open(met, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (file_met < 0)
    return;
  close(file_met);
  fprintf(stderr, "mpi: rank %d meets signal %d in %s\n", rank, signal, call);
  raise(signal);
}

#define WRAP(call, parameters, arguments)                                                \
  int call parameters {                                                                  \
    enter(#call);                                                                        \
    return P##call arguments;                                                            \
  }

WRAP(MPI_Init_thread, (int *argc, char ***argv, int required, int *provided),
     (argc, argv, required, provided))
WRAP(MPI_Finalize, (void), ())
WRAP(MPI_Isend,
     (const void *buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
      MPI_Request *request),
     (buffer, count, type, to, tag, comm, request))
WRAP(MPI_Comm_dup, (MPI_Comm comm, MPI_Comm *out), (comm, out))
WRAP(MPI_Comm_free, (MPI_Comm * comm), (comm))
WRAP(MPI_Comm_split_type,
     (MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *out),
     (comm, type, key, info, out))
WRAP(MPI_Barrier, (MPI_Comm comm), (comm))
WRAP(MPI_Bcast, (void *buffer, int count, MPI_Datatype type, int root, MPI_Comm comm),
     (buffer, count, type, root, comm))
WRAP(MPI_Allgather,
     (const void *out, int out_count, MPI_Datatype out_type, void *in, int in_count,
      MPI_Datatype in_type, MPI_Comm comm),
     (out, out_count, out_type, in, in_count, in_type, comm))
WRAP(MPI_Allreduce,
     (const void *out, void *in, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm),
     (out, in, count, type, op, comm))
WRAP(MPI_File_open,
     (MPI_Comm comm, const char *name, int mode, MPI_Info info, MPI_File *out),
     (comm, name, mode, info, out))
WRAP(MPI_File_close, (MPI_File * file), (file))
WRAP(MPI_File_sync, (MPI_File file), (file))
WRAP(MPI_File_set_size, (MPI_File file, MPI_Offset size), (file, size))
WRAP(MPI_File_set_view,
     (MPI_File file, MPI_Offset at, MPI_Datatype type, MPI_Datatype file_type,
      const char *representation, MPI_Info info),
     (file, at, type, file_type, representation, info))
WRAP(MPI_File_write_at_all,
     (MPI_File file, MPI_Offset at, const void *buffer, int count, MPI_Datatype type,
      MPI_Status *status),
     (file, at, buffer, count, type, status))
