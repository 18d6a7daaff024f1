// Random tapes: the fused engine agrees with the reference kernels, and its bits do not depend on how a tape is
// evaluated.

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "autograd/engine/run/executor.hpp"
#include "tests/apart.hpp"
#include "tests/autograd/engine/random_tape.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace random_tape_test {

using namespace xgrad;
using xgrad::testing::RandomTape;

namespace {

using Values = std::vector<std::vector<double>>;

enum class Order { together, one_by_one, latest_first, in_parts };

struct Way {
  const char* name;
  Order order = Order::together;
  bool eager = false;
  const char* engine = "fused";
  const char* tier = nullptr;
  int threads = 1;
  std::size_t budget = 0;
};

constexpr Way together{.name = "together"};
const std::vector<Way> ways{
    {.name = "one by one", .order = Order::one_by_one},
    {.name = "one by one, latest first", .order = Order::latest_first},
    {.name = "in parts", .order = Order::in_parts},
    {.name = "eagerly", .eager = true},
    {.name = "interpreted", .tier = "interpreted"},
    {.name = "compiled at once", .tier = "compile-at-once"},
    {.name = "on 2 threads", .threads = 2},
    {.name = "on 3 threads", .threads = 3},
    {.name = "on 7 threads", .threads = 7},
    {.name = "within 16 KiB", .budget = 16384},
    {.name = "again"},
};

void evaluate_in(Order order, std::vector<Tensor> roots) {
  if (order == Order::latest_first) std::reverse(roots.begin(), roots.end());
  if (order == Order::in_parts) {
    std::vector<Tensor> some;
    for (std::size_t i = 0; i < roots.size(); i += 2) some.push_back(roots[i]);
    evaluate(some);
  }
  if (order == Order::together || order == Order::in_parts)
    evaluate(roots);
  else
    for (const Tensor& root : roots) evaluate(root);
}

Values compute(const Way& way, std::uint64_t seed, DType dtype) {
  const fused::testing::InEngine engine(way.engine);
  const fused::testing::WithinBudget budget(way.budget);
  const fused::testing::Threads threads(way.threads);
  const fused::testing::InTier in_tier(way.tier ? way.tier : tier());
  const detail::TapeScope<bool, &Tape::eager> eager(way.eager || Tape::current().eager);
  const std::vector<Tensor> roots = RandomTape(seed, dtype).roots();
  evaluate_in(way.order, roots);
  Values values;
  for (const Tensor& root : roots) values.push_back(root.to_vector());
  return values;
}

// The largest difference, relative to the size of the values.
double difference(const std::vector<double>& a, const std::vector<double>& b) {
  double scale = 1, worst = 0;
  for (const double value : a)
    if (std::isfinite(value)) scale = std::max(scale, std::abs(value));
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, apart(a[i], b[i]) / scale);
  }
  return worst;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return (std::isnan(x) && std::isnan(y)) || std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}

struct Seeds {
  std::uint64_t first = 0, count = 300;
};

// XGRAD_RANDOM_TAPES=10000 for a long run; XGRAD_RANDOM_TAPES=4000:1000 for those from 4000 on.
Seeds seeds() {
  Seeds result;
  const char* text = std::getenv("XGRAD_RANDOM_TAPES");
  if (!text) return result;
  char* end = nullptr;
  result.count = std::strtoull(text, &end, 10);
  if (*end == ':') {
    result.first = result.count;
    result.count = std::strtoull(end + 1, &end, 10);
  }
  INFO("XGRAD_RANDOM_TAPES=" << text);
  REQUIRE((*end == '\0' && result.count > 0));
  return result;
}

void for_each_seed(const std::function<void(std::uint64_t)>& body) {
  const auto [first, count] = seeds();
  for (std::uint64_t seed = first; seed < first + count; ++seed) body(seed);
}

}  // namespace

TEST_CASE("the fused engine agrees with the reference kernels on random tapes") {
  for_each_seed([](std::uint64_t seed) {
    const std::int64_t before = unplanned();
    const Values got = compute(together, seed, float64);
    INFO("seed " << seed);
    CHECK(unplanned() == before);
    const Values expected = compute({.name = "by the reference kernels", .engine = "reference"}, seed, float64);
    REQUIRE(expected.size() == got.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      INFO("root " << i);
      REQUIRE(expected[i].size() == got[i].size());
      CHECK(difference(expected[i], got[i]) <= 1e-9);
    }
  });
}

TEST_CASE("the fused engine computes the same bits of random tapes however they are evaluated") {
  for_each_seed([](std::uint64_t seed) {
    const DType dtype = seed % 2 == 0 ? float32 : float64;
    const Values expected = compute(together, seed, dtype);
    for (std::size_t turn = 0; turn < 4; ++turn) {
      const Way& way = ways[(seed / 2 * 4 + turn) % ways.size()];
      const Values got = compute(way, seed, dtype);
      REQUIRE(expected.size() == got.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        INFO("seed " << seed << ", " << way.name << ", root " << i);
        CHECK(same_bits(expected[i], got[i]));
      }
    }
  });
}

TEST_CASE("the fused engine computes the same bits of random tapes in the least memory") {
  for_each_seed([](std::uint64_t seed) {
    const DType dtype = seed % 2 == 0 ? float32 : float64;
    const Values expected = compute(together, seed, dtype);
    const Values got = compute({.name = "in the least memory", .budget = 1}, seed, dtype);
    REQUIRE(expected.size() == got.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      INFO("seed " << seed << ", root " << i);
      CHECK(same_bits(expected[i], got[i]));
    }
  });
}

}  // namespace random_tape_test
