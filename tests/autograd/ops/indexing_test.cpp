#include "autograd/ops/indexing.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <sstream>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::indexing_test {
namespace {

using Numbers = std::vector<double>;

/// Element [i, j, k] is 100 i + 10 j + k.
Tensor cube() {
  Numbers numbers;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k) numbers.push_back(100 * i + 10 * j + k);
  return tensor(numbers, Shape{2, 3, 4}, float64);
}

void gives(const Tensor& part, const Shape& shape, const Numbers& elements) {
  CHECK(part.shape() == shape);
  CHECK(part.to_vector() == elements);
}

TEST_CASE("numbers take one index of their axis, which goes, and count from the end when negative") {
  const Tensor x = cube();
  gives(x(1), {3, 4}, {100, 101, 102, 103, 110, 111, 112, 113, 120, 121, 122, 123});
  gives(x[1], {3, 4}, x(1).to_vector());
  gives(x[-1], {3, 4}, x(1).to_vector());
  gives(x(0, -1), {4}, {20, 21, 22, 23});
  gives(x(1, 2, 3), {}, {123});
  CHECK(x[1][2][3].item() == 123);
  const std::size_t last = 1;
  CHECK(x(last, std::uint8_t{2}, -4).item() == 120);
}

TEST_CASE("slices follow Python's rules") {
  const Tensor v = arange(6);
  const auto python = [](std::optional<std::int64_t> start, std::optional<std::int64_t> stop, std::int64_t step) {
    Numbers picked;  // CPython's slice.indices, for six elements
    const auto bound = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
      return at < 0 ? std::max(at + 6, low) : std::min(at, high);
    };
    const std::int64_t low = step < 0 ? -1 : 0, high = step < 0 ? 5 : 6;
    const std::int64_t first = start ? bound(*start, low, high) : step < 0 ? high : low;
    const std::int64_t last = stop ? bound(*stop, low, high) : step < 0 ? low : high;
    for (std::int64_t at = first; step < 0 ? at > last : at < last; at += step)
      picked.push_back(static_cast<double>(at));
    return picked;
  };
  std::vector<std::optional<std::int64_t>> bounds{{}};
  for (std::int64_t at = -8; at <= 8; ++at) bounds.push_back(at);
  for (const auto& start : bounds)
    for (const auto& stop : bounds)
      for (const std::int64_t step : {-7, -2, -1, 1, 2, 7})
        CHECK(v(slice(start, stop, step)).to_vector() == python(start, stop, step));
  gives(cube()(all, slice(1, {}), slice({}, {}, -3)), {2, 2, 2}, {13, 10, 23, 20, 113, 110, 123, 120});
  CHECK(v(slice(2, 2)).shape() == Shape{0});
}

TEST_CASE("all, ellipsis and newaxis stand for whole axes and new ones") {
  const Tensor x = cube();
  gives(x(all, 0, 1), {2}, {1, 101});
  gives(x(all(), 0, 1), {2}, {1, 101});
  gives(x(ellipsis, 1), {2, 3}, {1, 11, 21, 101, 111, 121});
  gives(x(0, ellipsis, 1), {3}, {1, 11, 21});
  gives(x(0, 0, 0, ellipsis), {}, {0});
  CHECK(x(newaxis).shape() == Shape{1, 2, 3, 4});
  CHECK(x(all, newaxis, 0).shape() == Shape{2, 1, 4});
  CHECK(x(newaxis, ellipsis, newaxis).shape() == Shape{1, 2, 3, 4, 1});
  CHECK(x(ellipsis).entry() == x.entry());
  CHECK(x(all, all).entry() == x.entry());
  gives(tensor(2.5)(newaxis, newaxis), {1, 1}, {2.5});
}

