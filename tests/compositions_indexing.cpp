// Reading and writing at indices and where a mask holds.

#include <algorithm>

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor vector = known({3}), matrix = known({2, 3}), list = tensor({0, 1}), mask = tensor({true, false, true});
const char* const by_mask = "the shape of the result depends on the mask";

std::int64_t whole(Real x) { return static_cast<std::int64_t>(x); }

// For indices: below the size of the axis.
Input index_input(const Shape& shape, std::int64_t size) { return {shape, 0, static_cast<double>(size), int64}; }
Input mask_input(const Shape& shape) { return {shape, 0, 2, boolean}; }

Case take_case(const Shape& from, const Shape& index, std::int64_t axis, const Shape& to) {
  return any_case([axis](const Xs& x) { return take(x[0], x[1], axis); }, {{from}, index_input(index, from[axis])}, to,
                  [axis, index](const Arrays& x, const Places& at) {
                    Places place = at, inner(at.begin() + axis, at.begin() + axis + index.ndim());
                    place.erase(place.begin() + axis, place.begin() + axis + index.ndim());
                    return x[0].at(inserted(place, axis, whole(x[1].at(inner))));
                  });
}

Case index_select_case(const Shape& from, std::int64_t count, std::int64_t axis) {
  Shape to = from;
  to[axis] = count;
  return any_case(
      [axis](const Xs& x) { return index_select(x[0], axis, x[1]); }, {{from}, index_input({count}, from[axis])}, to,
      [axis](const Arrays& x, const Places& at) { return x[0].at(with(at, axis, whole(x[1].at({at[u(axis)]})))); });
}

Case index_add_case(const Shape& from, std::int64_t count, std::int64_t axis) {
  Shape source = from;
  source[axis] = count;
  return any_case([axis](const Xs& x) { return index_add(x[0], axis, x[1], x[2]); },
                  {{from}, index_input({count}, from[axis]), {source}}, from,
                  [axis, count](const Arrays& x, const Places& at) {
                    Real sum = x[0].at(at);
                    for (std::int64_t i = 0; i < count; ++i)
                      if (whole(x[1].at({i})) == at[u(axis)]) sum += x[2].at(with(at, axis, i));
                    return sum;
                  });
}

std::vector<Composition> of_indices() {
  const auto parts = [](const Xs& x) { return x[0](1, slice({}, {}, -2), newaxis); };
  const auto column = [](const Xs& x) { return x[0](ellipsis, -1); };
  const auto listed = [](const Xs& x) { return x[0](all, x[1]); };
  return {
      {.call = "take(x, index, axis = 0)",
       .equation = "y[..., i, j, ...] = x[..., index[i, j], ...]",
       .cases = {take_case({4}, {6}, 0, {6}), take_case({2, 3}, {2, 2}, 1, {2, 2, 2}), take_case({3, 1}, {}, 0, {1}),
                 take_case({3, 2}, {0}, 0, {0, 2})},
       .refusals = {refuses<DTypeError>([] { return take(matrix, vector); }),
                    refuses<IndexError>([] { return take(matrix, tensor({3})); }),
                    refuses<AxisError>([] { return take(matrix, list, 2); })}},
      {.call = "index_select(x, axis, index)",
       .equation = "y[..., i, ...] = x[..., index[i], ...]",
       .cases = {index_select_case({4}, 6, 0), index_select_case({2, 3}, 1, 1), index_select_case({3, 2}, 0, 0)},
       .refusals = {refuses<ShapeError>([] { return index_select(matrix, 0, tensor({{0}})); }),
                    refuses<DTypeError>([] { return index_select(matrix, 0, vector); })}},
      {.call = "index_add(x, axis, index, source)",
       .equation = "y = x, then y[..., index[i], ...] += source[..., i, ...]",
       .cases = {index_add_case({4}, 6, 0), index_add_case({2, 3}, 2, 1), index_add_case({3, 1}, 2, 0),
                 index_add_case({3, 2}, 0, 0)},
       .refusals = {refuses<ShapeError>([] { return index_add(matrix, 0, list, vector); }),
                    refuses<DTypeError>([] { return index_add(matrix, 0, ones({2}), matrix); })}},
      {.call = "x(i, slice(start, stop, step), all, ellipsis, newaxis, indices)",
       .equation = "numpy's x[i, start:stop:step, :, ..., None, indices]",
       .cases = {any_case(parts, {{{2, 5}}}, {3, 1},
                          [](const Arrays& x, const Places& at) {
                            return x[0].at({1, 4 - 2 * at[0]});
                          }),
                 any_case(column, {{{2, 1, 3}}}, {2, 1},
                          [](const Arrays& x, const Places& at) {
                            return x[0].at({at[0], at[1], 2});
                          }),
                 any_case(listed, {{{2, 3}}, index_input({4}, 3)}, {2, 4},
                          [](const Arrays& x, const Places& at) {
                            return x[0].at({at[0], whole(x[1].at({at[1]}))});
                          }),
                 any_case(column, {{{0, 3}}}, {0}, [](const Arrays&, const Places&) -> Real { return 0; })},
       .refusals = {refuses<AxisError>([] { return matrix(0, 0, 0); }, "index"),
                    refuses<IndexError>([] { return matrix(2); }, "index"),
                    refuses<DTypeError>([] { return vector(mask); }, "index")}},
  };
}

