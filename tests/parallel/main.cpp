// The tests of parallel/, which every rank runs in the same order: `ranks.sh 3 xgrad_parallel_tests [ARGUMENTS]`.

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "parallel/parallel.hpp"

int main(int argc, char** argv) {
  // No test waits for long unless something is wrong.
  const auto world = xgrad::parallel::Communicator::world({.timeout = 60});
  const int failed = Catch::Session().run(argc, argv);
  std::printf("rank %d of %d: %s\n", world.rank(), world.size(), failed == 0 ? "all passed" : "FAILED");
  return failed == 0 ? 0 : 1;
}
