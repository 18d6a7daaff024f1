#include <algorithm>
#include <numeric>

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

// A reduction of the axes marked by true, which stay with size 1.
Case reduce_case(Tensor (*f)(const Operand&, const Axes&, KeepDims), const Shape& shape, const Index& axes, Real start,
                 Real (*join)(Real, Real)) {
  return {[f, axes](const Xs& x) { return f(x[0], axes, keep_dims); },
          {{shape, 0.5, 2}},
          [axes, start, join](const Arrays& x) {
            Shape reduced = x[0].shape;
            for (const std::int64_t axis : axes) reduced[axis] = 1;
            Array y = build(reduced, [&](const Index&) { return start; });
            build(x[0].shape, [&](const Index& index) {
              std::int64_t offset = 0;
              for (std::int64_t axis = 0; axis < reduced.ndim(); ++axis)
                offset = offset * reduced[axis] + (reduced[axis] == 1 ? 0 : index[u(axis)]);
              Real& sum = y.elements[u(offset)];
              return sum = join(sum, x[0].at(index));
            });
            return y;
          }};
}

Row reduction(const char* id, Tensor (*f)(const Operand&, const Axes&, KeepDims), Real start, Real (*join)(Real, Real),
              bool of_nothing) {
  Row row{id, {}, 3, {}};
  for (const auto& [shape, axes] : std::vector<std::pair<Shape, Index>>{{{5}, {0}},
                                                                        {{2, 3}, {0}},
                                                                        {{2, 3}, {1}},
                                                                        {{2, 3, 2}, {0, 2}},
                                                                        {{2, 1, 3}, {1, 2}},
                                                                        {{1}, {0}},
                                                                        {{3, 0}, {0}}})
    row.cases.push_back(reduce_case(f, shape, axes, start, join));
  if (of_nothing) row.cases.push_back(reduce_case(f, {0, 2}, {0}, start, join));
  return row;
}

Case arg_case(Tensor (*f)(const Operand&, std::int64_t, KeepDims), const Shape& shape, std::int64_t axis,
              bool largest) {
  return {[f, axis](const Xs& x) { return f(x[0], axis, keep_dims); },
          {{shape, -2, 2}},
          [axis, largest](const Arrays& x) {
            Shape reduced = x[0].shape;
            reduced[axis] = 1;
            return build(reduced, [&](const Index& index) -> Real {
              std::int64_t best = 0;
              for (std::int64_t i = 1; i < x[0].shape[axis]; ++i) {
                const Real now = x[0].at(with(index, axis, i)), before = x[0].at(with(index, axis, best));
                if (largest ? now > before : now < before) best = i;
              }
              return static_cast<Real>(best);
            });
          }};
}

Row arg(const char* id, Tensor (*f)(const Operand&, std::int64_t, KeepDims), bool largest) {
  return {id,
          {arg_case(f, {5}, 0, largest), arg_case(f, {2, 3}, 0, largest), arg_case(f, {2, 3, 2}, 1, largest)},
          1,
          {},
          false};
}

// The elements are distinct.
Case argsort_case(const Shape& shape, std::int64_t axis, bool descending) {
  return {[=](const Xs& x) { return argsort(x[0], axis, descending); },
          {{shape, -2, 2}},
          [=](const Arrays& x) {
            return build(x[0].shape, [&](const Index& index) -> Real {
              std::vector<std::int64_t> order(u(x[0].shape[axis]));
              std::vector<Real> row;
              for (std::int64_t i = 0; i < x[0].shape[axis]; ++i) row.push_back(x[0].at(with(index, axis, i)));
              std::iota(order.begin(), order.end(), 0);
              std::stable_sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
                return descending ? row[u(i)] > row[u(j)] : row[u(i)] < row[u(j)];
              });
              return static_cast<Real>(order[u(index[u(axis)])]);
            });
          }};
}

