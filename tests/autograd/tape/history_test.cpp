// What stays in memory, and for how long.

#include "autograd/tape/history.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <thread>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/engine/run/executor.hpp"
#include "autograd/tape/slab.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/apart.hpp"
#include "tests/sanitized.hpp"
#include "tests/skip.hpp"
#include "tests/throws.hpp"

namespace xgrad::history_test {
namespace {

std::int64_t computed_by(const Tensor& x) {
  const std::int64_t before = entries_computed();
  evaluate(x);
  return entries_computed() - before;
}

/// As many assignments as it takes until nothing is released any more.
void assign_often(const Parameter& parameter) {
  for (int i = 0; i < 3; ++i) Parameter(parameter).assign(parameter.value() * 1);
}

}  // namespace

TEST_CASE("what somebody holds is computed once, and what nobody holds stays the second time", "[history]") {
  if (engine() == "reference") return skip("the reference engine keeps the value of every entry that it computes");
  const Tensor x = tensor({1.0, 2.0});
  const Tensor held = exp(x) + 1;
  CHECK(computed_by(sum(held * 2)) > 0);
  CHECK(held.evaluated());

  Tensor first, second, third;
  {
    const Tensor inner = exp(x) * 3 + 1;
    first = inner + 1, second = inner + 2, third = inner + 3;
  }
  const std::int64_t once = computed_by(first);
  CHECK(computed_by(second) == once);
  CHECK(computed_by(third) < once);
}

TEST_CASE("views and constants that somebody holds take no memory", "[history]") {
  if (engine() == "reference") return skip("the reference engine keeps the value of every entry that it computes");
  const Tensor x = tensor({1.0, 2.0}), source = exp(x);
  const Tensor wide = broadcast_to(source, {100, 2}), turned = transpose(wide), zero = zeros({100, 2});
  const Tensor shaped = reshape(source, {2, 1});
  sum(wide + transpose(turned) + zero + transpose(shaped)).item();
  CHECK_FALSE(wide.evaluated());
  CHECK_FALSE(turned.evaluated());
  CHECK_FALSE(zero.evaluated());
  CHECK(source.evaluated());
  REQUIRE(shaped.evaluated());
  CHECK(shaped.data<float>().data() == source.data<float>().data());
}

TEST_CASE("stop_gradient shares the value, in either order", "[history]") {
  const Parameter w(tensor({1.0, 2.0}));
  const Tensor before = exp(w), early = stop_gradient(before);
  CHECK_FALSE(early.evaluated());
  evaluate(before);
  const Tensor late = stop_gradient(before);
  for (const Tensor& stopped : {early, late}) {
    REQUIRE(stopped.evaluated());
    CHECK_FALSE(stopped.tracked());
    CHECK(stopped.entry()->input_count == 0);
    CHECK(stopped.data<float>().data() == before.data<float>().data());
  }
}

TEST_CASE("an assignment computes what is pending and held", "[history]") {
  Parameter w(tensor({1.0, 2.0}));
  const Tensor sums = sum(exp(w)), other = exp(tensor({3.0}));
  w.assign(w.value() * 2);
  CHECK(sums.evaluated());
  CHECK(other.evaluated());
}

TEST_CASE("a history that no derivative can want is released, and an error says why", "[history]") {
  Parameter w(tensor({1.0, 2.0}));
  const Tensor loss = sum(exp(w * 2));
  loss.item();
  CHECK(loss.entry()->input_count > 0);
  assign_often(w);
  CHECK(loss.entry()->input_count == 0);
  CHECK(loss.tracked());
  throws<GraphError>("grad: Parameter 0 ([2] f32) was assigned since the loss was recorded; record the loss again")
      .by([&] { grad(loss, w); });
}

TEST_CASE("a history stays as long as somebody holds what a derivative can be asked by", "[history]") {
  Parameter w(tensor({1.0, 2.0}, float64)), kept(tensor({0.5, 0.25}, float64));
  const Tensor x = track(tensor({3.0, 4.0}, float64));
  const Tensor by_x = sum(w * x * x), by_kept = sum(sin(kept * w));
  evaluate({by_x, by_kept});
  assign_often(w);
  CHECK(grad(by_x, x).to_vector() == std::vector{6.0, 16.0});
  CHECK(grad(by_kept, kept).to_vector() ==
        (cos(kept * tensor({1.0, 2.0}, float64)) * tensor({1.0, 2.0}, float64)).to_vector());
  CHECK(by_x.entry()->input_count > 0);
  CHECK(by_kept.entry()->input_count > 0);
}

TEST_CASE("derivatives by what was there before two assignments are refused, rather than incomplete", "[history]") {
  Parameter w(tensor({1.0, 2.0}));
  const Tensor x = track(tensor({3.0, 4.0})), old = w, inner = exp(w * 2);
  const Tensor loss = sum(square(inner)) + sum(inner * x) + sum(old * 2);
  loss.item();
  CHECK(grad(loss, inner).to_vector() == (2 * inner + x).to_vector());
  w.assign(w.value() * 2);
  CHECK(grad(loss, inner).to_vector() == (2 * inner + x).to_vector());
  assign_often(w);
  CHECK(grad(loss, x).to_vector() == inner.to_vector());
  const std::string why =
      " was there before Parameters were assigned, and what was computed from it has let go of it since; ask before "
      "the "
      "step, or make it with track()";
  throws<GraphError>("grad: input 0 ([2] f32)" + why).by([&] { grad(loss, inner); });
  throws<GraphError>("grad: input 0 ([2] f32)" + why).by([&] { grad(loss, old); });
  throws<GraphError>("backward: the Parameters were assigned since the loss ([] f32) was recorded; record it again")
      .by([&] { backward(loss); });
}

TEST_CASE("derivatives may always be asked by the value that differentiable updates gave a Parameter", "[history]") {
  Parameter w(tensor({1.0, -2.0})), other(tensor({1.0}));
  {
    const DifferentiableUpdates updates;
    w.assign(w * 2);
  }
  for (int round = 0; round < 4; ++round) {
    const Tensor loss = sum(square(w));
    loss.item();
    assign_often(other);
    CHECK(grad(loss, w).to_vector() == std::vector{4.0, -8.0});
  }
}

TEST_CASE("an unrelated Parameter is told from one that was assigned", "[history]") {
  const Parameter w(tensor({1.0}));
  Parameter other(tensor({1.0}));
  const Tensor x = track(tensor({2.0})), loss = sum(square(x));
  loss.item();
  assign_often(other);
  CHECK(grad(loss, x).to_vector() == std::vector{4.0});
  CHECK_THROWS_WITH(grad(loss, w), Catch::StartsWith("grad: the loss does not depend on input 0 ([1] f32)"));
}

TEST_CASE("what differentiable updates recorded stays, and so do checkpoints", "[history]") {
  Parameter rate(tensor(0.1, float64)), w(tensor({1.0, -2.0}, float64));
  const Tensor through_checkpoint = sum(checkpoint([&](const Tensor& r) { return exp(r * 2) * r; }, rate.value()));
  through_checkpoint.item();
  const auto hypergradient = [&] {
    const DifferentiableUpdates updates;
    optim::Optimizer optimizer({w}, optim::sgd(rate));
    for (int i = 0; i < 3; ++i) optimizer.step({grad(sum(square(w)), w, {.create_graph = true})});
    return sum(square(w));
  }();
  hypergradient.item();
  Parameter other(tensor({1.0}));
  assign_often(other);
  // w_3 = (1 - 2 r)^3 w_0
  CHECK(grad(hypergradient, rate).item() == Approx(-12 * std::pow(0.8, 5) * 5));
  CHECK(grad(through_checkpoint, rate).item() == Approx(std::exp(0.2) * 1.2));
}

// A random program in which somebody lets go of things: run with and without assignments in between, which look through
// the histories, it has the same derivatives to the last bit, of all that is still held by all that is still held.
std::vector<std::vector<double>> derivatives_of_random_program(std::uint64_t seed, bool assigning) {
  Rng rng(seed);
  Parameter other(tensor({1.0, -0.5}, float64)), w(tensor({0.3, -0.2}, float64));
  // Two that derivatives may be asked by at any time, and some that are old values of a Parameter when it is assigned.
  std::vector<Tensor> held{track(tensor({0.5, 0.25}, float64)), w.value()};
  for (int i = 0; i < 4; ++i) held.push_back(sin(other.value() * (1 + i)));
  const auto any = [&] { return held[rng.below(held.size())]; };
  for (int step = 0; step < 60; ++step) {
    const std::uint64_t choice = rng.below(10);
    if (choice < 2) held.push_back(tanh(any()) * any());
    if (choice == 2) held.push_back(any() + any());
    if (choice == 3) held.push_back(concat({slice(any(), 0, 0, 1), slice(sin(any()), 0, 1, 2)}, 0));
    if (choice == 4) held.push_back(checkpoint([](const Tensor& x) { return exp(x * 0.5) - x; }, any()));
    if (choice == 5) held.push_back(stop_gradient(any()) * any());
    if (choice == 6) evaluate(any());
    if (choice == 7 && held.size() > 3)
      held.erase(held.begin() + 2 + static_cast<std::ptrdiff_t>(rng.below(held.size() - 2)));
    if (choice == 8) {
      const Tensor y = any(), x = held[rng.below(2)];
      const GradOptions nested{.create_graph = true, .allow_unused = true};
      held.push_back(grad(sum(y), x, nested) + any() * 0.1);
    }
    if (choice == 9 && assigning) assign_often(other);
  }
  if (assigning) assign_often(other);
  std::vector<std::vector<double>> all;
  for (const Tensor& y : held)
    for (std::size_t i = 0; i < held.size(); ++i) {
      try {
        all.push_back(grad(sum(y), held[i], {.allow_unused = true}).to_vector());
      } catch (const GraphError&) {
        REQUIRE((assigning && i >= 2));  // what was computed on the way may be refused
        all.push_back({});
      }
    }
  return all;
}

TEST_CASE("what is released changes no derivative", "[history]") {
  const std::uint64_t seeds = sanitized ? 10 : 100;
  std::size_t compared = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto expected = derivatives_of_random_program(seed, false), got = derivatives_of_random_program(seed, true);
    compared += expected.size();
    INFO("seed " << seed);
    REQUIRE(expected.size() == got.size());
    bool same = true;
    for (std::size_t i = 0; i < got.size(); ++i) {
      refused += got[i].empty();
      for (std::size_t j = 0; j < got[i].size(); ++j) same = same && apart(got[i][j], expected[i][j]) == 0;
    }
    CHECK(same);
  }
  CHECK(compared > 10 * seeds);
  CHECK(refused > 0);
  CHECK(refused < compared / 2);
}

