// What makes a plan another one, and what does not: how many plans are made for steps that differ.

#include <array>

#include "autograd/engine/plan/plan.hpp"
#include "autograd/engine/run/plan_key.hpp"
#include "tests/autograd/engine/agreement.hpp"
#include "tests/autograd/engine/plan/stages.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace xgrad::plan_key_test {
namespace {

using fused::plans_made;
using fused::testing::InTier;
using fused::testing::WithinBudget;

// How many plans are made while this is done; none by the reference engine.
template <class Body>
std::int64_t plans_of(Body body) {
  const std::int64_t before = plans_made();
  body();
  return plans_made() - before;
}

// A step of a linear regression on the rows from `first` on, which are picked and put back in all ways.
Roots step(const Tensor& data, std::int64_t first, std::int64_t second) {
  const Tensor weight = track(numbers({4}, 7)), rows = slice(data, 0, first, first + 3), row = select(data, 0, second);
  const Tensor x = track(exp(rows * 0.5)), apart = slice(x, 1, second % 2, second % 2 + 3);
  const Tensor padded = pad(apart, 1, second % 2, 1 - second % 2, 0.25);
  const Tensor loss =
      sum(square(padded * weight + row)) + sum(slice(x, 0, 1, 3) * slice(x, 0, second % 2, second % 2 + 2));
  Roots roots = grad(loss, {weight, x});
  roots.push_back(loss);
  roots.push_back(concat({rows, x}, 0));
  roots.push_back(slice(cast(data * 100, int64), 0, first, first + 3));  // by its reference kernel
  return roots;
}

TEST_CASE("a plan serves slices and pads wherever they begin", "[key]") {
  const Tensor data = numbers({40, 4}, 1);
  const auto all = [&] {
    for (std::int64_t first = 0; first < 37; ++first)
      for (const std::int64_t second : {3, 5}) check_agreement([&] { return step(data, first, second); });
  };
  SECTION("in any tier") {
    for (const char* tier : {"interpreted", "compiled", "compile-at-once"}) {
      const InTier scope(tier);
      CHECK(plans_of(all) <= 4);
    }
  }
  SECTION("within a budget") {
    const WithinBudget scope(1500);
    CHECK(plans_of(all) <= 4);
  }
}

TEST_CASE("a plan serves the parts of a long list wherever their slices begin", "[key]") {
  const Tensor data = numbers({40, 4}, 1);
  const auto steps = [&](std::int64_t first) {
    check_agreement([&] {
      const Undivided whole;
      Tensor x = numbers({3, 4}, 2), all = zeros({3, 4}, float64);
      for (std::int64_t i = 0; i < 1500; ++i) {
        x = sin(x) + slice(data, 0, (first + i) % 30, (first + i) % 30 + 3);
        all = all + pad(slice(x, 0, i % 2, i % 2 + 2), 0, i % 2, 1 - i % 2);
      }
      return Roots{x, all};
    });
  };
  steps(0);
  CHECK(plans_of([&] {
          for (std::int64_t first = 1; first < 30; first += 7) steps(first);
        }) == 0);
}

TEST_CASE("slices that begin at one place are one value, in the plan and in its key", "[key]") {
  const Tensor data = numbers({9, 2}, 1);
  const auto product = [&](std::int64_t a, std::int64_t b) {
    // Of values that are the same, too: which of them are equal is asked for all that may be one.
    check_agreement([&] { return Roots{slice(data * 2, 0, a, a + 3) * exp(slice(data * 2, 0, b, b + 3))}; });
  };
  product(4, 4);
  product(1, 2);
  CHECK(plans_of([&] {
          for (const auto& [a, b] : {std::pair{0, 5}, {3, 3}, {5, 0}, {0, 0}, {4, 2}}) product(a, b);
        }) == 0);
}

TEST_CASE("where slices of two leaves begin is not compared", "[key]") {
  const Tensor x = numbers({9, 2}, 1), y = numbers({9, 2}, 2);
  const auto product = [&](std::int64_t a, std::int64_t b) {
    check_agreement([&] { return Roots{slice(x, 0, a, a + 3) * slice(y, 0, b, b + 3)}; });
  };
  product(1, 2);
  CHECK(plans_of([&] {
          for (const auto& [a, b] : {std::pair{0, 5}, {3, 3}, {5, 0}, {0, 0}}) product(a, b);
        }) == 0);
}

TEST_CASE("how long a slice is, its step and its axis are part of the key", "[key]") {
  const Tensor data = numbers({12, 12}, 1);
  for (int round = 0; round < 2; ++round)
    for (const auto& [axis, end, step] : {std::array{0, 6, 1}, {0, 5, 1}, {0, 12, 2}, {1, 6, 1}, {0, 6, 1}})
      check_agreement([&, axis = axis, end = end, step = step] { return Roots{exp(slice(data, axis, 0, end, step))}; });
}

TEST_CASE("numbers beside Tensors are arguments of a plan", "[key]") {
  const Tensor x = numbers({5, 3}, 1), whole = tensor({1, 2, 3});
  const auto all = [&](double a, std::int64_t b) {
    check_agreement([&] {
      return Roots{clamp(pow(abs(x) * a, a + 2) - a * 3, -a, a), where(x > a, x / a, a), cast(whole * b + b, float64)};
    });
  };
  all(0.5, 3);
  CHECK(plans_of([&] {
          for (int i = 1; i < 20; ++i) all(0.5 + 0.01 * i, 3 + i);
        }) == 0);
}

// y_i = x_(i - by), around the end; `scale` says which multiple of it, and is an argument of the plan as well.
struct Roll : Operation<Roll> {
  static constexpr auto id = "custom_roll";
  std::int64_t by;
  double scale;
  Roll(std::int64_t by_, double scale_) : by(by_), scale(scale_) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    const std::int64_t n = y.numel();
    for (std::int64_t i = 0; i < n; ++i) y.as<double>()[(i + by) % n] = scale * inputs[0].as<double>()[i];
  }
  void describe(Fields& fields) const override {
    fields.dynamic("by", by);
    fields.dynamic("scale", scale);
  }
};