Case recurrence_case(const Shape& shape, std::int64_t axis) {
  return {[=](const Xs& x) { return linear_recurrence(x[0], x[1], axis); },
          {{shape, -2, 2}, {shape, -2, 2}},
          [=](const Arrays& x) {
            return build(x[0].shape, [&](const Index& index) {
              Real h = 0;
              for (std::int64_t i = 0; i <= index[u(axis)]; ++i)
                h = x[0].at(with(index, axis, i)) * h + x[1].at(with(index, axis, i));
              return h;
            });
          }};
}

Case cumsum_case(const Shape& shape, std::int64_t axis, bool reverse) {
  return {[=](const Xs& x) { return cumsum(x[0], axis, reverse); },
          {{shape, -2, 2}},
          [=](const Arrays& x) {
            return build(x[0].shape, [&](const Index& index) {
              Real sum = 0;
              const std::int64_t here = index[u(axis)];
              for (std::int64_t i = reverse ? here : 0; i < (reverse ? x[0].shape[axis] : here + 1); ++i)
                sum += x[0].at(with(index, axis, i));
              return sum;
            });
          }};
}

using Fold = std::function<Real(const std::vector<Real>& line, std::size_t at)>;

// Each element from those of its line and its place there.
Row along_lines(const char* id, Tensor (*f)(const Operand&, std::int64_t), double low, double high, Fold fold) {
  Row row{id, {}, 3, {}};
  for (const auto& [shape, axis] : std::vector<std::pair<Shape, std::int64_t>>{
           {{5}, 0}, {{2, 3}, 0}, {{2, 4}, 1}, {{2, 3, 2}, 1}, {{2, 1, 3}, 1}, {{1}, 0}, {{2, 0}, 1}, {{0, 2}, 1}})
    row.cases.push_back({[f, axis = axis](const Xs& x) { return f(x[0], axis); },
                         {{shape, low, high}},
                         [fold, axis = axis](const Arrays& x) {
                           return build(x[0].shape, [&](const Index& index) {
                             std::vector<Real> line;
                             for (std::int64_t i = 0; i < x[0].shape[axis]; ++i)
                               line.push_back(x[0].at(with(index, axis, i)));
                             return fold(line, u(index[u(axis)]));
                           });
                         }});
  return row;
}

Row running(const char* id, Tensor (*f)(const Operand&, std::int64_t), double low, double high,
            Real (*join)(Real so_far, Real next)) {
  return along_lines(id, f, low, high, [join](const std::vector<Real>& line, std::size_t at) {
    Real y = line[0];
    for (std::size_t i = 1; i <= at; ++i) y = join(y, line[i]);
    return y;
  });
}

Case matmul_case(const Shape& a, const Shape& b) {
  return {[](const Xs& x) { return matmul(x[0], x[1]); },
          {{a, -2, 2}, {b, -2, 2}},
          [](const Arrays& x) {
            const std::int64_t n = x[0].shape.ndim();
            Shape shape = x[0].shape;
            shape[n - 1] = x[1].shape.back();
            return build(shape, [&](const Index& index) {
              Real sum = 0;
              Index right = index;
              right.erase(right.begin(), right.begin() + (n - x[1].shape.ndim()));
              for (std::int64_t k = 0; k < x[0].shape.back(); ++k)
                sum += x[0].at(with(index, n - 1, k)) * x[1].at(with(right, x[1].shape.ndim() - 2, k));
              return sum;
            });
          }};
}

// x rearranged: the element at an index is that of x at another, or a number.
Case move_case(std::function<Tensor(const Tensor&)> f, const Shape& from, const Shape& to,
               std::function<Real(const Array&, const Index&)> element) {
  return {[f](const Xs& x) { return f(x[0]); },
          {{from, -2, 2}},
          [=](const Arrays& x) { return build(to, [&](const Index& index) { return element(x[0], index); }); }};
}

Case reshape_case(const Shape& from, const Shape& to) {
  return {[to](const Xs& x) { return reshape(x[0], to); },
          {{from, -2, 2}},
          [to](const Arrays& x) {
            return Array{to, x[0].elements};
          }};
}

