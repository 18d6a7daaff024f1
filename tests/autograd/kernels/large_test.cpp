// Kernels on so many elements that they are cut into parts: what plain loops give, on any number of threads.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/random_bits.hpp"
#include "tests/autograd/kernels/array.hpp"

namespace large_test {

using namespace xgrad;
using test::Array;

namespace {

using Place = std::vector<std::int64_t>;

// Runs kernel(y) on 1, 2, 3 and 8 threads, over what is there before, and compares y with `expected`, bit by bit.
template <class T, class Kernel>
bool same_on_threads(const Array<T>& expected, Kernel kernel) {
  const int before = num_threads();
  bool same = true;
  for (const int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    const Array<T> y(expected.shape());
    for (std::int64_t i = 0; i < y.size(); ++i) y[i] = T{1};
    kernel(y.view());
    const auto bytes = static_cast<std::size_t>(y.size()) * sizeof(T);
    same = same && (bytes == 0 || std::memcmp(y.view().data, expected.view().data, bytes) == 0);
  }
  set_num_threads(before);
  return same;
}

std::size_t u(std::int64_t i) { return static_cast<std::size_t>(i); }

// y, each element of which is element(place)
template <class T, class Element>
Array<T> built(const Shape& shape, Element element) {
  Array<T> y(shape);
  std::int64_t i = 0;
  test::for_each_place_of(shape, [&](const Place& place) { y[i++] = element(place); });
  return y;
}

Place with(Place place, std::int64_t axis, std::int64_t at) {
  place[u(axis)] = at;
  return place;
}

// Numbers of which some are NaN, infinite, equal, or zeros of either sign.
template <class T>
Array<T> odd_numbers(const Shape& shape, std::int64_t different, Rng& rng) {
  Array<T> x(shape);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<T>(test::random_below(different, rng) - different / 2);
    if constexpr (std::floating_point<T>) {
      const std::int64_t kind = test::random_below(40, rng);
      if (kind == 0) x[i] = std::numeric_limits<T>::quiet_NaN();
      if (kind == 1) x[i] = -std::numeric_limits<T>::infinity();
      if (kind == 2) x[i] = std::numeric_limits<T>::infinity();
      if (kind == 3) x[i] = T{-0.0};
    }
  }
  return x;
}

}  // namespace

