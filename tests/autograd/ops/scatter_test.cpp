// Against plain loops over the indices, one after the other.

#include "autograd/ops/scatter.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/autograd/ops/points.hpp"
#include "tests/throws.hpp"

namespace xgrad::scatter_test {
namespace {

using Sizes = std::vector<std::int64_t>;

std::size_t flat(const Sizes& index, const Shape& shape) {
  std::int64_t place = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis)
    place = place * shape[static_cast<std::int64_t>(axis)] + index[axis];
  return static_cast<std::size_t>(place);
}

// For each element of x the elements of the source that arrive there, in order.
std::vector<Numbers> arrivals(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
  std::vector<Numbers> lists(static_cast<std::size_t>(x.numel()));
  const Numbers at = index.to_vector(), from = source.to_vector();
  for (std::int64_t i = 0; i < index.numel(); ++i) {
    Sizes place(static_cast<std::size_t>(index.ndim()));
    for (std::int64_t a = index.ndim(), rest = i; a-- > 0; rest /= index.size(a))
      place[static_cast<std::size_t>(a)] = rest % index.size(a);
    place[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(at[static_cast<std::size_t>(i)]);
    lists[flat(place, x.shape())].push_back(from[static_cast<std::size_t>(i)]);
  }
  return lists;
}

double made_of(const Numbers& list, ScatterReduction reduction) {
  double sum = 0, product = 1;
  for (const double each : list) sum += each, product *= each;
  switch (reduction) {
    case ScatterReduction::sum:
      return sum;
    case ScatterReduction::prod:
      return product;
    case ScatterReduction::mean:
      return sum / static_cast<double>(list.size());
    case ScatterReduction::max:
      return *std::ranges::max_element(list);
    case ScatterReduction::min:
      return *std::ranges::min_element(list);
  }
  return nan;
}

struct Example {
  Shape data, index;
  std::int64_t axis;
};
const Example examples[] = {
    {{5}, {9}, 0},           {{4, 3}, {6, 3}, 0},      {{4, 3}, {2, 5}, 1}, {{2, 3, 4}, {2, 7, 3}, -2},
    {{1}, {4}, 0},           {{3, 1}, {3, 1}, 1},      {{6}, {1}, 0},       {{3, 2}, {0, 2}, 0},
    {{300, 2}, {999, 2}, 0}, {{2, 3, 4}, {1, 2, 9}, 2}};
constexpr ScatterReduction reductions[] = {ScatterReduction::sum, ScatterReduction::prod, ScatterReduction::mean,
                                           ScatterReduction::max, ScatterReduction::min};

struct Operands {
  Tensor x, index, source;
  std::int64_t axis;

  Operands(const Example& example, DType dtype, std::uint64_t seed = 1) {
    Rng rng(seed);
    x = cast(randint(example.data, rng, -3, 4), dtype);
    axis = example.axis < 0 ? example.axis + example.data.ndim() : example.axis;
    index = randint(example.index, rng, 0, example.data[axis]);
    source = cast(randint(example.index, rng, -3, 4), dtype);
    evaluate(x, index, source);
  }
};

}  // namespace

TEST_CASE("of equal indices the last one is what scatter puts there") {
  for (const Example& example : examples)
    for (const DType dtype : {float32, float64, int64, boolean}) {
      const Operands given(example, dtype);
      Numbers expected = given.x.to_vector();
      const auto lists = arrivals(given.x, given.axis, given.index, given.source);
      for (std::size_t i = 0; i < lists.size(); ++i)
        if (!lists[i].empty()) expected[i] = lists[i].back();
      const Tensor y = scatter(given.x, example.axis, given.index, given.source);
      INFO(example.data << ' ' << example.index << ' ' << name(dtype));
      CHECK(y.dtype() == dtype);
      CHECK(y.to_vector() == expected);
    }
}

TEST_CASE("what meets at an index is added, multiplied, averaged or compared, with and without what is there") {
  for (const Example& example : examples)
    for (const ScatterReduction reduction : reductions)
      for (const bool include_self : {true, false})
        for (const DType dtype : {float32, float64, int64}) {
          if (dtype == int64 && reduction == ScatterReduction::mean) continue;
          const Operands given(example, dtype);
          Numbers expected = given.x.to_vector();
          auto lists = arrivals(given.x, given.axis, given.index, given.source);
          for (std::size_t i = 0; i < lists.size(); ++i) {
            if (lists[i].empty()) continue;
            if (include_self) lists[i].insert(lists[i].begin(), expected[i]);
            expected[i] = made_of(lists[i], reduction);
          }
          const Tensor y = scatter_reduce(given.x, example.axis, given.index, given.source, reduction, include_self);
          INFO(example.data << ' ' << example.index << ' ' << name(dtype) << ' ' << static_cast<int>(reduction));
          CHECK(y.dtype() == dtype);
          CHECK(same(y, expected, dtype == float32 ? 1e-6 : 1e-15));
          const Tensor tracked = scatter_reduce(dtype == int64 ? given.x : track(given.x), example.axis, given.index,
                                                given.source, reduction, include_self);
          CHECK(tracked.to_vector() == y.to_vector());
        }
}

TEST_CASE("scatters differentiate as their differences say") {
  Rng rng(5);
  const Tensor x = uniform({4, 3}, rng, 0.5, 2, float64), source = uniform({6, 2}, rng, 0.5, 2, float64);
  const Tensor index = tensor({{0, 3}, {2, 0}, {0, 3}, {0, 1}, {2, 3}, {0, 3}});
  CHECK_THAT([&](const Tensor& s, const Tensor& t) { return scatter(s * s, 0, index, t * t * t); },
             DifferentiatesCorrectly({x, source}).order(2));
  for (const ScatterReduction reduction : reductions)
    for (const bool include_self : {true, false})
      CHECK_THAT([&](const Tensor& s,
                     const Tensor& t) { return scatter_reduce(s * s, 0, index, t * t * t, reduction, include_self); },
                 DifferentiatesCorrectly({x, source}).order(2));
  CHECK_THAT(
      [&](const Tensor& s, const Tensor& t) {
        return put(s * s, tensor({1, 11, 1}), t * t, true);
      },
      DifferentiatesCorrectly({x, uniform({3}, rng, 0.5, 2, float64)}).order(2));
}

TEST_CASE("only the winner of a scatter has a derivative") {
  const Tensor x = track(tensor({1.0, nan, 3.0})), source = track(tensor({nan, 5.0, 6.0, inf}));
  const Tensor index = tensor({1, 0, 1, 0});
  const Tensor y = scatter(x, 0, index, source);
  CHECK(y.to_vector() == Numbers{inf, 6, 3});
  CHECK(grad(sum(y * tensor({2.0, 3.0, 4.0})), x).to_vector() == Numbers{0, 0, 4});
  CHECK(grad(sum(y * tensor({2.0, 3.0, 4.0})), source).to_vector() == Numbers{0, 0, 3, 2});
  CHECK(std::signbit(scatter(tensor({1.0}), 0, tensor({0}), tensor({-0.0})).item()));
}

TEST_CASE("equal extremes share the derivative evenly, what is there included") {
  const Tensor x = track(tensor({2.0, 5.0, inf, -inf, 7.0}, float64));
  const Tensor source = track(tensor({2.0, 2.0, 1.0, 5.0, inf, -inf, -inf, 0.1, 0.1, 0.1}, float64));
  const Tensor index = tensor({0, 0, 0, 1, 2, 3, 3, 4, 4, 4});
  const auto with = [&](bool include_self) {
    return scatter_reduce(x, 0, index, source, ScatterReduction::max, include_self);
  };
  CHECK(with(true).to_vector() == Numbers{2, 5, inf, -inf, 7});
  CHECK(with(false).to_vector() == Numbers{2, 5, inf, -inf, 0.1});
  const double third = 1.0 / 3;
  CHECK(grad(sum(with(true)), x).to_vector() == Numbers{third, 0.5, 0.5, third, 1});
  CHECK(grad(sum(with(true)), source).to_vector() == Numbers{third, third, 0, 0.5, 0.5, third, third, 0, 0, 0});
  CHECK(grad(sum(with(false)), x).to_vector() == Numbers{0, 0, 0, 0, 0});
  CHECK(grad(sum(with(false)), source).to_vector() == Numbers{0.5, 0.5, 0, 1, 1, 0.5, 0.5, third, third, third});
}

TEST_CASE("NaN is the extreme where it arrives, and nowhere else") {
  for (const ScatterReduction reduction : {ScatterReduction::max, ScatterReduction::min})
    for (const bool tracked : {true, false}) {
      const Tensor plain = tensor({nan, 1.0, 2.0, 3.0}), from = tensor({4.0, nan, 0.0, 2.0}),
                   index = tensor({1, 1, 2, 3});
      const Tensor x = tracked ? track(plain) : plain;
      const Tensor y = scatter_reduce(x, 0, index, from, reduction);
      const bool max = reduction == ScatterReduction::max;
      CHECK(same(y, {nan, nan, max ? 2.0 : 0.0, max ? 3.0 : 2.0}, 0));
      if (tracked) CHECK(same(grad(sum(y), x), {1, nan, max ? 1.0 : 0.0, max ? 1.0 : 0.0}, 0));
    }
}

TEST_CASE("products at an index have exact derivatives where factors are zero") {
  const Tensor x = track(tensor({3.0, 1.0, 2.0}, float64)), source = track(tensor({0.0, 2.0, 0.0, 0.0, 5.0}, float64));
  const Tensor index = tensor({0, 0, 1, 1, 2});
  const auto gradients = [&](bool include_self) {
    const Tensor y = scatter_reduce(x, 0, index, source, ScatterReduction::prod, include_self);
    CHECK(y.to_vector() == Numbers{0, 0, include_self ? 10.0 : 5.0});
    return grad(sum(y), {x, source}, {.create_graph = true, .allow_unused = true});
  };
  const auto with = gradients(true), without = gradients(false);
  CHECK(with[0].to_vector() == Numbers{0, 0, 5});
  CHECK(with[1].to_vector() == Numbers{6, 0, 0, 0, 2});
  CHECK(without[0].to_vector() == Numbers{0, 0, 0});
  CHECK(without[1].to_vector() == Numbers{2, 0, 0, 0, 1});
  // d2 / (ds_0 ds_1) = x_0, d2 / (ds_2 ds_3) = x_1
  CHECK(grad(sum(with[1]), source).to_vector() == Numbers{3, 3, 1, 1, 0});
}

TEST_CASE("products at an index are the same whether the indices are known or not") {
  Rng rng(3);
  const Tensor x = uniform({4, 5}, rng, -2, 2, float64), source = uniform({9, 5}, rng, -2, 2, float64);
  for (const std::int64_t most : {1, 2, 4}) {
    const Tensor known = randint({9, 5}, rng, 0, most);
    evaluate(known);
    for (const bool include_self : {true, false}) {
      const auto products = [&](const Tensor& index) {
        return scatter_reduce(x, 0, index, source, ScatterReduction::prod, include_self);
      };
      CHECK(same(products(known), products(known + zeros_like(known)).to_vector(), 1e-15));
    }
  }
}

TEST_CASE("numbers are put at flat places") {
  const Tensor x = tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  CHECK(put(x, tensor({{4, 0}, {4, 2}}), tensor({{7.0, 8.0}, {9.0, 10.0}})).to_vector() == Numbers{8, 2, 10, 4, 9, 6});
  CHECK(put(x, tensor({4, 4}), tensor({7.0, 8.0}), true).to_vector() == Numbers{1, 2, 3, 4, 20, 6});
  CHECK(put(x, tensor({5, 0}), 0.5).to_vector() == Numbers{0.5, 2, 3, 4, 5, 0.5});
  CHECK(put(x, zeros({0}, int64), zeros({0})).to_vector() == x.to_vector());
  CHECK(put(tensor(1), tensor(0), 9).item() == 9);
  CHECK(put(tensor({true, false}), tensor({1}), tensor({true})).to_vector() == Numbers{1, 1});
  CHECK(take(flatten(x), tensor({{5, 0}})).to_vector() == Numbers{6, 1});
  CHECK(scatter(x, 1, tensor({{2}, {0}}), 0).to_vector() == Numbers{1, 2, 0, 0, 5, 6});
}

TEST_CASE("scatters refuse what does not fit, and indices that are out of range, known or not") {
  const Tensor x = zeros({3, 2}), index = tensor({{0, 1}}), source = zeros({1, 2});
  throws<IndexError>("scatter: index 3 at place 1 of [1, 2] is out of range for an axis of size 3").by([&] {
    scatter(x, 0, tensor({{0, 3}}), source);
  });
  throws<IndexError>("scatter_reduce: index -1 at place 0 of [1, 2] is out of range for an axis of size 3").by([&] {
    scatter_reduce(x, 0, tensor({{-1, 0}}), source, ScatterReduction::max);
  });
  throws<IndexError>("put: index 6 at place 1 of [2] is out of range for an axis of size 6").by([&] {
    put(x, tensor({0, 6}), zeros({2}));
  });
  throws<IndexError>("scatter: scatter_argmax: index 4 at place 0 of [1, 2] is out of range for an axis of size 3")
      .by([&] {
        scatter(x, 0, tensor({{2, 0}}) * 2, source).to_vector();
      });
  throws<IndexError>("scatter_reduce: scatter_add: index 4 at place 0 of [1, 2] is out of range for an axis of size 3")
      .by([&] {
        scatter_reduce(x, 0, tensor({{2, 0}}) * 2, source, ScatterReduction::prod).to_vector();
      });
  throws<IndexError>("take: index -1 at place 0 of [1] is out of range for an axis of size 3").by([&] {
    take(x, tensor({-1}));
  });
  throws<DTypeError>("scatter: indices must be i64, got [1, 2] f32").by([&] { scatter(x, 0, source, source); });
  throws<ShapeError>("scatter: source and index differ: source [2] f32, index [1, 2] i64").by([&] {
    scatter(x, 0, index, zeros({2}));
  });
  throws<DTypeError>("scatter: dtypes differ: data [3, 2] f32, source [1, 2] f64").by([&] {
    scatter(x, 0, index, zeros({1, 2}, float64));
  });
  throws<AxisError>("scatter: axis 2 is out of range for 2 axes").by([&] { scatter(x, 2, index, source); });
  throws<ShapeError>("put: source and index differ: source [3] f32, index [2] i64").by([&] {
    put(x, tensor({0, 1}), zeros({3}));
  });
  throws<DTypeError>("scatter_reduce: needs numbers, got [2] bool").by([&] {
    scatter_reduce(tensor({true, false}), 0, tensor({0}), tensor({true}), ScatterReduction::max);
  });
  throws<DTypeError>("scatter_reduce: needs a floating dtype, got [2] i64").by([&] {
    scatter_reduce(tensor({1, 2}), 0, tensor({0}), tensor({1}), ScatterReduction::mean);
  });
}

TEST_CASE("scatters of many examples by vmap are those of each") {
  Rng rng(7);
  const Tensor x = uniform({3, 4, 2}, rng, -1, 1, float64), source = uniform({3, 5, 2}, rng, -1, 1, float64);
  const Tensor index = randint({3, 5, 2}, rng, 0, 4), list = randint({5}, rng, 0, 4);
  const auto agree = [](const Tensor& mapped, const std::function<Tensor(std::int64_t)>& one) {
    CHECK_THAT(mapped, AllClose(stack({one(0), one(1), one(2)})));
  };
  const auto put_there = [](const Tensor& a, const Tensor& i, const Tensor& b) { return scatter(a, 0, i, b); };
  agree(vmap(put_there)(x, index, source), [&](std::int64_t n) { return put_there(x[n], index[n], source[n]); });
  agree(vmap(put_there, {unmapped, 0, unmapped})(x[0], index, source[0]),
        [&](std::int64_t n) { return put_there(x[0], index[n], source[0]); });
  for (const ScatterReduction reduction : reductions) {
    const auto meet = [reduction](const Tensor& a, const Tensor& i, const Tensor& b) {
      return scatter_reduce(a, 0, i, b, reduction);
    };
    agree(vmap(meet, {0, unmapped, 0})(x, index[0], source),
          [&](std::int64_t n) { return meet(x[n], index[0], source[n]); });
    const auto slope = grad([&](const Tensor& b) { return sum(square(meet(x[0], index[0], b))); });
    agree(vmap(slope)(source), [&](std::int64_t n) { return slope(source[n]); });
  }
  // An index that is the same for all rows and columns, mapped or not, twice.
  const auto rows = [](const Tensor& a, const Tensor& i) { return take(a, i) * take(a, i, 0); };
  agree(vmap(rows, {0, unmapped})(x, list), [&](std::int64_t n) { return rows(x[n], list); });
  agree(vmap(rows, {unmapped, 0})(x[0], select(index, 2, 0)),
        [&](std::int64_t n) { return rows(x[0], index(n, all, 0)); });
  agree(vmap(rows)(x, select(index, 2, 0)), [&](std::int64_t n) { return rows(x[n], index(n, all, 0)); });
  agree(vmap(rows, {0, unmapped})(x, tensor({2})), [&](std::int64_t n) { return rows(x[n], tensor({2})); });
  const auto added = [](const Tensor& a, const Tensor& i, const Tensor& b) { return index_add(a, 0, i, b); };
  agree(vmap(added, {0, unmapped, 0})(x, list, source), [&](std::int64_t n) { return added(x[n], list, source[n]); });
  agree(vmap(added, {unmapped, 0, 0})(x[0], select(index, 2, 0), source),
        [&](std::int64_t n) { return added(x[0], index(n, all, 0), source[n]); });
  const auto columns = [](const Tensor& a, const Tensor& i) { return take(a, i, 1); };
  const auto twice = vmap(vmap(columns, {unmapped, 0}), {0, unmapped})(x, randint({4, 3}, rng, 0, 2));
  CHECK(twice.shape() == Shape{3, 4, 4, 3});
  const Tensor inner = randint({4, 3}, rng, 0, 2);
  agree(vmap(vmap(columns, {unmapped, 0}), {0, unmapped})(x, inner), [&](std::int64_t n) {
    return stack({columns(x[n], inner[0]), columns(x[n], inner[1]), columns(x[n], inner[2]), columns(x[n], inner[3])});
  });
  agree(vmap(vmap(columns, {0, unmapped}), {unmapped, 0})(x, inner(slice(0, 3))), [&](std::int64_t n) {
    return stack({columns(x[0], inner[n]), columns(x[1], inner[n]), columns(x[2], inner[n])});
  });
}

TEST_CASE("an undefined operand of a scatter is an error") {
  const Tensor x = ones({2}), index = tensor({0}), source = ones({1}), none;
  CHECK_THROWS_AS(scatter(none, 0, index, source), GraphError);
  CHECK_THROWS_AS(scatter(x, 0, none, source), GraphError);
  CHECK_THROWS_AS(scatter(x, 0, index, none), GraphError);
  CHECK_THROWS_AS(scatter_reduce(x, 0, index, none, ScatterReduction::max), GraphError);
  CHECK_THROWS_AS(put(none, index, source), GraphError);
  CHECK_THROWS_AS(put(x, none, source), GraphError);
  CHECK_THROWS_AS(put(x, index, none), GraphError);
}

}  // namespace xgrad::scatter_test
