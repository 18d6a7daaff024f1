// What a violation leads to. In these tests it ends the program, wherever it happens.

#include "autograd/engine/programs/violation.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/autograd/engine/agreement.hpp"

namespace xgrad::violation_test {
namespace {

const bool ends = (fused::end_on_violation(true), true);

/// Every plan is rejected, and that does not end the program, in this scope.
class Rejecting {
 public:
  Rejecting() {
    fused::end_on_violation(false);
    fused::set_verification(fused::Verification::reject);
  }
  ~Rejecting() {
    fused::set_verification(fused::Verification::always);
    fused::end_on_violation(ends);
  }
  Rejecting(const Rejecting&) = delete;
  Rejecting& operator=(const Rejecting&) = delete;
};

TEST_CASE("what is not verified is left to the reference kernels, and counted", "[verify]") {
  if (engine() != "fused") return;
  const auto record = [] {
    const Tensor x = track(numbers({5, 7}, 1)), y = exp(x) * 3;
    return Roots{y, grad(sum(y / sum(y, 1, keep_dims)), {x})[0]};
  };
  const std::int64_t before = violations(), other = unplanned();
  {
    const Rejecting scope;
    check_agreement(record);
    CHECK(violations() == before + 1);
    CHECK(difference(compute("fused", record), compute("reference", record)) == 0);
    CHECK(violations() == before + 2);
  }
  CHECK(unplanned() == other);
  check_agreement(record);
  CHECK(violations() == before + 2);
}

TEST_CASE("a violation ends the program where that is asked for", "[verify]") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    close(STDERR_FILENO);
    fused::report(fused::Unverified("a test asked for it"));
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
}

TEST_CASE("a violation names the thing and the rule", "[verify]") {
  CHECK_THROWS_WITH(fused::violated("pointer", 3, "it is wrong"), "pointer 3: it is wrong");
  CHECK_THROWS_AS(fused::violated("it is wrong"), fused::Unverified);
}

}  // namespace
}  // namespace xgrad::violation_test
