// Elements in order.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor vector = known({3}), matrix = known({2, 3}), whole = tensor({1, 2});
const char* const counts = "counts";
const char* const by_value = "values are read";

List sorted(List x, bool descending) {
  std::sort(x.begin(), x.end());
  if (descending) std::reverse(x.begin(), x.end());
  return x;
}
// Where the elements of the sorted list stand; the elements are distinct.
List places_of(const List& x, const List& in_order) {
  List found;
  for (const Real each : in_order) found.push_back(static_cast<Real>(std::find(x.begin(), x.end(), each) - x.begin()));
  return found;
}
List first(List x, std::int64_t count) {
  x.resize(std::min(x.size(), u(count)));
  return x;
}

// Values and indices of a function that puts the elements of an axis in order.
std::vector<Case> ordered(std::function<Ordered(const Tensor&, std::int64_t)> f, std::function<List(const List&)> of,
                          bool of_nothing = true) {
  std::vector<std::pair<Shape, std::int64_t>> shapes{{{5}, 0}, {{3, 2}, 0}, {{2, 4, 2}, 1}, {{1, 3}, 1}, {{0, 3}, 1}};
  if (of_nothing) shapes.push_back({{0}, 0});
  std::vector<Case> cases;
  for (const auto& [shape, axis_of_shape] : shapes) {
    const std::int64_t axis = axis_of_shape;
    cases.push_back(along_axis([=](const Tensor& x) { return f(x, axis).values; }, shape, axis, {}, of));
    cases.push_back(along_axis([=](const Tensor& x) { return f(x, axis).indices; }, shape, axis, {},
                               [of](const List& x) { return places_of(x, of(x)); }));
  }
  return cases;
}

std::vector<Case> sort_cases(bool descending) {
  return ordered([=](const Tensor& x, std::int64_t axis) { return sort(x, axis, descending); },
                 [=](const List& x) { return sorted(x, descending); });
}

std::vector<Case> topk_cases(std::int64_t k, bool largest) {
  return ordered([=](const Tensor& x, std::int64_t axis) { return topk(x, k, axis, largest); },
                 [=](const List& x) { return first(sorted(x, largest), k); }, k == 0);
}

// The element in the middle, or at a part of the way.
Real median_of(const List& x) { return sorted(x, false)[(x.size() - 1) / 2]; }
Real quantile_of(const List& x, Real q) {
  const List y = sorted(x, false);
  const Real place = q * static_cast<Real>(y.size() - 1), below = std::floor(place);
  const std::size_t i = static_cast<std::size_t>(below), next = std::min(i + 1, y.size() - 1);
  return y[i] + (place - below) * (y[next] - y[i]);
}

// Of all elements, and of one axis which stays or goes.
std::vector<Case> of_axis(std::function<Tensor(const Tensor&)> whole_of,
                          std::function<Tensor(const Tensor&, std::int64_t, KeepDims)> f,
                          std::function<Real(const List&)> of) {
  const auto alone = [of](const List& x) { return List{x.empty() ? 0 : of(x)}; };
  std::vector<Case> cases;
  for (const Shape& shape : std::vector<Shape>{{5}, {2, 2}, {1}})
    cases.push_back({[=](const Xs& x) { return whole_of(x[0]); },
                     {{shape}},
                     [of](const Arrays& x) {
                       return Array{{}, {of(x[0].elements)}};
                     }});
  for (const Shape& shape : std::vector<Shape>{{2, 3}, {4, 1, 2}, {3, 0}})
    cases.push_back(along_axis([=](const Tensor& x) { return f(x, 0, keep_dims); }, shape, 0, {}, alone));
  cases.push_back({[=](const Xs& x) { return f(x[0], -1, KeepDims::no); },
                   {{{2, 4}}},
                   [of](const Arrays& x) {
                     const List& e = x[0].elements;
                     return Array{{2}, {of({e.begin(), e.begin() + 4}), of({e.begin() + 4, e.end()})}};
                   }});
  return cases;
}

std::vector<Composition> in_order() {
  return {
      {.call = "sort(x, axis = -1, descending = false)",
       .equation = "values and indices of the elements in order; stable",
       .cases = joined(sort_cases(false), sort_cases(true)),
       .refusals = {refuses<AxisError>([] { return sort(matrix, 2); })}},
      {.call = "topk(x, k, axis = -1, largest = true)",
       .equation = "values and indices of the k largest, or smallest, in order",
       .cases = joined(joined(topk_cases(2, true), topk_cases(1, false)), topk_cases(0, true)),
       .refusals = {refuses<ValueError>([] { return topk(matrix, 4); }),
                    refuses<ValueError>([] { return topk(matrix, -1); }),
                    refuses<AxisError>([] { return topk(matrix, 1, 2); })}},
      {.call = "kthvalue(x, k, axis = -1, keep)",
       .equation = "value and index of the k-th smallest, from 1",
       .cases = ordered([](const Tensor& x, std::int64_t axis) { return kthvalue(x, 2, axis, keep_dims); },
                        [](const List& x) { return List{sorted(x, false)[1]}; }, false),
       .refusals = {refuses<ValueError>([] { return kthvalue(matrix, 0); }),
                    refuses<ValueError>([] { return kthvalue(matrix, 4); })}},
      {.call = "median(x, axis, keep)",
       .equation = "the middle element; of two, the lower one",
       .cases =
           of_axis([](const Tensor& x) { return median(x); },
                   [](const Tensor& x, std::int64_t axis, KeepDims keep) { return median(x, axis, keep); }, median_of),
       .refusals = {refuses<ValueError>([] { return median(zeros({0})); }),
                    refuses<AxisError>([] { return median(matrix, 2); })}},
      {.call = "quantile(x, q, axis, keep)",
       .equation = "the element at q (n − 1) of the sorted axis, linear between two",
       .cases =
           of_axis([](const Tensor& x) { return quantile(x, 0.375); },
                   [](const Tensor& x, std::int64_t axis, KeepDims keep) { return quantile(x, 0.375, axis, keep); },
                   [](const List& x) { return quantile_of(x, 0.375L); }),
       .refusals = {refuses<ValueError>([] { return quantile(matrix, 1.5); }),
                    refuses<DTypeError>([] { return quantile(whole, 0.5); })}},
  };
}

