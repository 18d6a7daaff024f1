#include "autograd/ops/order.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/autograd/ops/bits.hpp"
#include "tests/throws.hpp"

namespace xgrad::order_test {
namespace {

using Numbers = std::vector<double>;
constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

// NaN equals NaN.
bool same(const Numbers& a, const Numbers& b) {
  return std::ranges::equal(a, b, [](double x, double y) { return x == y || (x != x && y != y); });
}

// By comparing, NaN last.
std::vector<std::int64_t> sorted_places(const Numbers& x, bool descending) {
  std::vector<std::int64_t> places(x.size());
  std::iota(places.begin(), places.end(), 0);
  const auto below = [](double a, double b) { return a < b || (a == a && b != b); };
  std::ranges::stable_sort(places, [&](std::int64_t i, std::int64_t j) {
    const double a = x[static_cast<std::size_t>(i)], b = x[static_cast<std::size_t>(j)];
    return descending ? below(b, a) : below(a, b);
  });
  return places;
}

}  // namespace

TEST_CASE("the first few of many are those of a whole sort, among ties, infinities and NaN, too") {
  Rng rng(7);
  for (const std::int64_t size : {300, 1000, 5000})
    for (const DType dtype : {float32, float64, int64}) {
      std::vector<double> numbers;
      for (std::int64_t i = 0; i < 2 * size; ++i) {
        const std::uint64_t kind = rng.below(40);
        numbers.push_back(static_cast<double>(rng.below(60)) - 30);
        if (dtype != int64 && kind == 0) numbers.back() = NAN;
        if (dtype != int64 && kind == 1) numbers.back() = INFINITY;
        if (dtype != int64 && kind == 2) numbers.back() = -0.0;
      }
      const Tensor x = tensor(numbers, {2, size}, dtype);
      for (const bool largest : {true, false})
        for (const std::int64_t k : {1, 2, 17, 37, 124}) {
          const Tensor all = argsort(x, 1, largest);
          CHECK(topk(x, k, 1, largest).indices.to_vector() == slice(all, 1, 0, k).to_vector());
          const Tensor turned = topk(transpose(x), k, 0, largest).indices;
          CHECK(turned.to_vector() == transpose(slice(all, 1, 0, k)).to_vector());
        }
    }
}

namespace {

// Rows in which the first few are hard to find: drawn, equal, in either order, and with more NaN, infinities or
// extremes than are looked for.
std::vector<Numbers> hard_rows(std::int64_t size, DType dtype, Rng& rng) {
  const double most = dtype == int64 ? 9e15 : inf;
  std::vector<Numbers> rows(8, Numbers(static_cast<std::size_t>(size), 0.0));
  for (std::size_t i = 0; i < rows[0].size(); ++i) {
    const auto at = static_cast<double>(i), drawn = static_cast<double>(rng.below(1'000'000)) - 5e5;
    const bool rare = rng.below(8) == 0;
    rows[0][i] = drawn;
    rows[1][i] = i % 3 == 0 ? -0.0 : 0.0;
    rows[2][i] = at;
    rows[3][i] = -at;
    rows[4][i] = dtype == int64 ? drawn : rare ? drawn : nan;
    rows[5][i] = rare ? -most : most;
    rows[6][i] = rare ? drawn : -most;
    rows[7][i] = dtype == int64 ? most : nan;
  }
  return rows;
}

}  // namespace

TEST_CASE("the first few of short and long rows are those of plain loops, whatever the rows are made of") {
  Rng rng(8);
  for (const DType dtype : {float32, float64, int64})
    for (const std::int64_t size : {64, 65, 95, 96, 257, 1000, 1024, 16384, 16385})
      for (const Numbers& numbers : hard_rows(size, dtype, rng)) {
        const Tensor x = tensor(numbers, {size}, dtype);
        for (const bool largest : {true, false}) {
          const std::vector<std::int64_t> places = sorted_places(x.to_vector(), largest);
          for (const std::int64_t k : {std::int64_t{1}, std::int64_t{2}, size / 32, size / 32 + 1}) {
            INFO(name(dtype) << ' ' << size << ' ' << largest << ' ' << k);
            CHECK(std::ranges::equal(topk(x, k, 0, largest).indices.data<std::int64_t>(),
                                     std::span(places).first(static_cast<std::size_t>(k))));
          }
        }
      }
}

TEST_CASE("numbers of any kind and number are sorted, what is equal stays in order") {
  for (const DType dtype : {float32, float64, int64})
    for (const std::int64_t n : {1, 2, 7, 200, 201, 3000}) {
      Rng rng(static_cast<std::uint64_t>(n));
      Tensor x = cast(randint({n}, rng, -n / 2 - 1, n / 2 + 1), dtype);
      if (is_floating(dtype) && n > 100) {
        Numbers wild = (x * 0.1).to_vector();
        wild[3] = nan, wild[50] = -nan, wild[60] = inf, wild[61] = -inf, wild[62] = -0.0, wild[63] = 0.0,
        wild[64] = std::numeric_limits<float>::denorm_min();
        x = tensor(wild, dtype);
      }
      for (const bool descending : {false, true}) {
        const auto [values, indices] = sort(x, 0, descending);
        const std::vector<std::int64_t> expected = sorted_places(x.to_vector(), descending);
        INFO(name(dtype) << ' ' << n << ' ' << descending);
        CHECK(std::ranges::equal(indices.data<std::int64_t>(), expected));
        CHECK(same(values.to_vector(), take(x, tensor(expected)).to_vector()));
      }
    }
  CHECK(argsort(tensor({-3, 5, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}))
            .to_vector() == Numbers{2, 0, 1, 3});
  CHECK(argsort(tensor({true, false, true})).to_vector() == Numbers{1, 0, 2});
  CHECK(sort(zeros({0})).values.shape() == Shape{0});
  CHECK(sort(zeros({2, 0, 3}), 1).indices.shape() == Shape{2, 0, 3});
}

TEST_CASE("any axis is sorted") {
  const Tensor x = tensor({{3.0, 1.0, 2.0}, {0.0, 5.0, 4.0}});
  CHECK(sort(x).values.to_vector() == Numbers{1, 2, 3, 0, 4, 5});
  CHECK(sort(x).indices.to_vector() == Numbers{1, 2, 0, 0, 2, 1});
  CHECK(sort(x, 0).values.to_vector() == Numbers{0, 1, 2, 3, 5, 4});
  CHECK(sort(x, 0, true).values.to_vector() == Numbers{3, 5, 4, 0, 1, 2});
  throws<AxisError>("argsort: axis 2 is out of range for 2 axes").by([&] { argsort(x, 2); });
}

TEST_CASE("the first, the last and the middle") {
  const Tensor x = tensor({{3.0, 1.0, 2.0, 9.0}, {0.0, 5.0, 4.0, 1.0}});
  CHECK(topk(x, 2).values.to_vector() == Numbers{9, 3, 5, 4});
  CHECK(topk(x, 2).indices.to_vector() == Numbers{3, 0, 1, 2});
  CHECK(topk(x, 1, 0, false).values.to_vector() == Numbers{0, 1, 2, 1});
  CHECK(topk(x, 0).values.shape() == Shape{2, 0});
  CHECK(kthvalue(x, 2).values.to_vector() == Numbers{2, 1});
  CHECK(kthvalue(x, 4, -1, keep_dims).indices.to_vector() == Numbers{3, 1});
  CHECK(kthvalue(x, 4, -1, keep_dims).values.shape() == Shape{2, 1});
  CHECK(median(x, 1).to_vector() == Numbers{2, 1});
  CHECK(median(x).item() == 2);
  CHECK(median(tensor({4, 1, 3})).item() == 3);
  CHECK(same(median(tensor({{1.0, nan, 2.0}, {1.0, 2.0, 3.0}}), 1).to_vector(), {nan, 2}));
  CHECK(quantile(x, 0.5).item() == Approx(2.5));
  CHECK(quantile(x, 0, 1).to_vector() == Numbers{1, 0});
  CHECK(quantile(x, 1, 1, keep_dims).to_vector() == Numbers{9, 5});
  CHECK(quantile(tensor({0.0, 10.0}), 0.25).item() == 2.5);
  CHECK(quantile(tensor({-inf, 1.0, inf}), 0.5).item() == 1);
  CHECK(same(quantile(tensor({1.0, nan}), 0).to_vector(), {nan}));
  throws<ValueError>("topk: 5 of 4 elements").by([&] { topk(x, 5); });
  throws<ValueError>("kthvalue: the 0-th of 4 elements").by([&] { kthvalue(x, 0); });
  throws<ValueError>("quantile: 1.5 is not between 0 and 1").by([&] { quantile(x, 1.5); });
  throws<ValueError>("median: axis 0 of [0] f32 has no elements").by([&] { median(zeros({0}), 0); });
  throws<DTypeError>("quantile: needs a floating dtype, got [2] i64").by([&] { quantile(tensor({1, 2}), 0.5, 0); });
}

TEST_CASE("what is counted") {
  CHECK(unique(tensor({3, 1, 3, 2, 1})).to_vector() == Numbers{1, 2, 3});
  CHECK(same(unique(tensor({{nan, 1.0}, {nan, 0.0}})).to_vector(), {0, 1, nan}));
  CHECK(unique(zeros({0, 2})).shape() == Shape{0});
  CHECK(unique(tensor({-0.0, 0.0})).numel() == 1);
  const Tensor sorted = tensor({1.0, 2.0, 2.0, 5.0});
  CHECK(searchsorted(sorted, tensor({{0.0, 2.0}, {3.0, 9.0}})).to_vector() == Numbers{0, 1, 3, 4});
  CHECK(searchsorted(sorted, 2, true).item() == 3);
  CHECK(searchsorted(sorted, nan).item() == 4);
  constexpr std::int64_t large = std::int64_t{1} << 60;
  CHECK(searchsorted(tensor({large, large + 1, large + 2}), tensor({large + 1})).to_vector() == Numbers{1});
  CHECK(bincount(tensor({0, 3, 3, 1}), 6).to_vector() == Numbers{1, 1, 0, 2, 0, 0});
  CHECK(bincount(tensor({2})).to_vector() == Numbers{0, 0, 1});
  CHECK(histogram(tensor({0.0, 0.1, 0.5, 1.0, 1.5, nan, -inf}), 2, 0, 1).to_vector() == Numbers{2, 2});
  throws<ValueError>("searchsorted: the vector is not sorted").by([] { searchsorted(tensor({2.0, 1.0}), 1); });
  throws<ValueError>("bincount: a number is -1").by([] { bincount(tensor({-1})); });
  throws<ValueError>("histogram: from 1 to 1").by([] { histogram(tensor({1.0}), 3, 1, 1); });
  throws<ValueError>("histogram: 0 parts").by([] { histogram(tensor({1.0}), 0, 0, 1); });
}

TEST_CASE("derivatives flow to the elements that were chosen") {
  Rng rng(3);
  const Tensor x = uniform({3, 5}, rng, -1, 1, float64);
  const auto checks = [&](const std::function<Tensor(const Tensor&)>& f) {
    CHECK_THAT([&](const Tensor& t) { return f(t * t * t) * f(t); }, DifferentiatesCorrectly(x).order(2));
  };
  checks([](const Tensor& t) { return sort(t, 0, true).values; });
  checks([](const Tensor& t) { return topk(t, 2).values; });
  checks([](const Tensor& t) { return kthvalue(t, 2, 0).values; });
  checks([](const Tensor& t) { return median(t); });
  checks([](const Tensor& t) { return quantile(t, 0.3, 1); });
  CHECK_FALSE(sort(track(x)).indices.tracked());
  CHECK_FALSE(unique(track(x)).tracked());
}

TEST_CASE("many values have the places that a loop gives, on any number of threads") {
  Rng rng(8);
  const Tensor list = sort(randint({100}, rng, 0, 50)).values, values = randint({50'003}, rng, -5, 60);
  const Numbers below = test::same_on_threads([&] { return searchsorted(list, values); }),
                up_to = test::same_on_threads([&] { return searchsorted(list, values, true); });
  const Numbers sorted = list.to_vector(), wanted = values.to_vector();
  bool right = true;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto less = std::ranges::count_if(sorted, [&](double x) { return x < wanted[i]; });
    const auto equal = std::ranges::count(sorted, wanted[i]);
    right = right && below[i] == static_cast<double>(less) && up_to[i] == static_cast<double>(less + equal);
  }
  CHECK(right);
}

TEST_CASE("the value at any place of the order is that of sorting, on any number of threads") {
  Rng rng(9);
  for (const Shape& shape : {Shape{300, 40}, Shape{20, 1000}, Shape{2, 20'000}})
    for (const std::int64_t axis : {0, 1}) {
      const Tensor x = round(normal(shape, rng, 0, 50)), sorted = sort(x, axis).values;
      for (const std::int64_t k : {std::int64_t{1}, shape[axis] / 2 + 1, shape[axis]}) {
        const Numbers found = test::same_on_threads([&] { return kthvalue(x, k, axis).values; });
        CHECK(found == select(sorted, axis, k - 1).to_vector());
      }
    }
}

}  // namespace xgrad::order_test
