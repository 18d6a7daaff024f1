// Programs write where their results are joined.

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/plan/quarters.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace join_programs_test {

using namespace xgrad;
using fused::testing::InEngine;
using fused::testing::Threads;
using xgrad::testing::pick;
using xgrad::testing::quarters;
using xgrad::testing::Random;

namespace {

/// What some program computes, of this shape.
Tensor computed(const Shape& shape, DType dtype, Random& random) {
  const Tensor x = quarters(shape, dtype, random());
  Shape larger = shape, column = shape;
  switch (pick(random, 0, 9)) {
    case 0:
      return tanh(x) * 0.5;
    case 1:  // a vector for each row
      return exp(x) + quarters({shape.back()}, dtype, random());
    case 2:  // a number for each row
      column[shape.ndim() - 1] = 1;
      return x * nn::sigmoid(quarters(column, dtype, random()));
    case 3:
      return softmax(x);
    case 4: {
      const Tensor c = x - mean(x, -1, keep_dims);
      return c * rsqrt(mean(square(c), -1, keep_dims) + 0.5);
    }
    case 5:  // where a view lies
      larger[shape.ndim() - 1] += 3;
      return exp(slice(quarters(larger, dtype, random()), -1, 1, 1 + shape.back()));
    case 6:
      return x;  // nothing is computed
    case 7:
      return flip(x, 0);
    case 8:  // what is computed is read by a program, and once more
      return square(exp(x) + 1.0);
    default:  // the numbers of masks, and a narrower copy
      return where(x < 0.5, sin(x), 2.0 * x);
  }
}

struct Joined {
  std::vector<Tensor> pieces;
  std::int64_t axis = 0;
  Tensor result() const { return concat(pieces, axis); }
};

Joined some_join(std::uint64_t seed, DType dtype) {
  Random random(seed);
  const std::int64_t widths[] = {1, 3, 8, 63, 64, 65, 100, 128, 700};
  std::vector<std::int64_t> sizes;
  for (std::int64_t axes = pick(random, 0, 2); axes > 0; --axes) sizes.push_back(pick(random, 1, 9));
  sizes.push_back(widths[pick(random, 0, 8)]);
  Shape shape(sizes);
  Joined joined{{}, pick(random, 0, shape.ndim() - 1)};
  for (std::int64_t count = pick(random, 1, 4); count > 0; --count) {
    if (joined.axis + 1 < shape.ndim() || pick(random, 0, 2) == 0)
      shape[joined.axis] = joined.axis + 1 < shape.ndim() ? pick(random, 0, 5) : widths[pick(random, 0, 8)];
    joined.pieces.push_back(shape[joined.axis] == 0 ? zeros(shape, dtype) : computed(shape, dtype, random));
    if (random() % 5 == 0) joined.pieces.push_back(cos(joined.pieces.back()));  // two results of one program
  }
  if (random() % 6 == 0) joined.pieces.push_back(joined.pieces[0]);
  return joined;
}

std::vector<double> values(const Tensor& x) { return x.to_vector(); }

/// The number of the first element that differs, or -1.
std::ptrdiff_t difference(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = values(a), y = values(b);
  const auto [at, other] = std::mismatch(x.begin(), x.end(), y.begin(), y.end());
  return at == x.end() && other == y.end() ? -1 : at - x.begin();
}

/// The result of a join whose pieces nobody holds.
Tensor unheld(Joined joined) { return joined.result(); }

bool writes_joined(const std::string& plan) { return plan.find("join: concat of program") != std::string::npos; }

}  // namespace

TEST_CASE("what programs write where it is joined is what is joined from memory", "[joins][views][threads]") {
  int programs = 0;
  for (const int threads : {1, 3})
    for (const DType dtype : {float32, float64})
      for (std::uint64_t seed = 0; seed < 400; ++seed) {
        CAPTURE(threads, dtype, seed);
        const Threads scope(threads);
        const Joined in_memory = some_join(seed, dtype);
        evaluate(in_memory.pieces);
        const Tensor lazy = unheld(some_join(seed, dtype));
        const std::string planned = plan(lazy);
        CAPTURE(planned);
        programs += writes_joined(planned);
        REQUIRE(difference(lazy, in_memory.result()) == -1);
      }
  if (engine() == "fused") CHECK(programs > 400);
}

TEST_CASE("pieces that somebody holds have their values beside the join", "[joins][views]") {
  for (const DType dtype : {float32, float64})
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      CAPTURE(dtype, seed);
      const Joined in_memory = some_join(seed, dtype), held = some_join(seed, dtype);
      evaluate(in_memory.pieces);
      const Tensor joined = held.result(), other = sum(held.pieces[0]);
      evaluate({joined, other});
      CHECK(difference(joined, in_memory.result()) == -1);
      for (std::size_t i = 0; i < held.pieces.size(); ++i) CHECK(difference(held.pieces[i], in_memory.pieces[i]) == -1);
    }
}

