#pragma once

#include <memory>

#include "autograd/core/location.hpp"

namespace xgrad::parallel {

struct CommunicatorOptions {
  double timeout = 300;  ///< seconds that a rank waits for the others, from when it has nothing else to do
};

namespace detail {
struct Group;
}

/// Some of the processes that MPI started, called ranks and numbered from 0; `mpirun -n 4 program` starts four. A
/// Communicator is a handle: copies are the same. What its ranks do together (the collectives of collectives.hpp,
/// `split`, `barrier`) they do in the same order, each of them the same: before anything is exchanged they compare what
/// it is, where the line of the program belongs to it. Where they differ, or some rank does not come in time, all of
/// them get a CommunicationError that names what each one does and where. After a difference they may go on together;
/// after a timeout the Communicator is of no use any more.
///
/// MPI is started by the first call of `world` or `self`, at the level MPI_THREAD_FUNNELED: only that thread may use
/// Communicators. It is ended with the program, and if a rank then ends while others are at work, the program ends with
/// an error on all of them. A program that has started MPI itself ends it itself.
class Communicator {
 public:
  /// All ranks. CommunicationError in a process that was forked.
  static Communicator world(const Location& where = Location::current());
  /// The same, with these options from now on. ValueError for a timeout that is not positive.
  static Communicator world(const CommunicatorOptions& options, const Location& where = Location::current());
  /// This rank alone.
  static Communicator self(const Location& where = Location::current());

  /// A Communicator of those ranks that give the same colour, in their order here.
  Communicator split(int colour, const Location& where = Location::current()) const;

  int rank() const;
  int size() const;
  double timeout() const;
  void set_timeout(double seconds, const Location& where = Location::current());

  /// Waits until all ranks are here.
  void barrier(const Location& where = Location::current()) const;

  // For the room.
  const std::shared_ptr<detail::Group>& group() const { return group_; }

 private:
  explicit Communicator(std::shared_ptr<detail::Group> group) : group_(std::move(group)) {}
  std::shared_ptr<detail::Group> group_;
};

}  // namespace xgrad::parallel