namespace {
// y = x. What it holds may do anything when it goes.
struct Holding : Operation<Holding> {
  static constexpr auto id = "custom_holding";
  static constexpr bool mergeable = false;
  std::shared_ptr<void> held;
  explicit Holding(std::shared_ptr<void> what) : held(std::move(what)) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const { return g; }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    std::copy_n(inputs[0].as<float>(), y.numel(), y.as<float>());
  }
};
}  // namespace

TEST_CASE("what is recorded while histories are looked through is listed, too", "[history]") {
  Parameter w(tensor({1.0, 2.0}));
  std::vector<Tensor> late;
  const auto record_much = [&late, w](void*) {
    for (int i = 0; i < 5000; ++i) late.push_back(w.value() * i);
  };
  const Tensor y = exp(record(Location::current(), Holding(std::shared_ptr<void>(nullptr, record_much)), sin(w * 1)));
  evaluate(y);
  REQUIRE(late.empty());
  assign_often(w);
  REQUIRE(late.size() == 5000);
  w.assign(w.value() + 1);
  for (const Tensor& each : late) REQUIRE(each.evaluated());
  CHECK(late[7].to_vector() == std::vector{7.0, 14.0});
}

TEST_CASE("another thread may let go of histories while this one looks through them", "[history][threads]") {
  Parameter w(tensor({1.0, 2.0}));
  for (int round = 0; round < 20; ++round) {
    std::vector<Tensor> handed;
    for (int i = 0; i < 200; ++i) handed.push_back(sum(exp(w * double(i))));
    evaluate(handed);
    std::thread other([handed = std::move(handed)]() mutable {
      while (!handed.empty()) handed.pop_back();
    });
    for (int i = 0; i < 20; ++i) assign_often(w);
    other.join();
  }
  const std::int64_t before = live_entries();
  assign_often(w);
  CHECK(live_entries() <= before);
}

