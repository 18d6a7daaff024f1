// Which plans are remembered, and by whom they are used.

#include "autograd/engine/run/plan_cache.hpp"

#include <atomic>
#include <thread>

#include "autograd/engine/rows/shared_programs.hpp"
#include "optim/optim.hpp"
#include "tests/autograd/engine/agreement.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace xgrad::plan_cache_test {
namespace {

using fused::plan_bytes;
using fused::plan_memory;
using fused::plans_kept;
using fused::plans_made;
using fused::set_plan_memory;
using fused::testing::InTier;

// Other room for plans, and nothing in it at first, until the end of the scope.
class PlanMemory {
 public:
  explicit PlanMemory(std::size_t bytes) : before_(plan_memory()) {
    set_plan_memory(0);
    set_plan_memory(bytes);
  }
  ~PlanMemory() { set_plan_memory(before_); }
  PlanMemory(const PlanMemory&) = delete;
  PlanMemory& operator=(const PlanMemory&) = delete;

 private:
  std::size_t before_;
};

bool is_fused() { return engine() == "fused"; }

/// One plan for each size.
void check_sum(std::int64_t size) {
  REQUIRE(sum(full({size}, 1, float64) * numbers({size}, 1) * 0.0 + 2.0).item<double>() ==
          static_cast<double>(2 * size));
}
std::int64_t plans_of(std::int64_t first, std::int64_t count) {
  const std::int64_t before = plans_made();
  for (std::int64_t size = first; size < first + count; ++size) check_sum(size);
  return plans_made() - before;
}

TEST_CASE("plans take no more memory than they may, and those that are gone are made again", "[plan-cache]") {
  if (!is_fused()) return;
  const PlanMemory scope(100'000);
  for (int round = 0; round < 3; ++round) {
    plans_of(1, 300);
    CHECK(plan_bytes() <= 100'000);
    CHECK(plans_kept() < 200);
  }
  set_plan_memory(0);
  CHECK(plans_kept() == 1);  // the newest one
  check_sum(300);
}

// The plan that came first with a program goes, the one that is used keeps it.
TEST_CASE("programs take no more memory than plans may, whichever plans share them", "[plan-cache]") {
  if (!is_fused()) return;
  constexpr std::size_t most = 1'000'000;
  const PlanMemory scope(most);
  std::size_t largest = 0;
  for (unsigned bits = 0; bits < 500; ++bits) {
    const auto compute = [&](std::int64_t columns) {
      const Tensor x = full({3, columns}, 0.5, float64) + 0.0;
      Tensor y = x;
      for (unsigned i = 0; i < 9; ++i) y = bits >> i & 1 ? y + x : y * x;
      y.to_vector();
    };
    compute(70);
    for (int use = 0; use < 4; ++use) compute(71);
    largest = std::max(largest, fused::shared_program_bytes());
    REQUIRE(plan_bytes() >= fused::shared_program_bytes());
  }
  CHECK(largest <= most);
}

TEST_CASE("what comes in a cycle that is longer than the room for plans is not planned each time", "[plan-cache]") {
  if (!is_fused()) return;
  const PlanMemory scope(100'000);
  plans_of(1, 300);
  const auto room = static_cast<std::int64_t>(plans_kept());
  for (const std::int64_t times : {2, 3}) {
    plans_of(1, times * room);
    // A part of the room is for those that are new.
    for (int round = 0; round < 20; ++round) CHECK(plans_of(1, times * room) < times * room - room * 3 / 4);
  }
}

TEST_CASE("plans that are used often stay while many others come and go", "[plan-cache]") {
  if (!is_fused()) return;
  const PlanMemory scope(100'000);
  std::int64_t again = 0;
  for (std::int64_t other = 1000; other < 2000; ++other) {
    plans_of(other, 1);
    const std::int64_t made = plans_of(1, 20);
    if (other > 1010) again += made;
  }
  CHECK(again == 0);
}

TEST_CASE("plans that were used often make room for others that are now", "[plan-cache]") {
  if (!is_fused()) return;
  const PlanMemory scope(100'000);
  plans_of(1, 300);
  const auto room = static_cast<std::int64_t>(plans_kept()), some = room * 3 / 4;
  for (int round = 0; round < 50; ++round) plans_of(1, room);
  for (int round = 0; round < 20; ++round) plans_of(1001, some);
  CHECK(plans_of(1001, some) == 0);
}

// What a training step is made of, on a thread of its own.
std::vector<double> train(int steps) {
  std::vector<double> result;
  std::thread([&] {
    Parameter weight(numbers({6, 5}, 1)), bias(numbers({5}, 2));
    optim::Optimizer optimizer({weight, bias}, optim::adam(1e-2));
    const Tensor data = numbers({30, 6}, 3);
    for (std::int64_t i = 0; i < steps; ++i) {
      const Tensor y = softmax(matmul(slice(data, 0, i % 20, i % 20 + 10), weight) + bias, -1);
      optimizer.step(grad(sum(square(y)), {weight, bias}));
    }
    result = weight.value().to_vector();
  }).join();
  return result;
}

TEST_CASE("a thread runs the plans of another", "[plan-cache][threads]") {
  const std::vector<double> expected = train(5);
  const std::int64_t before = plans_made();
  CHECK(train(5) == expected);
  CHECK(plans_made() == before);
}

TEST_CASE("the first step of an optimiser has the plan of the others", "[plan-cache]") {
  if (!is_fused()) return;
  for (const optim::Transformation& rule :
       {optim::adam(1e-2), optim::adam(1e-2, {.amsgrad = true}), optim::adamw(1e-2), optim::radam(1e-2),
        optim::nadam(1e-2), optim::sgd(1e-2, {.momentum = 0.9}), optim::rmsprop(1e-2), optim::adagrad(1e-2)}) {
    Parameter weight(numbers({6, 5}, 1));
    optim::Optimizer optimizer({weight}, rule);
    const auto step = [&] {
      const std::int64_t before = plans_made();
      optimizer.step(grad(sum(square(weight + 1.0)), {weight}));
      return plans_made() - before;
    };
    step();
    CHECK(step() == 0);
  }
}

TEST_CASE("many threads run one plan at the same time, whatever becomes of its programs meanwhile",
          "[plan-cache][threads]") {
  const Tensor x = numbers({7, 300}, 1), wide = numbers({7, 300}, 2), narrow = numbers({50, 9}, 3);
  const auto all = [&](int which) {
    const Tensor a = x * 1.0, b = which % 2 ? wide * 1.0 : a;  // which may be one
    const Tensor s = softmax(a * b, -1);
    Roots roots = {s, sum(s * b, 0), exp(a) * b + a, sum(softmax(narrow * narrow, -1), 0)};
    roots.push_back(tanh(matmul(a, transpose(b)) + 1.0));
    roots.push_back(sum(slice(a, 1, which % 50, which % 50 + 200), 1));
    evaluate(roots);
    std::vector<std::vector<double>> values;
    for (const Tensor& root : roots) values.push_back(root.to_vector());
    return values;
  };
  std::vector<std::vector<std::vector<double>>> expected;
  for (int which = 0; which < 10; ++which) expected.push_back(all(which));
  for (const char* tier : {"compiled", "compile-at-once"}) {
    const InTier scope(tier);
    set_plan_memory(0);  // fresh plans and programs, for all at once
    set_plan_memory(std::size_t{1} << 28);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 150; ++i)
          if (all((i + t) % 10) != expected[static_cast<std::size_t>((i + t) % 10)]) ++wrong;
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
  }
}

TEST_CASE("a plan for another shape has the programs of those before", "[plan-cache]") {
  if (!is_fused()) return;
  const PlanMemory scope(std::size_t{1} << 28);
  const auto step = [](std::int64_t rows) {
    check_agreement([&] {
      const Tensor x = track(numbers({rows, 70}, 1)), y = softmax(x * 2.0 + 1.0, -1);
      return Roots{y, grad(sum(y * y), x)};
    });
  };
  step(10);
  const std::size_t programs = fused::shared_programs();
  CHECK(programs > 0);
  for (std::int64_t rows = 11; rows < 30; ++rows) step(rows);
  CHECK(fused::shared_programs() == programs);
}

TEST_CASE("a program is shared as long as somebody holds it", "[plan-cache]") {
  const std::size_t before = fused::shared_programs();
  const auto program = [](fused::Code code, fused::Pointer::Shape shape) {
    fused::Program made;
    made.dtype = float64;
    made.pointers = {{}, {shape, false, false}, {}, {}, {}, {}, {}};  // more than it needs, so that it is no other's
    const fused::Ref a{fused::Ref::Kind::pointer, 0}, b{fused::Ref::Kind::pointer, 1};
    made.phases = {{{{code, {a, b, {}}}, {fused::Code::store, {{fused::Ref::Kind::value, 0}, {}, {}}, 6}}, {}}};
    return made;
  };
  using Shape = fused::Pointer::Shape;
  {
    const auto one = shared_program(program(fused::Code::add, Shape::full));
    const auto other = shared_program(program(fused::Code::sub, Shape::full));
    const auto alike = shared_program(program(fused::Code::add, Shape::vector));
    CHECK(one == shared_program(program(fused::Code::add, Shape::full)));
    CHECK(one != other);
    CHECK(one != alike);
    CHECK(fused::shared_programs() == before + 3);
  }
  CHECK(fused::shared_programs() == before);
}

}  // namespace
}  // namespace xgrad::plan_cache_test
