#pragma once

// What a Communicator is a handle to, and MPI itself.

#include <mpi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "autograd/core/location.hpp"

namespace xgrad::parallel::detail {

/// Never freed before MPI ends: freeing is collective, and ranks let go of their handles when they like.
struct Group {
  MPI_Comm data = MPI_COMM_NULL;   // for what is exchanged,
  MPI_Comm notes = MPI_COMM_NULL;  // and for what ranks tell each other when something goes wrong
  int rank = 0, size = 1;
  double timeout = 300;
  std::uint64_t calls = 0;                        // so far
  std::string broken;                             // why it is of no use any more
  std::vector<std::shared_ptr<void>> unfinished;  // memory that MPI may still use: see keep()

  static std::shared_ptr<Group> of(MPI_Comm from, double timeout, const Location& where);
};

/// Starts MPI where nobody has. CommunicationError in a process that was forked since, ThreadError in another thread
/// than the one that started it.
void start(const Location& where);

/// A CommunicationError that says what MPI says.
void check_mpi(int code, const char* call, const Location& where);

/// That some group is of no use any more: the program will not end as if nothing had been.
void note_broken(const std::string& why);

/// To the end of the program, with its memory that MPI may still write to, or read: once some was added.
void keep(const std::shared_ptr<Group>& group);

/// The group of all ranks, once there is one.
const std::shared_ptr<Group>& world_group();
void set_world_group(std::shared_ptr<Group> group);

}  // namespace xgrad::parallel::detail
