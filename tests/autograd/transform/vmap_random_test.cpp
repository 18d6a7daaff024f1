// vmap of random functions, with their first and second derivatives, against a loop over the examples.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/apart.hpp"
#include "tests/autograd/engine/random_tape.hpp"
#include "tests/sanitized.hpp"

namespace xgrad::testing::vmap_random_test {
namespace {

using Xs = std::vector<Tensor>;
constexpr std::int64_t count = 3;

bool close(const Tensor& got, const Tensor& expected) {
  if (got.shape() != expected.shape() || got.dtype() != expected.dtype()) return false;
  const auto a = got.to_vector(), b = expected.to_vector();
  double scale = 1, worst = 0;
  for (const double number : b)
    if (std::isfinite(number)) scale = std::max(scale, std::abs(number));
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, apart(a[i], b[i]));
  return worst <= 1e-9 * scale;
}

// Of the leaves that are mapped, all examples; of the others the one that all share.
void check_seed(std::uint64_t seed) {
  const Xs own = RandomTape(seed, float64).leaves();
  Rng rng(seed + 1);
  const std::uint64_t mapped = 1 + rng.below(7);
  Xs varied, same;
  for (std::size_t i = 0; i < own.size(); ++i) {
    std::vector<std::int64_t> sizes(own[i].shape().begin(), own[i].shape().end());
    sizes.insert(sizes.begin(), count);
    if ((mapped >> i) & 1)
      varied.push_back(normal(sizes, rng, 0, 1, float64));
    else
      same.push_back(stop_gradient(own[i]));
  }
  const auto f = [&](const Xs& some, const Xs& others) {
    Xs leaves;
    for (std::size_t i = 0, next = 0, other = 0; i < own.size(); ++i)
      leaves.push_back((mapped >> i) & 1 ? some[next++] : others[other++]);
    return RandomTape(seed, float64, leaves).roots();
  };
  const Xs got = vmap(f, {0, unmapped})(varied, same);
  std::vector<Xs> rows(got.size());
  for (std::int64_t k = 0; k < count; ++k) {
    Xs one;
    for (const Tensor& x : varied) one.push_back(select(x, 0, k));
    const Xs results = f(one, same);
    REQUIRE(results.size() == got.size());
    for (std::size_t r = 0; r < results.size(); ++r) rows[r].push_back(results[r]);
  }
  INFO("seed " << seed << ", mapped " << mapped);
  for (std::size_t r = 0; r < got.size(); ++r) {
    INFO("result " << r << " of " << got.size());
    CHECK(close(got[r], stack(rows[r])));
  }
}

TEST_CASE("vmap of random functions and of their derivatives is a loop over the examples") {
  for (std::uint64_t seed = 0; seed < (sanitized ? 30 : 400); ++seed) check_seed(seed);
}

}  // namespace
}  // namespace xgrad::testing::vmap_random_test