TEST_CASE("primitives made outside say which of their arguments are dynamic", "[key]") {
  const Tensor x = numbers({7}, 1);
  const auto rolled = [&](std::int64_t by, double scale) {
    return record(Location::current(), Roll(by, scale), x * 2);
  };
  const auto all = [&](std::int64_t a, std::int64_t b, double s, double t) {
    check_agreement([&] { return Roots{rolled(a, s) + 2 * rolled(b, t)}; });
  };
  all(1, 2, 1, 1);
  all(1, 1, 1, 2);
  all(1, 1, 1, 1);
  all(1, 2, 1, 2);
  CHECK(plans_of([&] {
          for (const std::int64_t a : {0, 1, 2, 3})
            for (const double s : {0.0, -0.0, 2.0, 3.0}) all(a, 2, s, 2);
        }) == 0);
}

TEST_CASE("the key numbers leaves and constants in order of first use, and leaves the values of constants out",
          "[key][stages]") {
  using fused::testing::Stages;
  const Tensor x = numbers({3}, 1), y = numbers({3}, 2);
  const auto words = [](const Stages& stages) {
    const auto all = stages.key.words();
    return std::vector(all.begin(), all.end());
  };
  const auto stages = [&](double a, double b) { return Roots{exp(y * a) * b + x * a}; };
  const Stages first(stages(2, 3));
  const std::vector<std::uint64_t> of_first = words(first);
  CHECK(first.key.inputs().leaves.size() == 2);
  CHECK(first.key.inputs().constants.size() == 2);
  const Stages others(stages(4, 5)), equal(stages(4, 4));
  CHECK(words(others) == of_first);
  CHECK(words(equal) != of_first);
  CHECK(equal.key.inputs().constants == std::vector<double>{4});
}

}  // namespace
}  // namespace xgrad::plan_key_test
