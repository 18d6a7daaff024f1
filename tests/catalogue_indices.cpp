// Rows of the primitives that read and write at indices.

#include <algorithm>

#include "tests/catalogue.hpp"

namespace xgrad::catalogue {

namespace {

using Xs = std::vector<Tensor>;
using Arrays = std::vector<Array>;
using Index = std::vector<std::int64_t>;

Index with(Index index, std::int64_t axis, std::int64_t value) {
  index[u(axis)] = value;
  return index;
}

Case one_hot_case(const Shape& index, std::int64_t classes) {
  return {[=](const Xs& x) { return one_hot(x[0], classes, int64); },
          {{index, 0, static_cast<double>(classes), int64}},
          [=](const Arrays& x) {
            std::vector<std::int64_t> sizes(x[0].shape.begin(), x[0].shape.end());
            sizes.push_back(classes);
            return build(sizes, [&](const Index& at) -> Real {
              return x[0].at(Index(at.begin(), at.end() - 1)) == static_cast<Real>(at.back());
            });
          }};
}

Case gather_case(const Shape& data, const Shape& index, std::int64_t axis) {
  return {[axis](const Xs& x) { return gather(x[0], axis, x[1]); },
          {{data, -2, 2}, {index, 0, static_cast<double>(data[axis]), int64}},
          [axis](const Arrays& x) {
            return build(x[1].shape, [&](const Index& at) {
              return x[0].at(with(at, axis, static_cast<std::int64_t>(x[1].at(at))));
            });
          }};
}

Case scatter_case(const Shape& data, const Shape& index, std::int64_t axis) {
  return {[axis](const Xs& x) { return scatter_add(x[0], axis, x[1], x[2]); },
          {{data, -2, 2}, {index, 0, static_cast<double>(data[axis]), int64}, {index, -2, 2}},
          [axis](const Arrays& x) {
            return build(x[0].shape, [&](const Index& at) {
              Real sum = x[0].at(at);
              build(x[1].shape, [&](const Index& from) {
                if (with(from, axis, static_cast<std::int64_t>(x[1].at(from))) == at) sum += x[2].at(from);
                return Real{0};
              });
              return sum;
            });
          }};
}

// The last of the largest that go to an index; the numbers are whole, so that some are equal.
Case argmax_case(const Shape& data, const Shape& index, std::int64_t axis, DType dtype) {
  const auto f = [axis, data](const Xs& x) {
    return scatter_reduce(full(data, std::int64_t{-9}, x[1].dtype()), axis, x[0], x[1], ScatterReduction::max, false);
  };
  return {
      f, {{index, 0, static_cast<double>(data[axis]), int64}, {index, -4, 4, dtype}}, [axis, data](const Arrays& x) {
        Array y = build(data, [](const Index&) -> Real { return -9; });
        build(x[0].shape, [&](const Index& from) {
          std::int64_t place = 0;
          const Index to = with(from, axis, static_cast<std::int64_t>(x[0].at(from)));
          for (std::int64_t i = 0; i < data.ndim(); ++i) place = place * data[i] + to[u(i)];
          Real& largest = y.elements[u(place)];
          return largest = std::max(largest, x[1].at(from));
        });
        return y;
      }};
}

// The indices are the same for all rows or columns: take, and index_add.
Case take_case(const Shape& data, const Shape& index, std::int64_t axis) {
  return {[axis](const Xs& x) { return take(x[0], x[1], axis); },
          {{data, -2, 2}, {index, 0, static_cast<double>(data[axis]), int64}},
          [axis](const Arrays& x) {
            Shape shape = x[0].shape;
            shape[axis] = x[1].shape.numel();
            return build(shape, [&](const Index& at) {
              return x[0].at(with(at, axis, static_cast<std::int64_t>(x[1].at({at[u(axis)]}))));
            });
          }};
}

Case index_add_case(const Shape& data, std::int64_t count, std::int64_t axis) {
  Shape added = data;
  added[axis] = count;
  return {[axis](const Xs& x) { return index_add(x[0], axis, x[1], x[2]); },
          {{data, -2, 2}, {{count}, 0, static_cast<double>(data[axis]), int64}, {added, -2, 2}},
          [axis](const Arrays& x) {
            return build(x[0].shape, [&](const Index& at) {
              Real sum = x[0].at(at);
              for (std::int64_t i = 0; i < x[1].shape[0]; ++i)
                if (static_cast<std::int64_t>(x[1].at({i})) == at[u(axis)]) sum += x[2].at(with(at, axis, i));
              return sum;
            });
          }};
}

}  // namespace

std::vector<Row> index_rows() {
  return {
      {"one_hot", {one_hot_case({4}, 3), one_hot_case({}, 2), one_hot_case({2, 3}, 5)}, 1, {}, false},
      {"gather",
       {gather_case({4}, {6}, 0), gather_case({3, 2}, {2, 2}, 0), gather_case({2, 3}, {1, 5}, 1),
        gather_case({3, 2}, {0, 2}, 0), take_case({3, 2}, {4}, 0), take_case({2, 3, 2}, {5}, 1),
        take_case({3, 2}, {4}, 1), take_case({3, 2}, {1}, 0)},
       3,
       {}},
      {"scatter_add",
       {scatter_case({4}, {6}, 0), scatter_case({3, 2}, {2, 2}, 0), scatter_case({2, 3}, {1, 5}, 1),
        scatter_case({3, 2}, {0, 2}, 0), index_add_case({3, 2}, 4, 0), index_add_case({2, 3, 2}, 5, 1),
        index_add_case({2, 3}, 1, 1)},
       3,
       {}},
      {"scatter_argmax",
       {argmax_case({4}, {6}, 0, int64), argmax_case({3, 2}, {5, 2}, 0, int64), argmax_case({2, 3}, {1, 7}, 1, int64)},
       1,
       {},
       false},
  };
}

}  // namespace xgrad::catalogue
