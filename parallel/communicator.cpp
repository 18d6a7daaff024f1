#include "parallel/communicator.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "parallel/error.hpp"
#include "parallel/underway.hpp"

namespace xgrad::parallel {

namespace detail {

std::shared_ptr<Group> Group::of(MPI_Comm from, double timeout, const Location& where) {
  auto group = std::make_shared<Group>();
  group->timeout = timeout;
  for (MPI_Comm* const comm : {&group->data, &group->notes}) {
    check_mpi(MPI_Comm_dup(from, comm), "MPI_Comm_dup", where);
    check_mpi(MPI_Comm_set_errhandler(*comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler", where);
  }
  check_mpi(MPI_Comm_rank(from, &group->rank), "MPI_Comm_rank", where);
  check_mpi(MPI_Comm_size(from, &group->size), "MPI_Comm_size", where);
  return group;
}

}  // namespace detail

using detail::Group;

namespace {
void check_timeout(double seconds, const Location& where) {
  check<ValueError>(seconds > 0 && std::isfinite(seconds), where, "Communicator: timeout = ", seconds,
                    " is not a time to wait for");
}
}  // namespace

Communicator Communicator::world(const Location& where) {
  detail::start(where);
  if (!detail::world_group()) detail::set_world_group(Group::of(MPI_COMM_WORLD, CommunicatorOptions{}.timeout, where));
  return Communicator(detail::world_group());
}

Communicator Communicator::world(const CommunicatorOptions& options, const Location& where) {
  check_timeout(options.timeout, where);
  Communicator all = world(where);
  all.group_->timeout = options.timeout;
  return all;
}

Communicator Communicator::self(const Location& where) {
  detail::start(where);
  return Communicator(Group::of(MPI_COMM_SELF, CommunicatorOptions{}.timeout, where));
}

Communicator Communicator::split(int colour, const Location& where) const {
  check<ValueError>(colour >= 0, where, "split: the colour ", colour, " is negative");
  // Making a group waits without end for whoever does not come: all of them are there after this.
  detail::Underway(group_, {.operation = "split", .where = where}, {}).wait();
  MPI_Comm part = MPI_COMM_NULL;
  detail::check_mpi(MPI_Comm_split(group_->data, colour, group_->rank, &part), "MPI_Comm_split", where);
  auto group = Group::of(part, group_->timeout, where);
  detail::check_mpi(MPI_Comm_free(&part), "MPI_Comm_free", where);
  return Communicator(std::move(group));
}

int Communicator::rank() const { return group_->rank; }
int Communicator::size() const { return group_->size; }
double Communicator::timeout() const { return group_->timeout; }
void Communicator::set_timeout(double seconds, const Location& where) {
  check_timeout(seconds, where);
  group_->timeout = seconds;
}

void Communicator::barrier(const Location& where) const {
  detail::Underway(group_, {.operation = "barrier", .where = where}, {}).wait();
}

}  // namespace xgrad::parallel