TEST_CASE("long rows are written where they are joined, in every tier", "[joins][threads]") {
  for (const int threads : {1, 2, 5}) {
    const Threads scope(threads);
    for (const auto& [rows, columns] : std::vector<std::array<std::int64_t, 2>>{{3, 40'000}, {500, 64}, {2000, 65}}) {
      CAPTURE(threads, rows, columns);
      const Tensor x = quarters({rows, columns}, float32, 1), y = quarters({rows, columns}, float32, 2);
      const Tensor tanh_x = tanh(x), norm_y = softmax(y);
      evaluate({tanh_x, norm_y});
      for (int time = 0; time < 30; ++time) {  // machine code takes over meanwhile
        const Tensor joined = [&] { return concat({tanh(x), x, softmax(y)}, 1); }();
        REQUIRE(difference(slice(joined, 1, 0, columns), tanh_x) == -1);
        REQUIRE(difference(slice(joined, 1, 2 * columns, 3 * columns), norm_y) == -1);
      }
    }
  }
}

TEST_CASE("the plan of a join of what is computed is one task", "[joins][plan]") {
  const InEngine scope("fused");
  const Tensor a = quarters({64, 128}, float32, 1), b = quarters({64, 70}, float32, 2);
  const Tensor beside = [&] { return concat({tanh(a), exp(b)}, 1); }();
  CHECK(plan(beside) ==
        "1: join: concat of program [64, 128]: tanh, program [64, 70]: exp; reads 50.7 kB, writes 50.7 kB, computes "
        "12.7 kop\n");
  const Tensor one = [&] { return concat({sin(a), cos(a)}, 1); }();
  CHECK(plan(one) ==
        "1: join: concat of program [64, 128]: sin cos; reads 32.8 kB, writes 65.5 kB, computes 16.4 kop\n");
  const Tensor stacked = [&] { return stack({softmax(a), b[0][0] * a}, 0); }();
  CHECK(writes_joined(plan(stacked)));
  const Tensor narrow = [&] { return concat({tanh(slice(a, 1, 0, 60)), exp(b)}, 1); }();
  CHECK(plan(narrow).find("join: concat of program [64, 70]: exp;") != std::string::npos);
}

TEST_CASE("joins of what is computed differentiate, nest, and keep to a memory budget", "[joins][views]") {
  Rng rng(4);
  const Parameter w(normal({6, 80}, rng, 0, 1, float64));
  const auto loss = [&](bool in_memory) {
    const Tensor x(w);
    const auto held = [&](Tensor t) {
      if (in_memory) evaluate(t);
      return t;
    };
    const Tensor joined =
        held(concat({held(exp(x)), held(softmax(x)), held(concat({held(x * 2.0), held(sin(x))}, 1))}, 1));
    return sum(square(joined) * joined);
  };
  const Tensor lazy = grad(loss(false), Tensor(w)), eager = grad(loss(true), Tensor(w));
  CHECK(values(lazy) == values(eager));
  const fused::testing::WithinBudget budget(8192);
  CHECK(values(grad(loss(false), Tensor(w))) == values(eager));
}

TEST_CASE("a Parameter becomes a join of what is computed from it", "[joins][donation]") {
  Parameter w(quarters({8, 128}, float32, 3));
  const Tensor start = w.value() + 0.0;
  evaluate(start);
  for (int step = 0; step < 3; ++step) w.assign(concat({slice(w, 1, 64, 128) * 0.5, tanh(slice(w, 1, 0, 64))}, 1));
  Tensor expected = start;
  for (int step = 0; step < 3; ++step) {
    const Tensor a = slice(expected, 1, 64, 128) * 0.5, b = tanh(slice(expected, 1, 0, 64));
    evaluate({a, b});
    expected = concat({a, b}, 1);
    evaluate(expected);
  }
  CHECK(values(w.value()) == values(expected));
}

}  // namespace join_programs_test