Case broadcast_case(const Shape& from, const Shape& to) {
  return move_case([to](const Tensor& x) { return broadcast_to(x, to); }, from, to,
                   [from](const Array& x, Index index) {
                     index.erase(index.begin(), index.end() - from.ndim());
                     for (std::int64_t axis = 0; axis < from.ndim(); ++axis)
                       if (from[axis] == 1) index[u(axis)] = 0;
                     return x.at(index);
                   });
}

Case pad_case(const Shape& from, std::int64_t axis, std::int64_t before, std::int64_t after, std::int64_t interior) {
  Shape to = from;
  const std::int64_t size = from[axis], covered = size == 0 ? 0 : size + (size - 1) * interior;
  to[axis] = covered + before + after;
  return move_case([=](const Tensor& x) { return pad(x, axis, before, after, 7, interior); }, from, to,
                   [=](const Array& x, const Index& index) -> Real {
                     const std::int64_t place = index[u(axis)] - before;
                     const bool inside = place >= 0 && place < covered && place % (interior + 1) == 0;
                     return inside ? x.at(with(index, axis, place / (interior + 1))) : 7;
                   });
}

Case slice_case(const Shape& from, std::int64_t axis, std::int64_t start, std::int64_t step, std::int64_t count) {
  Shape to = from;
  to[axis] = count;
  return move_case(
      [=](const Tensor& x) { return slice(x, axis, start, start + step * count, step); }, from, to,
      [=](const Array& x, const Index& index) { return x.at(with(index, axis, start + step * index[u(axis)])); });
}

Case concat_case(const Shape& a, const Shape& b, std::int64_t axis) {
  Shape to = a;
  to[axis] += b[axis];
  return {[axis](const Xs& x) { return concat(x, axis); },
          {{a, -2, 2}, {b, -2, 2}},
          [axis, to](const Arrays& x) {
            return build(to, [&](const Index& index) {
              const std::int64_t first = x[0].shape[axis], at = index[u(axis)];
              return at < first ? x[0].at(index) : x[1].at(with(index, axis, at - first));
            });
          }};
}

}  // namespace

std::vector<Row> reduction_rows() {
  const Real infinity = std::numeric_limits<Real>::infinity();
  return {
      reduction(
          "sum", sum, 0, [](Real a, Real b) { return a + b; }, true),
      reduction(
          "prod", prod, 1, [](Real a, Real b) { return a * b; }, true),
      reduction(
          "max", max, -infinity, [](Real a, Real b) { return std::max(a, b); }, false),
      reduction(
          "min", min, infinity, [](Real a, Real b) { return std::min(a, b); }, false),
      {"argsort",
       {argsort_case({5}, 0, false), argsort_case({2, 3}, 0, true), argsort_case({2, 3, 2}, 1, false),
        argsort_case({3, 250}, 1, true), argsort_case({0}, 0, false)},
       1,
       {},
       false},
      arg("argmax", argmax, true),
      arg("argmin", argmin, false),
      {"cumsum",
       {cumsum_case({5}, 0, false), cumsum_case({2, 3}, 0, true), cumsum_case({2, 3, 2}, 1, false),
        cumsum_case({2, 3, 2}, 2, true), cumsum_case({0}, 0, false), cumsum_case({1}, 0, true)},
       3,
       {}},
      running("cumprod", cumprod, -2, 2, [](Real a, Real b) { return a * b; }),
      running("cummax", cummax, -2, 2, [](Real a, Real b) { return std::max(a, b); }),
      running("cummin", cummin, -2, 2, [](Real a, Real b) { return std::min(a, b); }),
      running("logcumsumexp", logcumsumexp, -20, 20,
              [](Real a, Real b) { return std::log(std::exp(a) + std::exp(b)); }),
      along_lines("product_of_others", product_of_others, -2, 2,
                  [](const std::vector<Real>& line, std::size_t at) {
                    Real y = 1;
                    for (std::size_t i = 0; i < line.size(); ++i) y *= i == at ? 1 : line[i];
                    return y;
                  }),
      {"linear_recurrence",
       {recurrence_case({5}, 0), recurrence_case({2, 3}, 0), recurrence_case({2, 3, 2}, 1), recurrence_case({2, 0}, 1),
        recurrence_case({1}, 0)},
       3,
       {}},
      {"matmul",
       {matmul_case({2, 3}, {3, 4}), matmul_case({1, 3}, {3, 1}), matmul_case({2, 2, 3}, {2, 3, 2}),
        matmul_case({2, 2, 3}, {3, 2}), matmul_case({2, 0}, {0, 3}), matmul_case({0, 3}, {3, 2}),
        matmul_case({1, 1}, {1, 1}), matmul_case({5, 3}, {3, 0})},
       3,
       {}},
  };
}

