// Values that are joined are read where they lie.

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "autograd/autograd.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace join_test {

using namespace xgrad;
using fused::testing::InEngine;
using fused::testing::Threads;
using xgrad::testing::pick;
using xgrad::testing::Random;

namespace {

Tensor numbers(const Shape& shape, DType dtype, std::uint64_t seed) {
  Rng rng(seed);
  return cast(randint(shape, rng, -9, 10), dtype);
}

/// A view of this shape, of one of many kinds, of memory of its own.
Tensor some_view(const Shape& shape, DType dtype, Random& random) {
  const std::int64_t axis = pick(random, 0, shape.ndim() - 1), size = shape[axis];
  Shape larger = shape;
  switch (pick(random, 0, 8)) {
    case 0:
      return numbers(shape, dtype, random());
    case 1: {  // every other element, or backwards
      larger[axis] = 2 * size + 1;
      return slice(numbers(larger, dtype, random()), axis, 1, 2 * size + 1, 2);
    }
    case 2:
      return flip(numbers(shape, dtype, random()), axis);
    case 3: {
      if (size < 2) return numbers(shape, dtype, random());
      larger[axis] = size - 1;
      const std::int64_t before = pick(random, 0, 1);
      return pad(numbers(larger, dtype, random()), axis, before, 1 - before, 2.5);
    }
    case 4: {
      larger[axis] = 1;
      return broadcast_to(numbers(larger, dtype, random()), shape);
    }
    case 5: {
      const std::int64_t other = pick(random, 0, shape.ndim() - 1);
      std::swap(larger[axis], larger[other]);
      return transpose(numbers(larger, dtype, random()), axis, other);
    }
    case 6: {  // rows of a larger one
      larger[axis] = size + 3;
      return slice(numbers(larger, dtype, random()), axis, 2, 2 + size);
    }
    case 7: {  // what is computed, and moved then
      larger[axis] = size + 1;
      return slice(exp(numbers(larger, dtype, random()) * 0.25), axis, 1, size + 1);
    }
    default:  // a view of a view
      larger[axis] = size + 2;
      return flip(slice(numbers(larger, dtype, random()), axis, 1, 1 + size), axis);
  }
}

struct Joined {
  Tensor result;
  std::vector<Tensor> pieces;
};

Joined some_join(std::uint64_t seed, DType dtype) {
  Random random(seed);
  std::vector<std::int64_t> sizes;
  for (std::int64_t axes = pick(random, 1, 4); axes > 0; --axes) sizes.push_back(pick(random, 1, 7));
  if (seed % 10 == 0) sizes.back() = pick(random, 200, 700);  // long runs
  Shape shape(sizes);
  const std::int64_t axis = pick(random, 0, shape.ndim() - 1);
  Joined joined;
  for (std::int64_t count = pick(random, 2, 4); count > 0; --count) {
    shape[axis] = pick(random, 0, 6) == 0 ? 0 : pick(random, 1, 5);
    joined.pieces.push_back(shape[axis] == 0 ? zeros(shape, dtype) : some_view(shape, dtype, random));
  }
  if (random() % 4 == 0) joined.pieces.push_back(joined.pieces[0]);
  joined.result = concat(joined.pieces, axis);
  return joined;
}

}  // namespace

TEST_CASE("what is joined where it lies is what is joined from memory", "[views]") {
  int views = 0;
  for (const int threads : {1, 3})
    for (const DType dtype : {float32, float64})
      for (std::uint64_t seed = 0; seed < 600; ++seed) {
        CAPTURE(threads, dtype, seed);
        const Threads scope(threads);
        const Joined in_memory = some_join(seed, dtype), lazy = some_join(seed, dtype);
        evaluate(in_memory.pieces);
        if (seed % 3 == 0) evaluate(lazy.pieces[0]);
        views += plan({lazy.result}).find("copy of views: concat") != std::string::npos;
        REQUIRE(lazy.result.to_vector() == in_memory.result.to_vector());
      }
  if (engine() == "fused") CHECK(views > 600);
}

TEST_CASE("long and many runs are joined in blocks", "[views]") {
  for (const int threads : {1, 2}) {
    const Threads scope(threads);
    for (const auto& [rows, columns] : std::vector<std::pair<std::int64_t, std::int64_t>>{
             {3, 100'001}, {5000, 3}, {1000, 40}, {1, 70'000}, {300, 300}, {2, 32'768}}) {
      CAPTURE(rows, columns, threads);
      const Tensor x = numbers({rows, columns}, float32, 1);
      const Tensor y = numbers({rows, columns + 2}, float32, 3);
      const Tensor left = slice(x, 1, 0, columns / 2), right = slice(x, 1, columns / 2, columns);
      const auto joined = concat({left, right, slice(numbers({rows, 4}, float32, 2), 1, 0, 2)}, 1);
      CHECK(joined.to_vector() ==
            concat({numbers({rows, columns}, float32, 1), slice(numbers({rows, 4}, float32, 2), 1, 0, 2)}, 1)
                .to_vector());
      CHECK(roll(roll(y, 5, 1), -5, 1).to_vector() == y.to_vector());
      CHECK(roll(roll(y, 1, 0), -1, 0).to_vector() == y.to_vector());
    }
  }
}

TEST_CASE("the plan of a roll is one copy", "[plan]") {
  const InEngine scope("fused");
  const Tensor x = numbers({20, 30}, float32, 1);
  evaluate(x);
  CHECK(plan(roll(x, 3, 1)) == "1: copy of views: concat; reads 2.4 kB, writes 2.4 kB\n");
  const Tensor stacked = stack({x[0], x[5], x[3]}, 0);
  CHECK(plan(stacked) == "1: copy of views: concat; reads 2.4 kB, writes 360 B\n");
}

TEST_CASE("what is joined is read with the arguments of each evaluation", "[views]") {
  const Tensor x = numbers({50, 4}, float32, 1);
  for (std::int64_t i = 0; i < 40; ++i) {
    const Tensor y = concat({slice(x, 0, i, i + 3), slice(x, 0, 2 * i / 3, 2 * i / 3 + 2)}, 0);
    std::vector<double> expected;
    for (const std::int64_t row : {i, i + 1, i + 2, 2 * i / 3, 2 * i / 3 + 1})
      for (std::int64_t j = 0; j < 4; ++j) expected.push_back(x(row, j).item());
    CHECK(y.to_vector() == expected);
  }
}

TEST_CASE("joins differentiate, nest, and keep to a memory budget", "[views]") {
  Rng rng(4);
  const Parameter w(normal({6, 8}, rng, 0, 1, float64));
  const auto loss = [&](bool in_memory) {
    const Tensor x(w);
    const Tensor a = slice(tanh(x), 1, 0, 5), b = flip(slice(x, 1, 3, 8), 0);
    if (in_memory) evaluate({a, b});
    const Tensor joined = concat({a, b, concat({b, a}, 1)}, 1);
    if (in_memory) evaluate(joined);
    return sum(square(joined) * joined);
  };
  const Tensor lazy = grad(loss(false), Tensor(w)), eager = grad(loss(true), Tensor(w));
  CHECK(lazy.to_vector() == eager.to_vector());
  const fused::testing::WithinBudget budget(4096);
  CHECK(grad(loss(false), Tensor(w)).to_vector() == eager.to_vector());
}

}  // namespace join_test
