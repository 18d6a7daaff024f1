#include "autograd/engine/cpu/float_mode.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <cfenv>

#include "autograd/autograd.hpp"
#include "autograd/engine/cpu/threads.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace float_mode_test {

using namespace xgrad;
using fused::testing::Threads;

namespace {

/// How the calling thread rounds and treats denormal numbers, until the end of the scope.
class Mode {
 public:
  explicit Mode(int rounding) : before_(fused::float_mode()) { std::fesetround(rounding); }
  ~Mode() {
    std::fesetround(FE_TONEAREST);
    fused::set_float_mode(before_);
  }
  Mode(const Mode&) = delete;
  Mode& operator=(const Mode&) = delete;

 private:
  fused::FloatMode before_;
};

/// Two numbers that tell the mode of the thread that computes them: 1 + 1e-20, and 1e-310.
struct Signs {
  double sum = 0, tiny = 0;
  friend bool operator==(const Signs&, const Signs&) = default;
};
Signs signs() {
  const volatile double one = 1, small = 1e-20, tiny = 1e-310;
  return {one + small, tiny * one};
}

/// Those of two threads: each of two blocks waits for the other to begin.
std::array<Signs, 2> of_two_threads() {
  std::array<Signs, 2> found;
  std::atomic<int> begun{0};
  fused::parallel(2, [&](std::int64_t block) {
    ++begun;
    while (begun < 2) {
    }
    found[static_cast<std::size_t>(block)] = signs();
  });
  return found;
}

std::vector<double> computed(int threads) {
  const Threads scope(threads);
  Rng rng(3);
  const Tensor a = normal({192, 256}, rng), b = normal({256, 160}, rng), tiny = full({192, 256}, 1e-39);
  const Tensor c = softmax(sin(a) * 0.3 + tiny * 0.5), x = sum(log1p(exp(matmul(c, b))), 1);
  std::vector<double> all = x.to_vector(), more = (tiny * 0.5 + 0).to_vector();
  const std::vector<double> last = (normal({300, 700}, rng) / 3).to_vector();
  all.insert(all.end(), more.begin(), more.end());
  all.insert(all.end(), last.begin(), last.end());
  return all;
}

}  // namespace

TEST_CASE("workers round as the thread that has work for them", "[threads]") {
  const Threads scope(2);
  for (const int rounding : {FE_UPWARD, FE_TONEAREST, FE_DOWNWARD, FE_UPWARD}) {
    const Mode mode(rounding);
    const Signs own = signs();
    CHECK((own.sum > 1) == (rounding == FE_UPWARD));
    CHECK(of_two_threads() == std::array<Signs, 2>{own, own});
  }
  const Signs usual = signs();
  CHECK(of_two_threads() == std::array<Signs, 2>{usual, usual});
}

#if defined(__x86_64__)
TEST_CASE("workers treat denormal numbers as the thread that has work for them", "[threads]") {
  const Threads scope(2);
  {
    const Mode mode(FE_TONEAREST);
    constexpr fused::FloatMode to_zero = 0x8040;  // flush to zero, denormals are zero
    fused::set_float_mode(fused::float_mode() | to_zero);
    CHECK(signs().tiny == 0);
    CHECK(of_two_threads() == std::array<Signs, 2>{signs(), signs()});
  }
  CHECK(signs().tiny > 0);
  CHECK(of_two_threads() == std::array<Signs, 2>{signs(), signs()});
}
#endif

TEST_CASE("an evaluation on several threads gives the bits of one on one, whatever the mode", "[threads]") {
  const std::vector<double> nearest = computed(1);
  const Mode mode(FE_UPWARD);
  const std::vector<double> upward = computed(1);
  CHECK(upward != nearest);
  for (int round = 0; round < 5; ++round) CHECK((computed(4) == upward));
#if defined(__x86_64__)
  fused::set_float_mode(fused::float_mode() | 0x8040);
  const std::vector<double> flushed = computed(1);
  CHECK(flushed != upward);
  for (int round = 0; round < 5; ++round) CHECK((computed(4) == flushed));
#endif
}

}  // namespace float_mode_test