Case unique_case(const Shape& shape, DType dtype) {
  return {[](const Xs& x) { return unique(x[0]); },
          {{shape, 0, 3, dtype}},
          [](const Arrays& x) {
            List y = sorted(x[0].elements, false);
            y.erase(std::unique(y.begin(), y.end()), y.end());
            return Array{{i64(y.size())}, y};
          }};
}

Case searchsorted_case(std::int64_t size, const Shape& values, bool right) {
  return any_case([right](const Xs& x) { return searchsorted(floor(sort(x[0]).values), floor(x[1]), right); },
                  {{{size}, 0, 6}, {values, 0, 6}}, values,
                  [right](const Arrays& x, const Places& at) -> Real {
                    const Real value = std::floor(x[1].at(at));
                    std::int64_t below = 0;
                    for (const Real each : x[0].elements)
                      below += right ? std::floor(each) <= value : std::floor(each) < value;
                    return static_cast<Real>(below);
                  });
}

Case bincount_case(const Shape& shape, std::int64_t least) {
  return {[least](const Xs& x) { return bincount(x[0], least); },
          {{shape, 0, 4, int64}},
          [least](const Arrays& x) {
            List y(u(least));
            for (const Real each : x[0].elements) {
              const auto bin = static_cast<std::size_t>(each);
              if (bin >= y.size()) y.resize(bin + 1);
              y[bin] += 1;
            }
            return Array{{i64(y.size())}, y};
          }};
}

Case histogram_case(const Shape& shape) {
  return any_case([](const Xs& x) { return histogram(x[0], 4, -1, 1); }, {{shape}}, {4},
                  [](const Arrays& x, const Places& at) -> Real {
                    std::int64_t inside = 0;
                    for (const Real each : x[0].elements) {
                      const Real from = -1 + static_cast<Real>(at[0]) / 2;
                      inside += each >= from && (each < from + 0.5L || (at[0] == 3 && each == 1));
                    }
                    return static_cast<Real>(inside);
                  });
}

std::vector<Composition> counted() {
  return {
      {.call = "unique(x)",
       .equation = "the different elements, sorted",
       .cases = {unique_case({7}, int64), unique_case({2, 1, 3}, float64), unique_case({0}, float64)},
       .constant = by_value,
       .reads_values = by_value,
       .refuses_nothing = "takes every dtype and shape"},
      {.call = "searchsorted(sorted, values, right = false)",
       .equation = "how many of the sorted are below the value, or not above it",
       .cases = {searchsorted_case(5, {4}, false), searchsorted_case(5, {2, 3}, true), searchsorted_case(1, {}, false),
                 searchsorted_case(3, {0}, false)},
       .refusals = {refuses<ShapeError>([] { return searchsorted(matrix, vector); }),
                    refuses<DTypeError>([] { return searchsorted(vector, whole); }), refuses<ValueError>([] {
                      return searchsorted(tensor({2.0, 1.0}), vector);
                    })},
       .constant = counts,
       .reads_values = by_value},
      {.call = "bincount(x, least = 0)",
       .equation = "how often 0, 1, ... occur",
       .cases = {bincount_case({9}, 0), bincount_case({2, 1, 3}, 6), bincount_case({0}, 2)},
       .refusals = {refuses<DTypeError>([] { return bincount(vector); }),
                    refuses<ValueError>([] { return bincount(tensor({-1})); })},
       .constant = counts,
       .reads_values = by_value},
      {.call = "histogram(x, bins, low, high)",
       .equation = "how many are in each of the equal parts of [low, high]",
       .cases = {histogram_case({9}), histogram_case({2, 1, 5}), histogram_case({0})},
       .refusals = {refuses<ValueError>([] { return histogram(vector, 0, 0, 1); }),
                    refuses<ValueError>([] { return histogram(vector, 2, 1, 1); })},
       .constant = counts,
       .reads_values = by_value},
  };
}

}  // namespace

std::vector<Composition> order_compositions() {
  std::vector<Composition> all = in_order();
  for (Composition& row : counted()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