TEST_CASE("an int64 Tensor picks along one axis, and its axes stand there") {
  const Tensor x = cube(), list = tensor({2, 0, 2});
  gives(x(0, list, 1), {3}, {21, 1, 21});
  CHECK(x(all, list).shape() == Shape{2, 3, 4});
  gives(x(all, list)(1, all, 0), {3}, {120, 100, 120});
  gives(x(1, tensor({{0, 1}, {2, 2}}), 3), {2, 2}, {103, 113, 123, 123});
  CHECK(x(ellipsis, tensor({{0, 1, 2}})).shape() == Shape{2, 3, 1, 3});
  CHECK(x(newaxis, list(slice(1, {}))(newaxis) * 0).shape() == Shape{1, 1, 2, 3, 4});
  gives(x(tensor(1), 2, tensor(3)), {}, {123});  // without axes it is a number
  CHECK(x(tensor(std::vector<int>{})).shape() == Shape{0, 3, 4});
}

TEST_CASE("a part of a Parameter is a part of its value") {
  const Parameter w(cube());
  gives(w(1, 2, slice(1, 3)), {2}, {121, 122});
  gives(w[0][0], {4}, {0, 1, 2, 3});
  CHECK(grad(sum(w(1, 2, slice(1, 3))), w)(1, 2).to_vector() == Numbers{0, 1, 1, 0});
}

TEST_CASE("parts differentiate, to the second order") {
  Rng rng(1);
  const Tensor x = normal({3, 4, 2}, rng, 0, 1, float64), list = tensor({{0, 2}, {3, 0}});
  const auto parts = [list](const Tensor& t) {
    const Tensor some = t(1, slice({}, {}, -2)) * t(-1, slice(1, 3)), more = t(all, list, 0), one = t[0](ellipsis, 1);
    return sum(exp(some)) + sum(more * more * more) + sum(sin(one(newaxis)));
  };
  CHECK_THAT(parts, DifferentiatesCorrectly(x).order(2));
}

TEST_CASE("parts of nothing have no elements") {
  const Tensor none = zeros({0, 3});
  CHECK(none(all, 1).shape() == Shape{0});
  CHECK(none(slice(0, 5)).shape() == Shape{0, 3});
  CHECK(none(all, tensor({0, 1})).shape() == Shape{0, 2});
  throws<IndexError>("index: 0 is out of range for axis 0 of [0, 3] f32").by([&] { return none(0); });
}

TEST_CASE("a part that is not there is an error that names the index, the axis and the Tensor") {
  const Tensor x = cube(), mask = x > 3;
  throws<IndexError>("index: 2 is out of range for axis 0 of [2, 3, 4] f64").by([&] { return x(2); });
  throws<IndexError>("index: -4 is out of range for axis 1 of [2, 3, 4] f64").by([&] { return x(0, -4); });
  throws<IndexError>("index: 4 is out of range for axis 2 of [2, 3, 4] f64").by([&] { return x(ellipsis, 4); });
  throws<IndexError>("index: 2 is out of range for axis 0 of [2, 3, 4] f64").by([&] { return x[2]; });
  throws<IndexError>("index: 9223372036854775807 is out of range for axis 0 of [2, 3, 4] f64").by([&] {
    return x(std::size_t{0} - 1);
  });
  throws<AxisError>("index: 4 indices for [2, 3, 4] f64").by([&] { return x(0, 0, 0, 0); });
  throws<AxisError>("index: 1 indices for [] f32").by([&] { return tensor(1.0)[0]; });
  throws<ValueError>("index: more than one ellipsis").by([&] { return x(ellipsis, 0, ellipsis); });
  throws<ValueError>("index: slice: the step is 0").by([&] { return x(slice(0, 1, 0)); });
  throws<DTypeError>(
      "index: [2, 3, 4] bool is a mask, and how many elements it picks only its values tell; where(mask, x, 0) keeps "
      "the shape")
      .by([&] { return x(mask); });
  throws<DTypeError>("index: take: indices must be i64, got [1] f32").by([&] { return x(tensor({0.0})); });
  throws<ValueError>("index: more than one index of [2, 3, 4] f64 is a Tensor").by([&] {
    return x(tensor({0}), tensor({0}));
  });
  throws<GraphError>("index: the Tensor is undefined").by([&] { return Tensor()(0); });
  throws<GraphError>("index: an index is an undefined Tensor").by([&] { return x(Tensor()); });
  CHECK_THROWS_AS(x(0, tensor({3})), IndexError);
  CHECK_THROWS_AS(x(0, tensor({-1})), IndexError);
  CHECK_THROWS_AS(x(0, tensor({2}) + 1).to_vector(), IndexError);  // known only when it is computed
}