TEST_CASE("several Tensors are evaluated at once", "[history]") {
  const Tensor x = tensor({1.0}), a = exp(x), b = sin(x), c = cos(x), d = tan(x);
  evaluate(a, b);
  evaluate({c, d});
  for (const Tensor& each : {a, b, c, d}) CHECK(each.evaluated());
  throws<GraphError>("evaluate: an undefined Tensor").by([&] { evaluate(a, Tensor()); });
}

TEST_CASE("a memory report names the lines that hold most", "[history]") {
  const Tensor large = ones({1000, 100}) * 2;
  const auto line = Location::current().line() - 1;
  evaluate(large);
  const Tensor pending = sum(large);
  const MemoryReport report = memory_report();
  CHECK(report.live == memory_use().live);
  REQUIRE(!report.lines.empty());
  const MemoryLine& first = report.lines[0];
  CHECK(first.where.line() == line);
  CHECK(first.bytes >= 400'000);
  const auto at = std::ranges::find(report.lines, line + 3, [](const MemoryLine& each) { return each.where.line(); });
  REQUIRE(at != report.lines.end());
  CHECK(at->pending >= 1);
  CHECK(report.to_string(1).find("history_test.cpp:" + std::to_string(line)) != std::string::npos);
}

}  // namespace xgrad::history_test