// The elements of the source that go to a place, in their order.
List arriving(const Arrays& x, const Places& at, std::int64_t axis) {
  List arrived;
  const bool inside = [&] {
    for (std::int64_t k = 0; k < x[1].shape.ndim(); ++k)
      if (k != axis && at[u(k)] >= x[1].shape[k]) return false;
    return true;
  }();
  for (std::int64_t i = 0; inside && i < x[1].shape[axis]; ++i) {
    const Places from = with(at, axis, i);
    if (whole(x[1].at(from)) == at[u(axis)]) arrived.push_back(x[2].at(from));
  }
  return arrived;
}
// Of what is there and what arrives, at an axis of x.
template <class F>
Case written_case(F f, const Shape& x, std::int64_t axis, const Shape& index,
                  std::function<Real(Real, const List&)> of) {
  return any_case([=](const Xs& t) { return f(t[0], axis, t[1], t[2]); }, {{x}, index_input(index, x[axis]), {index}},
                  x, [=](const Arrays& a, const Places& at) { return of(a[0].at(at), arriving(a, at, axis)); });
}
template <class F>
std::vector<Case> written_cases(F f, const std::function<Real(Real, const List&)>& of) {
  return {written_case(f, {4}, 0, {6}, of), written_case(f, {2, 3}, 1, {2, 5}, of),
          written_case(f, {3, 1, 2}, 0, {2, 1, 1}, of), written_case(f, {3, 2}, 0, {0, 2}, of)};
}

std::vector<Case> reduced_cases(ScatterReduction reduction, const std::function<Real(const List&)>& of) {
  std::vector<Case> cases;
  for (const bool self : {true, false}) {
    const auto f = [=](const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
      return scatter_reduce(x, axis, index, source, reduction, self);
    };
    const auto together = [=](Real there, List arrived) {
      if (arrived.empty()) return there;
      if (self) arrived.push_back(there);
      return of(arrived);
    };
    for (Case& each : written_cases(f, together)) cases.push_back(std::move(each));
  }
  return cases;
}
Real sum_of(const List& x) {
  Real sum = 0;
  for (const Real each : x) sum += each;
  return sum;
}
Real product_of(const List& x) {
  Real product = 1;
  for (const Real each : x) product *= each;
  return product;
}

Case put_case(const Shape& x, const Shape& index, bool accumulate) {
  return any_case([=](const Xs& t) { return put(t[0], t[1], t[2], accumulate); },
                  {{x}, index_input(index, x.numel()), {index}}, x,
                  [=](const Arrays& a, const Places& at) {
                    std::int64_t flat = 0;
                    for (std::int64_t axis = 0; axis < x.ndim(); ++axis) flat = flat * x[axis] + at[u(axis)];
                    Real y = a[0].at(at);
                    for (std::size_t i = 0; i < a[1].elements.size(); ++i)
                      if (whole(a[1].elements[i]) == flat) y = a[2].elements[i] + (accumulate ? y : 0);
                    return y;
                  });
}

std::vector<Composition> of_writing() {
  const auto replaced = [](Real there, const List& arrived) { return arrived.empty() ? there : arrived.back(); };
  const auto put_there = [](auto&&... x) { return scatter(x...); };
  const Tensor places = tensor({{0, 1}});
  return {
      {.call = "scatter(x, axis, index, source)",
       .equation = "y = x, then y[index[i][j]][j] = source[i][j], the last one of equal indices",
       .cases = written_cases(put_there, replaced),
       .refusals = {refuses<DTypeError>([=] { return scatter(matrix, 0, matrix, matrix); }),
                    refuses<ShapeError>([=] { return scatter(matrix, 0, places, matrix); }), refuses<IndexError>([=] {
                      return scatter(matrix, 0, tensor({{0, 2}}), known({1, 2}));
                    })}},
      {.call = "scatter_reduce(x, axis, index, source, reduction, include_self = true)",
       .equation = "the sum, product, mean, maximum or minimum of what meets at an index",
       .cases = joined(
           joined(
               joined(reduced_cases(ScatterReduction::sum, sum_of), reduced_cases(ScatterReduction::prod, product_of)),
               joined(reduced_cases(ScatterReduction::max,
                                    [](const List& x) { return *std::max_element(x.begin(), x.end()); }),
                      reduced_cases(ScatterReduction::min,
                                    [](const List& x) { return *std::min_element(x.begin(), x.end()); }))),
           reduced_cases(ScatterReduction::mean,
                         [](const List& x) { return sum_of(x) / static_cast<Real>(x.size()); })),
       .refusals =
           {refuses<DTypeError>([=] { return scatter_reduce(matrix, 0, matrix, matrix, ScatterReduction::sum); }),
            refuses<ShapeError>([=] { return scatter_reduce(matrix, 0, places, matrix, ScatterReduction::max); })}},
      {.call = "put(x, index, source, accumulate = false)",
       .equation = "x with the source at, or added at, these places of its elements, row-major",
       .cases = {put_case({5}, {3}, false), put_case({2, 3}, {2, 4}, true), put_case({2, 1, 2}, {2, 1}, false),
                 put_case({3}, {0}, true)},
       .refusals = {refuses<ShapeError>([=] { return put(matrix, places, vector); }),
                    refuses<DTypeError>([=] { return put(matrix, matrix, matrix); }), refuses<IndexError>([=] {
                      return put(matrix, tensor({{0, 6}}), known({1, 2}));
                    })}},
  };
}