TEST_CASE("where numpy would move the axes of an index Tensor to the front, two steps are asked for") {
  const Tensor x = cube(), list = tensor({2, 0});
  const std::string text =
      "index: a number and an index Tensor stand apart, where numpy moves axes to the front; read in two steps, the "
      "numbers first: x(0)(all, index)";
  throws<ValueError>(text).by([&] { return x(0, all, list); });
  throws<ValueError>(text).by([&] { return x(tensor({0}), ellipsis, 0); });
  throws<ValueError>(text).by([&] { return x(0, newaxis, list); });
  gives(x(0)(all, list), {3, 2}, {2, 0, 12, 10, 22, 20});
}

TEST_CASE("unbind takes apart what stack joins") {
  const Tensor x = cube();
  const std::vector<Tensor> rows = unbind(x), columns = unbind(x, -1);
  CHECK(rows.size() == 2);
  gives(rows[1], {3, 4}, x(1).to_vector());
  gives(columns[2], {2, 3}, x(ellipsis, 2).to_vector());
  CHECK(stack(columns, -1).to_vector() == x.to_vector());
  CHECK(unbind(zeros({0, 2})).empty());
  throws<AxisError>("unbind: size: axis 0 is out of range for 0 axes").by([&] { return unbind(tensor(1.0)); });
  CHECK_THAT([](const Tensor& t) { return unbind(t, 1)[2] * unbind(t, 1)[0]; }, DifferentiatesCorrectly(x / 100));
}

TEST_CASE("unbind adds up few elements more than there are on the way back") {
  for (const std::int64_t count : {1, 2, 3, 7, 64}) {
    const Tensor x = track(reshape(arange(0, static_cast<double>(3 * count), 1, float64), {count, 3}));
    const std::vector<Tensor> rows = unbind(x);
    Tensor total = zeros({3}, float64), expected = zeros({3}, float64);
    for (std::int64_t i = 0; i < count; ++i) {
      CHECK(rows[static_cast<std::size_t>(i)].to_vector() == x(i).to_vector());
      total = total + rows[static_cast<std::size_t>(i)] * static_cast<double>(i + 1);
    }
    const Tensor slope = grad(sum(total), x);
    std::istringstream tape(print_tape(slope, 10000));
    const std::string whole = "[" + std::to_string(count) + ", 3]";
    int pads = 0, pads_to_whole = 0;
    for (std::string line; std::getline(tape, line);) {
      if (line.find(" = pad(") == std::string::npos) continue;
      ++pads;
      pads_to_whole += line.find(whole) != std::string::npos;
    }
    CHECK(pads == 2 * (count - 1));
    CHECK(pads_to_whole == (count > 1 ? 2 : 0));
    for (std::int64_t i = 0; i < count; ++i) CHECK(slope(i).to_vector() == Numbers(3, static_cast<double>(i + 1)));
  }
}

TEST_CASE("a part cannot be assigned to: it would change nothing") {
  STATIC_REQUIRE_FALSE(std::is_assignable_v<decltype(cube()[0]), Tensor>);
  STATIC_REQUIRE_FALSE(std::is_assignable_v<decltype(cube()(0, all)), const Tensor&>);
  STATIC_REQUIRE(std::is_assignable_v<Tensor&, decltype(cube()[0])>);
}

template <class X, class... I>
concept Indexable = requires(const X& x, const I&... i) {
  x(i...);
};

TEST_CASE("what is no index does not compile") {
  STATIC_REQUIRE(Indexable<Tensor, int, IndexRange, Ellipsis, NewAxis, Tensor>);
  STATIC_REQUIRE_FALSE(Indexable<Tensor, double>);
  STATIC_REQUIRE_FALSE(Indexable<Tensor, bool>);
  STATIC_REQUIRE_FALSE(Indexable<Tensor, std::nullptr_t>);
  STATIC_REQUIRE_FALSE(Indexable<Tensor>);
}

}  // namespace
}  // namespace xgrad::indexing_test