std::vector<Row> movement_rows() {
  const auto same = [](const Arrays& x) { return x[0]; };
  const std::vector<Input> plain{{{2, 3}, -2, 2}};
  return {
      {"reshape", {reshape_case({2, 3}, {3, 2}), reshape_case({1}, {}), reshape_case({0, 3}, {3, 0})}, 3, {}},
      {"broadcast_to",
       {broadcast_case({}, {2, 3}), broadcast_case({3}, {2, 3}), broadcast_case({2, 1}, {2, 3}),
        broadcast_case({1, 3, 1}, {2, 2, 3, 2}), broadcast_case({1}, {0}), broadcast_case({1, 2}, {0, 2})},
       3,
       {}},
      {"permute",
       {move_case(
            [](const Tensor& x) {
              return permute(x, {2, 0, 1});
            },
            {2, 3, 4}, {4, 2, 3},
            [](const Array& x, const Index& i) {
              return x.at({i[1], i[2], i[0]});
            }),
        move_case(
            [](const Tensor& x) {
              return permute(x, {1, 0});
            },
            {2, 3}, {3, 2},
            [](const Array& x, const Index& i) {
              return x.at({i[1], i[0]});
            }),
        move_case([](const Tensor& x) { return transpose(x); }, {0, 3}, {3, 0},
                  [](const Array&, const Index&) -> Real { return 0; })},
       3,
       {}},
      {"slice",
       {slice_case({5}, 0, 1, 2, 2), slice_case({3, 4}, 1, 0, 3, 2), slice_case({3, 4}, 0, 2, 1, 1),
        slice_case({2, 5, 2}, 1, 2, 1, 3), slice_case({5}, 0, 2, 1, 0)},
       3,
       {}},
      {"pad",
       {pad_case({3}, 0, 1, 2, 0), pad_case({2, 3}, 1, 0, 1, 2), pad_case({2, 3, 2}, 1, 2, 0, 1),
        pad_case({0, 2}, 0, 1, 1, 3), pad_case({1}, 0, 0, 0, 2)},
       3,
       {}},
      {"flip",
       {move_case([](const Tensor& x) { return flip(x, 0); }, {4}, {4},
                  [](const Array& x, const Index& i) { return x.at({3 - i[0]}); }),
        move_case(
            [](const Tensor& x) {
              return flip(x, {0, 2});
            },
            {2, 3, 2}, {2, 3, 2},
            [](const Array& x, const Index& i) {
              return x.at({1 - i[0], i[1], 1 - i[2]});
            })},
       3,
       {}},
      {"concat", {concat_case({2}, {3}, 0), concat_case({2, 1}, {2, 3}, 1), concat_case({0, 2}, {1, 2}, 0)}, 3, {}},
      {"full",
       {{[](const Xs&) {
           return full({2, 3}, 2.5, float64);
         },
         {},
         [](const Arrays&) {
           return build({2, 3}, [](const Index&) -> Real { return 2.5; });
         }}},
       1,
       {}},
      {"leaf", {{[](const Xs& x) { return x[0]; }, plain, same}}, 3, {}},
      {"identity", {{[](const Xs& x) { return track(x[0]); }, plain, same}}, 3, {}},
  };
}

}  // namespace xgrad::catalogue