// The elements where the mask holds, in their order.
List selected(const Array& x, const Array& chosen_by) {
  List chosen;
  for (std::size_t i = 0; i < x.elements.size(); ++i)
    if (chosen_by.elements[i] != 0) chosen.push_back(x.elements[i]);
  return chosen;
}

Case select_case(const Shape& shape) {
  return {[](const Xs& x) { return masked_select(x[0], x[1]); },
          {{shape}, mask_input(shape)},
          [](const Arrays& x) {
            const List chosen = selected(x[0], x[1]);
            return Array{{i64(chosen.size())}, chosen};
          }};
}

Case scatter_case(const Shape& shape, std::int64_t count) {
  return {[](const Xs& x) { return masked_scatter(x[0], x[1], x[2]); },
          {{shape}, mask_input(shape), {{count}}},
          [](const Arrays& x) {
            Array y = x[0];
            std::size_t next = 0;
            for (std::size_t i = 0; i < y.elements.size(); ++i)
              if (x[1].elements[i] != 0) y.elements[i] = x[2].elements[next++];
            return y;
          }};
}

Case nonzero_case(const Shape& shape) {
  return {[](const Xs& x) { return nonzero(x[0]); },
          {mask_input(shape)},
          [](const Arrays& x) {
            Array y{{0, x[0].shape.ndim()}, {}};
            build(x[0].shape, [&](const Places& at) {
              if (x[0].at(at) == 0) return Real{0};
              for (const std::int64_t place : at) y.elements.push_back(static_cast<Real>(place));
              ++y.shape[0];
              return Real{1};
            });
            return y;
          }};
}

std::vector<Composition> of_masks() {
  const auto fill = [](const Xs& x) { return masked_fill(x[0], x[1], x[2]); };
  const auto filled = [](const Arrays& x, const Places& at) {
    return x[1].at(at) != 0 ? x[2].elements[0] : x[0].at(at);
  };
  return {
      {.call = "masked_fill(x, mask, value)",
       .equation = "the value where the mask holds, else x",
       .cases = {any_case(fill, {{{5}}, mask_input({5}), {{}}}, {5}, filled),
                 any_case(fill, {{{2, 1, 3}}, mask_input({2, 1, 3}), {{}}}, {2, 1, 3}, filled),
                 any_case(fill, {{{0}}, mask_input({0}), {{}}}, {0}, filled)},
       .refusals = {refuses<DTypeError>([] { return masked_fill(vector, vector, 1); }),
                    refuses<ShapeError>([] { return masked_fill(ones({2}), mask, 1); })}},
      {.call = "masked_select(x, mask)",
       .equation = "the elements where the mask holds, as a vector",
       .cases = {select_case({5}), select_case({2, 1, 3}), select_case({0, 2})},
       .refusals = {refuses<DTypeError>([] { return masked_select(vector, vector); }),
                    refuses<ShapeError>([] { return masked_select(ones({2}), mask); })},
       .reads_values = by_mask},
      {.call = "masked_scatter(x, mask, source)",
       .equation = "x with the first elements of source where the mask holds",
       .cases = {scatter_case({5}, 5), scatter_case({2, 1, 3}, 8), scatter_case({0, 2}, 3)},
       .refusals = {refuses<ValueError>([] { return masked_scatter(vector, mask, ones({1})); }),
                    refuses<DTypeError>([] { return masked_scatter(vector, mask, ones({3}, float64)); })}},
      {.call = "nonzero(x)",
       .equation = "the indices of the elements that are not 0, one in a row",
       .cases = {nonzero_case({5}), nonzero_case({2, 1, 3}), nonzero_case({0, 2})},
       .constant = "indices",
       .reads_values = by_mask,
       .refuses_nothing = "takes every dtype and shape"},
  };
}

}  // namespace

std::vector<Composition> indexing_compositions() {
  std::vector<Composition> all = of_indices();
  for (auto* part : {of_writing, of_masks})
    for (Composition& row : part()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