TEMPLATE_TEST_CASE("large arrays are permuted", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(1);
  const std::vector<std::pair<Shape, Shape>> cases{{{1000, 37}, {1, 0}},
                                                   {{37, 1001}, {1, 0}},
                                                   {{16, 16}, {1, 0}},
                                                   {{3, 165, 66}, {0, 2, 1}},
                                                   {{3, 165, 66}, {2, 1, 0}},
                                                   {{3, 165, 66}, {1, 2, 0}},
                                                   {{15, 4, 17, 33}, {0, 2, 3, 1}},
                                                   {{20'000, 2}, {1, 0}},
                                                   {{2, 20'000}, {1, 0}},
                                                   {{3, 30'001}, {1, 0}},
                                                   {{30'001, 3}, {1, 0}},
                                                   {{7, 5, 3, 31}, {3, 1, 2, 0}},
                                                   {{9000, 2, 2}, {0, 2, 1}},
                                                   {{40, 50, 30}, {1, 0, 2}},
                                                   {{64, 1, 700, 1}, {2, 3, 0, 1}}};
  for (const auto& [shape, order] : cases) {
    const Array<T> x = test::random_array<T>(shape, rng);
    Shape to = order;
    for (std::int64_t i = 0; i < order.ndim(); ++i) to[i] = shape[order[i]];
    const auto expected = built<T>(to, [&, &order = order](const Place& place) {
      Place from(place.size());
      for (std::int64_t i = 0; i < order.ndim(); ++i) from[u(order[i])] = place[u(i)];
      return x.at(from);
    });
    INFO(shape << ' ' << order);
    CHECK(same_on_threads(expected, [&, &order = order](const View& y) { kernels::permute(x.view(), order, y); }));
  }
}

TEMPLATE_TEST_CASE("parts of large arrays are taken and put together", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(2);
  for (const Shape& shape : {Shape{70'001}, Shape{300, 201}, Shape{3, 9000, 2}, Shape{17, 40, 61}})
    for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) {
      INFO(shape << ' ' << axis);
      const Array<T> x = test::random_array<T>(shape, rng);
      for (const std::int64_t step : {1, 3}) {
        Shape part = shape;
        part[axis] = (shape[axis] - 2) / step + 1;
        const auto taken =
            built<T>(part, [&](const Place& at) { return x.at(with(at, axis, 1 + at[u(axis)] * step)); });
        CHECK(same_on_threads(taken, [&](const View& y) { kernels::slice(x.view(), axis, 1, step, y); }));
      }
      for (const std::int64_t interior : {0, 2})
        for (const std::int64_t before : {3, -2}) {
          Shape all = shape;
          all[axis] = before + (shape[axis] - 1) * (interior + 1) + 1 + 4;
          const auto padded = built<T>(all, [&](const Place& at) {
            const std::int64_t from = at[u(axis)] - before, i = from / (interior + 1);
            const bool is_kept = from >= 0 && from % (interior + 1) == 0 && i < shape[axis];
            return is_kept ? x.at(with(at, axis, i)) : T{1};
          });
          CHECK(same_on_threads(padded, [&](const View& y) { kernels::pad(x.view(), axis, before, interior, 1, y); }));
        }
      const auto flipped =
          built<T>(shape, [&](const Place& at) { return x.at(with(at, axis, shape[axis] - 1 - at[u(axis)])); });
      const AxisSet only(std::uint64_t{1} << axis);
      CHECK(same_on_threads(flipped, [&](const View& y) { kernels::flip(x.view(), only, y); }));
      Shape twice = shape, one = shape;
      twice[axis] *= 2;
      one[axis] = 1;
      const std::vector<View> both{x.view(), x.view()};
      const auto joined =
          built<T>(twice, [&](const Place& at) { return x.at(with(at, axis, at[u(axis)] % shape[axis])); });
      CHECK(same_on_threads(joined, [&](const View& y) { kernels::concat(both, axis, y); }));
      const Array<T> line = test::random_array<T>(one, rng);
      const auto repeated = built<T>(shape, [&](const Place& at) { return line.at(with(at, axis, 0)); });
      CHECK(same_on_threads(repeated, [&](const View& y) { kernels::broadcast(line.view(), y); }));
    }
}

namespace {

// An index beside an array of this shape, the same for all places off the axis or not.
struct ManyIndices {
  Shape shape, many;  // of what is indexed, and of what is read there
  std::int64_t axis;
  bool is_shared;
  Array<std::int64_t> index;

  // Where in the indexed array is what this place takes.
  Place operator()(const Place& at) const {
    return with(at, axis, index.at(is_shared ? with(Place(at.size(), 0), axis, at[u(axis)]) : at));
  }
};

std::vector<ManyIndices> many_indices() {
  Rng rng(3);
  std::vector<ManyIndices> all;
  for (const auto& [shape, axis, count] :
       std::vector<std::tuple<Shape, std::int64_t, std::int64_t>>{{{50'000}, 0, 70'000},
                                                                  {{300, 70}, 0, 4000},
                                                                  {{5, 4000}, 1, 9000},
                                                                  {{100, 7, 40}, 1, 11},
                                                                  {{3, 40, 200}, 1, 90},
                                                                  {{2, 3000, 2}, 1, 9000}})
    for (const bool is_shared : {false, true}) {
      Shape many = shape, few = Shape::filled(shape.ndim(), 1);
      many[axis] = few[axis] = count;
      Array<std::int64_t> index(is_shared ? few : many);
      for (std::int64_t i = 0; i < index.size(); ++i) index[i] = test::random_below(shape[axis], rng);
      all.push_back({shape, many, axis, is_shared, std::move(index)});
    }
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("many indices are gathered from", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(4);
  for (const ManyIndices& places : many_indices()) {
    INFO(places.shape << ' ' << places.axis);
    const Array<T> x = test::random_array<T>(places.shape, rng);
    const auto expected = built<T>(places.many, [&](const Place& at) { return x.at(places(at)); });
    CHECK(same_on_threads(expected, [&](const View& y) {
      kernels::gather(x.view(), places.index.view(), places.axis, y, Location::current());
    }));
  }
}

TEMPLATE_TEST_CASE("many indices are scattered to, in the order of the source", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(5);
  for (const ManyIndices& places : many_indices()) {
    INFO(places.shape << ' ' << places.axis);
    const Array<T> source = test::random_array<T>(places.many, rng), sums(places.shape);
    for (std::int64_t i = 0; i < source.size(); ++i)
      if constexpr (std::floating_point<T>) source[i] *= T(0.1);  // so that the order shows
    test::for_each_place_of(places.many, [&](const Place& at) {
      T& sum = sums.at(places(at));
      if constexpr (std::same_as<T, bool>)
        sum = sum || source.at(at);
      else
        sum += source.at(at);
    });
    CHECK(same_on_threads(sums, [&](const View& y) {
      kernels::scatter_add(source.view(), places.index.view(), places.axis, y, Location::current());
    }));
    if (places.is_shared) continue;
    const auto best = built<std::int64_t>(places.shape, [](const Place&) { return -1; });
    test::for_each_place_of(places.many, [&](const Place& at) {  // the last of the largest
      std::int64_t& now = best.at(places(at));
      if (now < 0 || source.at(with(at, places.axis, now)) <= source.at(at)) now = at[u(places.axis)];
    });
    CHECK(same_on_threads(best, [&](const View& y) {
      kernels::scatter_argmax(source.view(), places.index.view(), places.axis, y, Location::current());
    }));
  }
}

TEST_CASE("an index outside is refused wherever it stands among many, on any number of threads") {
  const int before = num_threads();
  for (const int threads : {1, 3})
    for (const std::int64_t at : {0, 999, 1024, 77'777, 99'999})
      for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{50}, std::numeric_limits<std::int64_t>::min()}) {
        set_num_threads(threads);
        const Array<float> x(Shape{50}), y(Shape{100'000}), rows(Shape{50, 2}), many(Shape{100'000, 2});
        const Array<float> wide(Shape{50, 16}), many_wide(Shape{100'000, 16});
        const Array<std::int64_t> index(Shape{100'000}), column(Shape{100'000, 1});
        index[at] = column[at] = bad;
        const std::string expected = ": index " + std::to_string(bad) + " at place " + std::to_string(at);
        const auto here = Location::current();
        CHECK_THROWS_WITH(kernels::gather(x.view(), index.view(), 0, y.view(), here),
                          Catch::Contains("gather" + expected));
        CHECK_THROWS_WITH(kernels::scatter_add(y.view(), index.view(), 0, x.view(), here),
                          Catch::Contains("scatter_add" + expected));
        CHECK_THROWS_WITH(kernels::gather(rows.view(), column.view(), 0, many.view(), here),
                          Catch::Contains("gather" + expected));
        CHECK_THROWS_WITH(kernels::scatter_add(many.view(), column.view(), 0, rows.view(), here),
                          Catch::Contains("scatter_add" + expected));
        CHECK_THROWS_WITH(kernels::scatter_add(many_wide.view(), column.view(), 0, wide.view(), here),
                          Catch::Contains("scatter_add" + expected));
      }
  set_num_threads(before);
}

TEMPLATE_TEST_CASE("extremes of large arrays stand where they are first found", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(4);
  for (const auto& [shape, axis] : std::vector<std::pair<Shape, std::int64_t>>{{{100'003}, 0},
                                                                               {{3, 40'000}, 1},
                                                                               {{40'000, 3}, 0},
                                                                               {{300, 301}, 1},
                                                                               {{300, 301}, 0},
                                                                               {{20'000, 5}, 1},
                                                                               {{2, 9000, 30}, 1}})
    for (const std::int64_t different : {3, 1'000'000})
      for (const bool is_odd : {false, true}) {
        Array<T> x(shape);
        for (std::int64_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(test::random_below(different, rng));
        if (is_odd) x = odd_numbers<T>(shape, different, rng);
        Shape reduced = shape;
        reduced[axis] = 1;
        for (const bool largest : {true, false}) {
          const auto expected = built<std::int64_t>(reduced, [&, &shape = shape, axis = axis](const Place& at) {
            std::int64_t best = 0;
            for (std::int64_t i = 1; i < shape[axis]; ++i) {
              const T then = x.at(with(at, axis, best)), now = x.at(with(at, axis, i));
              if (then != then) break;
              if (now != now || (largest ? now > then : now < then)) best = i;
            }
            return best;
          });
          INFO(shape << ' ' << axis);
          CHECK(same_on_threads(expected, [&, axis = axis](const View& y) {
            kernels::arg_extreme(largest ? Instruction::max : Instruction::min, x.view(), axis, y);
          }));
        }
      }
}

TEMPLATE_TEST_CASE("any part of the order of lines of any length is found", "", float, double, std::int64_t) {
  using T = TestType;
  Rng rng(5);
  for (const std::int64_t size : {1, 2, 7, 8, 9, 20, 31, 32, 33, 63, 64, 65, 150, 201, 1000, 5000})
    for (const std::int64_t different : {3, 1'000'000})
      for (const std::int64_t inner : {1, 3})
        for (const bool descending : {false, true}) {
          const std::int64_t outer = std::max<std::int64_t>(2, 3000 / (size * inner));
          const Array<T> x = odd_numbers<T>({outer, size, inner}, different, rng);
          const Array<std::int64_t> order(x.shape());
          for (std::int64_t i = 0; i < outer * inner; ++i) {
            const std::int64_t first = i / inner * size * inner + i % inner;
            const auto at = [&](std::int64_t k) { return x[first + k * inner]; };
            std::vector<std::int64_t> places(u(size));
            std::iota(places.begin(), places.end(), 0);
            std::ranges::stable_sort(places, [&](std::int64_t a, std::int64_t b) {
              const T p = at(descending ? b : a), q = at(descending ? a : b);
              return p == p && (q != q || p < q);
            });
            for (std::int64_t k = 0; k < size; ++k) order[first + k * inner] = places[u(k)];
          }
          for (const auto& [begin, count] :
               std::vector<std::pair<std::int64_t, std::int64_t>>{{0, size},
                                                                  {0, (size + 1) / 2},
                                                                  {0, std::min<std::int64_t>(5, size)},
                                                                  {(size - 1) / 2, 1},
                                                                  {size - 1, 1},
                                                                  {size / 3, (size + 2) / 3}}) {
            INFO(size << ' ' << begin << ' ' << count);
            const auto expected = built<std::int64_t>({outer, count, inner}, [&, begin = begin](const Place& p) {
              return order.at({p[0], begin + p[1], p[2]});
            });
            CHECK(same_on_threads(
                expected, [&, begin = begin](const View& y) { kernels::argsort(x.view(), 1, descending, begin, y); }));
          }
        }
}

TEST_CASE("random numbers are those of their blocks, on any number of threads") {
  for (const RandomState state : {RandomState{7, 0}, RandomState{0x123456789abcdef, 0xfffffff0}})
    for (const std::int64_t n : {0, 1, 2, 31, 32, 33, 1000, 100'001}) {
      const auto pair = [&](std::int64_t i) { return kernels::BitPair(state, static_cast<std::uint64_t>(i)); };
      const auto half = [&](const Place& at) { return at[0] % 2 ? pair(at[0] / 2).second : pair(at[0] / 2).first; };
      const auto floats =
          built<float>({n}, [&](const Place& at) { return -2 + 5 * kernels::fraction<float>(half(at)); });
      CHECK(same_on_threads(floats, [&](const View& y) { kernels::uniform(state, -2, 3, y); }));
      const auto doubles =
          built<double>({n}, [&](const Place& at) { return -2 + 5 * kernels::fraction<double>(half(at)); });
      CHECK(same_on_threads(doubles, [&](const View& y) { kernels::uniform(state, -2, 3, y); }));
      const Array<double> normals(Shape{n});
      kernels::normal(state, 1, 3, normals.view());
      for (std::int64_t i = 0; i < n; ++i) {
        const auto bits = pair(i / 2);
        const double radius = 3 * std::sqrt(-2 * std::log(1 - kernels::fraction<double>(bits.first)));
        const double angle = 2 * std::numbers::pi * kernels::fraction<double>(bits.second);
        const double exact = 1 + radius * (i % 2 ? std::sin(angle) : std::cos(angle));
        if (std::abs(normals[i] - exact) > 1e-15 * (1 + radius)) FAIL_CHECK(normals[i] << " is not " << exact);
      }
      CHECK(same_on_threads(normals, [&](const View& y) { kernels::normal(state, 1, 3, y); }));
      const auto whole = built<std::int64_t>({n}, [&](const Place& at) {
        return -5 + static_cast<std::int64_t>(static_cast<unsigned __int128>(100) * pair(at[0]).first >> 64);
      });
      CHECK(same_on_threads(whole, [&](const View& y) { kernels::randint(state, -5, 100, y); }));
    }
}

TEMPLATE_TEST_CASE("reductions of large arrays are exact enough, the same bits on any number of threads", "", float,
                   double, std::int64_t) {
  using T = TestType;
  Rng rng(6);
  for (const Shape& shape : {Shape{200'003}, Shape{3, 70'001}, Shape{70'001, 3}, Shape{20, 3000, 5}, Shape{131'072, 4},
                             Shape{131'073, 4}, Shape{40'000, 1, 7}, Shape{300, 700}})
    for (std::uint64_t mask = 1; mask < std::uint64_t{1} << shape.ndim(); ++mask) {
      Array<T> x(shape);
      for (std::int64_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(kernels::fraction<double>(rng.bits()) * 100);
      const AxisSet axes(mask);
      const Array<T> sums(reduced_shape(shape, axes)), most(sums.shape());
      std::vector<long double> exact(u(sums.size()));
      test::for_each_place_of(shape, [&](Place at) {
        const T element = x.at(at);
        for (std::int64_t axis = 0; axis < shape.ndim(); ++axis)
          if (axes.contains(axis)) at[u(axis)] = 0;
        exact[u(&most.at(at) - &most[0])] += element;
        most.at(at) = std::max(most.at(at), element);
      });
      INFO(shape << ' ' << mask);
      kernels::reduce(Instruction::sum, x.view(), axes, sums.view());
      bool is_near = true;
      for (std::int64_t i = 0; i < sums.size(); ++i)
        is_near = is_near && std::abs(sums[i] - exact[u(i)]) <= exact[u(i)] * (std::same_as<T, float> ? 6e-8L : 1e-14L);
      CHECK(is_near);
      CHECK(same_on_threads(sums, [&](const View& y) { kernels::reduce(Instruction::sum, x.view(), axes, y); }));
      CHECK(same_on_threads(most, [&](const View& y) { kernels::reduce(Instruction::max, x.view(), axes, y); }));
    }
}

}  // namespace large_test
