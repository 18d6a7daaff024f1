// What jobs_test.sh runs: jobs that something befalls.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/parallel/ranks.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {
bool is_last() { return world().rank() == world().size() - 1; }
}  // namespace

TEST_CASE("a rank ends while others wait for it", "[.]") {
  if (is_last()) std::exit(0);
  parallel::all_reduce(tensor(1.0), world());
}

TEST_CASE("a rank is killed while others wait for it", "[.]") {
  if (is_last()) raise(SIGKILL);
  parallel::all_reduce(tensor(1.0), world());
}

TEST_CASE("a rank throws what nobody catches while others wait for it", "[.]") {
  if (is_last()) std::thread([] { throw ValueError("nobody catches this"); }).join();
  parallel::all_reduce(tensor(1.0), world());
}

TEST_CASE("what was exchanged is there after a fork, and nothing more can be", "[parallel]") {
  const Tensor x = parallel::all_reduce(tensor(1.0), world());
  const int size = world().size();
  const pid_t child = fork();
  if (child == 0) {
    try {
      world().barrier();
    } catch (const parallel::CommunicationError& error) {
      _exit(x.item() == size && contains(error.what(), "forked") ? 0 : 1);
    }
    _exit(2);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  world().barrier();
}

TEST_CASE("a rank has more to do at the end than others wait for elsewhere", "[.]") {
  auto ranks = world();
  ranks.set_timeout(0.5);
  ranks.barrier();
  if (is_last()) std::this_thread::sleep_for(std::chrono::seconds(2));
}
