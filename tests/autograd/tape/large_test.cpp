// Graphs that are deep, wide, or have more paths than atoms in the room.

#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>

#include "autograd/autograd.hpp"
#include "autograd/tape/slab.hpp"
#include "tests/small_stack.hpp"

namespace xgrad::large_test {
namespace {

constexpr int length = 1000000;

Tensor chain(Tensor x, int count) {
  for (int i = 0; i < count; ++i) x = -x;
  return x;
}

TEST_CASE("a chain of a million entries is recorded, differentiated, evaluated and freed on a small stack") {
  const std::int64_t before = live_entries();
  double value = 0, slope = 0;
  on_small_stack([&] {
    const Tensor x = track(tensor(2.0)), y = chain(x, length);
    const Tensor gradient = grad(y, x);
    slope = gradient.item();
    value = y.item();
  });
  CHECK(value == 2);
  CHECK(slope == 1);
  CHECK(live_entries() == before);
}

TEST_CASE("a chain of a million entries is freed without having been used") {
  const std::int64_t before = live_entries();
  on_small_stack([&] {
    const Tensor tracked = chain(track(tensor(2.0)), length);
    const Tensor untracked = chain(tensor(2.0), 60000);  // not yet evaluated at all
    CHECK_FALSE(untracked.evaluated());
  });
  CHECK(live_entries() == before);
}

TEST_CASE("a chain that is half built when an error strikes is freed") {
  const std::int64_t before = live_entries();
  CHECK_THROWS_AS(on_small_stack([&] {
                    const Tensor x = chain(track(tensor({2.0, 1.0})), length / 2);
                    const Tensor bad = x + tensor({1.0, 2.0, 3.0});
                  }),
                  ShapeError);
  CHECK(live_entries() == before);
}

TEST_CASE("a million gradients through a chain, twice, with the graph kept") {
  on_small_stack([&] {
    const Tensor x = track(tensor(2.0)), y = chain(x, 100000);
    const Tensor first = grad(y * x, x, {.create_graph = true});
    CHECK(first.item() == 4);
    CHECK(grad(first, x).item() == 2);
    CHECK(grad(y * x, x).item() == 4);  // once more, from the same tape
  });
}

TEST_CASE("a million children of one leaf") {
  const std::int64_t before = live_entries();
  {
    const Tensor x = track(tensor(0.5, float64));
    Tensor total = x;
    for (int i = 1; i < length / 2; ++i) total = total + -x;  // two entries each
    CHECK(grad(total, x).item() == 2 - length / 2);
    CHECK(total.item() == 0.5 * (2 - length / 2));
  }
  CHECK(live_entries() == before);
}

TEST_CASE("one entry with a hundred thousand inputs") {
  std::vector<Tensor> parts;
  for (int i = 0; i < 100000; ++i) parts.push_back(track(tensor({double(i)}, float64)));
  const Tensor y = concat(parts);
  CHECK(y.shape() == Shape{100000});
  const Tensor loss = sum(y * y);
  const auto gradients = grad(loss, parts);
  CHECK(gradients[777].item() == 2 * 777);
  CHECK(gradients.back().item() == 2 * 99999);
}

TEST_CASE("a ladder with 2^60 paths is walked once per rung") {
  const std::int64_t before = live_entries();
  {
    const Tensor x = track(tensor(1.0, float64));
    Tensor y = x;
    for (int i = 0; i < 60; ++i) y = y + y;
    CHECK(grad(y, x).item() == 0x1p60);
    CHECK(y.item() == 0x1p60);
    CHECK(live_entries() - before < 1000);
  }
  CHECK(live_entries() == before);
}

TEST_CASE("a loop that never reads a value stays small") {
  Tensor x = tensor(1.0);
  const std::int64_t before = live_entries();
  for (int i = 0; i < 300000; ++i) x = x * 1;
  CHECK(live_entries() - before < 300000);
  CHECK(x.item() == 1);
}

TEST_CASE("nothing refers to itself: after a scope no entry is left") {
  const std::int64_t before = live_entries();
  {
    const Parameter w(tensor({1.0, 2.0}));
    const Tensor loss = sum(exp(w * w)), first = grad(loss, w, {.create_graph = true});
    const Tensor second = grad(sum(first * first), w, {.create_graph = true});
    backward(sum(second));
    w.gradient().to_vector();
    Parameter(w).assign(w - 0.1 * w.gradient());
    {
      const DifferentiableUpdates keep;
      Parameter(w).assign(w - 0.1 * second);
    }
    auto f = grad(grad([](const Tensor& x) { return sum(sin(x)); }));
    CHECK_THROWS_AS(f(tensor({1.0, 2.0})), GraphError);  // the gradient has two elements
    Tensor x = track(tensor(1.0));
    x = std::as_const(x);
    x = x * x;
    Tensor& same = x;
    x = std::move(same);
    CHECK(x.item() == 1);
  }
  CHECK(live_entries() == before);
}

}  // namespace
}  // namespace xgrad::large_test
