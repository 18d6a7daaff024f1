// MPI, from its start to its end.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <thread>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "parallel/error.hpp"
#include "parallel/group.hpp"
#include "parallel/underway.hpp"

namespace xgrad::parallel::detail {

namespace {

struct Runtime {
  pid_t process = 0;  // 0 until it is started
  std::thread::id thread;
  bool any_thread = false;  // MPI lets any of them in, one at a time
  std::shared_ptr<Group> world;
  std::string broken;  // why some group is of no use any more
  std::vector<std::shared_ptr<Group>> kept;
};

Runtime& runtime() {
  static NeverDestroyed<Runtime> held;
  return *held;
}

// Whoever ends tells the others, who may be waiting for it; unless all end, none does in silence.
void finish() {
  const Runtime& mpi = runtime();
  int ended = 0;
  if (mpi.process != getpid() || MPI_Finalized(&ended) != MPI_SUCCESS || ended) return;
  try {
    if (!mpi.broken.empty()) throw Error(mpi.broken);
    if (mpi.world) {
      // The others may have more to do, for as long as they like: if they die, MPI ends this one, too.
      mpi.world->timeout = std::numeric_limits<double>::infinity();
      Underway(mpi.world, {.operation = "the end of the program"}, {}).wait();
    }
    MPI_Finalize();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "xgrad: the program ends on rank %d after an error: %s\n", mpi.world ? mpi.world->rank : 0,
                 error.what());
    std::fflush(nullptr);
    usleep(200'000);  // the others say what they have to say
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    _exit(EXIT_FAILURE);
  }
}

void start_mpi(const Location& where) {
  int running = 0, level = MPI_THREAD_SINGLE, main = 1;
  check_mpi(MPI_Initialized(&running), "MPI_Initialized", where);
  if (!running) {
    check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level), "MPI_Init_thread", where);
    std::atexit(finish);
  } else {
    check_mpi(MPI_Query_thread(&level), "MPI_Query_thread", where);
    check_mpi(MPI_Is_thread_main(&main), "MPI_Is_thread_main", where);
  }
  check<ThreadError>(main || level >= MPI_THREAD_SERIALIZED, where,
                     "Communicator: MPI was started by another thread, which alone may use it");
  Runtime& mpi = runtime();
  mpi.process = getpid();
  mpi.thread = std::this_thread::get_id();
  mpi.any_thread = level >= MPI_THREAD_SERIALIZED;
}

}  // namespace

void start(const Location& where) {
  Runtime& mpi = runtime();
  if (mpi.process == 0) start_mpi(where);
  check<CommunicationError>(mpi.process == getpid(), where,
                            "Communicator: this process was forked from a rank, and is none itself");
  check<ThreadError>(mpi.any_thread || mpi.thread == std::this_thread::get_id(), where,
                     "Communicator: MPI was started by another thread, which alone may use it");
  int ended = 0;
  check<CommunicationError>(MPI_Finalized(&ended) == MPI_SUCCESS && !ended, where, "Communicator: MPI has ended");
}

void check_mpi(int code, const char* call, const Location& where) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) length = 0;
  fail<CommunicationError>(where, call, ": ", std::string(text, static_cast<std::size_t>(length)));
}

void note_broken(const std::string& why) {
  if (runtime().broken.empty()) runtime().broken = why;
}

void keep(const std::shared_ptr<Group>& group) {
  if (group->unfinished.size() == 1) runtime().kept.push_back(group);
}

const std::shared_ptr<Group>& world_group() { return runtime().world; }
void set_world_group(std::shared_ptr<Group> group) { runtime().world = std::move(group); }

}  // namespace xgrad::parallel::detail
