// Pooling.

#include <algorithm>

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor vector = known({3});

// For each spatial axis the places of which each element of the result is made.
using Parts = std::vector<std::vector<Places>>;

struct Windows {
  std::vector<std::int64_t> size, stride;
  std::int64_t padding = 0, dilation = 1;
  bool ceil_mode = false;
};
Parts windows_of(const Shape& x, const Windows& windows) {
  Parts parts;
  for (std::size_t k = 0; k < windows.size.size(); ++k) {
    const std::int64_t n = x[i64(k) + 2], covered = windows.dilation * (windows.size[k] - 1) + 1;
    parts.emplace_back();
    for (std::int64_t i = 0; i * windows.stride[k] < n + windows.padding; ++i) {
      if (!windows.ceil_mode && i * windows.stride[k] + covered > n + 2 * windows.padding) break;
      // One that reaches beyond the end counts if the one before it does not reach it.
      if (windows.ceil_mode && (i - 1) * windows.stride[k] + covered >= n + 2 * windows.padding) break;
      Places places;
      for (std::int64_t j = 0; j < windows.size[k]; ++j) {
        const std::int64_t place = i * windows.stride[k] + j * windows.dilation - windows.padding;
        if (place >= 0 && place < n) places.push_back(place);
      }
      parts.back().push_back(places);
    }
  }
  return parts;
}
Parts equal_parts(const Shape& x, const Places& counts) {
  Parts parts;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const std::int64_t n = x[i64(k) + 2];
    parts.emplace_back();
    for (std::int64_t i = 0; i < counts[k]; ++i) {
      Places places;
      for (std::int64_t j = i * n / counts[k]; j * counts[k] < (i + 1) * n; ++j) places.push_back(j);
      parts.back().push_back(places);
    }
  }
  return parts;
}

// The elements of a part, with their places among those of the spatial axes, row-major.
struct Members {
  List elements, places;
};
Members members_of(const Array& x, const Parts& parts, const Places& at) {
  std::vector<std::int64_t> sizes;
  for (std::size_t k = 0; k < parts.size(); ++k) sizes.push_back(i64(parts[k][u(at[k + 2])].size()));
  Members members;
  build(sizes, [&](const Places& k) {
    Places from{at[0], at[1]};
    std::int64_t flat = 0;
    for (std::size_t axis = 0; axis < parts.size(); ++axis) {
      from.push_back(parts[axis][u(at[axis + 2])][u(k[axis])]);
      flat = flat * x.shape[i64(axis) + 2] + from.back();
    }
    members.elements.push_back(x.at(from));
    members.places.push_back(static_cast<Real>(flat));
    return Real{0};
  });
  return members;
}
Case parts_case(std::function<Tensor(const Tensor&)> f, const Shape& from, const Parts& parts,
                std::function<Real(const Members&)> of, Range range = {}) {
  std::vector<std::int64_t> to{from[0], from[1]};
  for (const auto& axis : parts) to.push_back(i64(axis.size()));
  return moved(
      std::move(f), from, to, [=](const Array& x, const Places& at) { return of(members_of(x, parts, at)); }, range);
}

std::size_t first_largest(const Members& x) {
  return u(std::max_element(x.elements.begin(), x.elements.end()) - x.elements.begin());
}
Real largest(const Members& x) { return x.elements[first_largest(x)]; }
Real place_of_largest(const Members& x) { return x.places[first_largest(x)]; }
Real sum_of(const Members& x) {
  Real sum = 0;
  for (const Real each : x.elements) sum += each;
  return sum;
}
Real mean_of(const Members& x) { return sum_of(x) / static_cast<Real>(x.elements.size()); }

// So many of these sizes as there are spatial axes.
Places first(Places list, std::int64_t spatial) { return {list.begin(), list.begin() + spatial}; }
Shape shape_of(const Places& list, std::int64_t spatial) { return first(list, 2 + spatial); }

// Of an Operand, which says where it is called.
using Pool = std::function<Tensor(const Operand&, const PerAxis&, const PoolingOptions&)>;

// At strides, with padding, dilated, and of nothing.
std::vector<Case> pool_cases(const Pool& f, std::int64_t spatial, const std::function<Real(const Members&)>& of,
                             bool ceil_mode = true, Range range = {}) {
  std::vector<Case> cases;
  const auto add = [&](const Places& x, const Windows& windows) {
    const Shape from = shape_of(x, spatial);
    const PoolingOptions options{.stride = windows.stride,
                                 .padding = windows.padding,
                                 .dilation = windows.dilation,
                                 .ceil_mode = windows.ceil_mode,
                                 .count_include_pad = false};
    cases.push_back(parts_case([=](const Tensor& t) { return f(t, windows.size, options); }, from,
                               windows_of(from, windows), of, range));
  };
  add({1, 2, 4, 3, 2}, {first({2, 3, 1}, spatial), first({2, 1, 1}, spatial)});
  add({2, 1, 3, 2, 2}, {first({2, 2, 2}, spatial), first({1, 1, 2}, spatial), 1});
  add({1, 1, 6, 3, 4}, {first({2, 2, 2}, spatial), first({2, 1, 2}, spatial), 0, 2, ceil_mode});
  add({0, 2, 2, 2, 2}, {first({2, 1, 1}, spatial), first({1, 1, 1}, spatial)});
  return cases;
}
// Where what is around an axis counts.
Case mean_with_padding(const Pool& f, std::int64_t spatial) {
  const Shape from = shape_of({1, 1, 3, 2, 2}, spatial);
  const Windows windows{first({2, 2, 2}, spatial), first({1, 2, 1}, spatial), 1};
  const PoolingOptions options{.stride = windows.stride, .padding = 1};
  return parts_case([=](const Tensor& t) { return f(t, windows.size, options); }, from, windows_of(from, windows),
                    [=](const Members& x) { return sum_of(x) / static_cast<Real>(1 << spatial); });
}

std::vector<Refusal> pool_refusals(const Pool& f, std::int64_t spatial) {
  const Tensor x = known(shape_of({1, 1, 4, 4, 4}, spatial));
  return {refuses<ShapeError>([=] { return f(vector, 2, {}); }),
          refuses<ValueError>([=] { return f(x, 2, {.padding = 2}); }),
          refuses<ValueError>([=] { return f(x, 0, {}); }),
          refuses<DTypeError>([=] { return f(cast(x, int64), 2, {}); })};
}

const char* const window_options = "(x, size, {.stride, .padding, .dilation, .ceil_mode})";

Composition max_pool(const std::string& name, const Pool& f, std::int64_t spatial) {
  return {.call = name + window_options,
          .equation = "the maximum of each window",
          .cases = pool_cases(f, spatial, largest),
          .refusals = pool_refusals(f, spatial)};
}
Composition avg_pool(const std::string& name, const Pool& f, std::int64_t spatial) {
  Composition row{.call = name + "(x, size, {.stride, .padding, .dilation, .ceil_mode, .count_include_pad})",
                  .equation = "the mean of each window",
                  .cases = pool_cases(f, spatial, mean_of),
                  .refusals = pool_refusals(f, spatial)};
  row.cases.push_back(mean_with_padding(f, spatial));
  return row;
}
Composition max_pool_with_indices(const std::string& name, const Pool& values, const Pool& indices,
                                  std::int64_t spatial) {
  return {.call = name + window_options,
          .equation = "values: the maximum of each window; indices: where it stands first, row-major",
          .cases = joined(pool_cases(values, spatial, largest), pool_cases(indices, spatial, place_of_largest)),
          .refusals = pool_refusals(values, spatial)};
}
template <class F>
Composition lp_pool(const std::string& name, F f, std::int64_t spatial) {
  const auto power = [f](double p) {
    return [=](const Operand& x, const PerAxis& size, const PoolingOptions& options) { return f(x, p, size, options); };
  };
  const auto of = [](int p) {
    return [p](const Members& x) {
      Real sum = 0;
      for (const Real each : x.elements) sum += std::pow(each, static_cast<Real>(p));
      return std::pow(sum, 1 / static_cast<Real>(p));
    };
  };
  Composition row{.call = name + "(x, p, size, {.stride, .padding, .dilation, .ceil_mode})",
                  .equation = "(Σ xᵖ)^(1/p) over each window",
                  .cases = joined(pool_cases(power(2), spatial, of(2), false, {0.3, 2}),
                                  pool_cases(power(3), spatial, of(3), false, {0.3, 2})),
                  .refusals = pool_refusals(power(2), spatial)};
  const Tensor x = known(shape_of({1, 1, 4, 4, 4}, spatial));
  row.refusals.push_back(refuses<ValueError>([=] { return f(x, 0, 2, PoolingOptions{}); }));
  return row;
}

// The parts of 5 elements are of different sizes and share elements.
std::vector<Case> adaptive_cases(const Pool& f, std::int64_t spatial, const std::function<Real(const Members&)>& of) {
  std::vector<Case> cases;
  const auto add = [&](const Places& x, const Places& counts) {
    const Shape from = shape_of(x, spatial);
    const Places sizes = first(counts, spatial);
    cases.push_back(parts_case([=](const Tensor& t) { return f(t, sizes, {}); }, from, equal_parts(from, sizes), of));
  };
  add({1, 2, 5, 4, 2}, {3, 2, 1});
  add({2, 1, 2, 3, 1}, {1, 2, 2});
  add({0, 2, 2, 2, 2}, {1, 2, 1});
  return cases;
}
Composition adaptive_pool(const std::string& name, const std::string& equation, const Pool& f, std::int64_t spatial,
                          const std::function<Real(const Members&)>& of) {
  return {.call = name + "(x, size)",
          .equation = equation,
          .cases = adaptive_cases(f, spatial, of),
          .refusals = {refuses<ShapeError>([=] { return f(vector, 2, {}); }), refuses<ValueError>([=] {
                         return f(known(shape_of({1, 1, 4, 4, 4}, spatial)), 0, {});
                       })}};
}

template <class F>
Pool without_options(F f) {
  return [f](const Operand& x, const PerAxis& size, const PoolingOptions&) { return f(x, size); };
}
template <class F>
Pool values_of(F f) {
  return
      [f](const Operand& x, const PerAxis& size, const PoolingOptions& options) { return f(x, size, options).values; };
}
template <class F>
Pool indices_of(F f) {
  return
      [f](const Operand& x, const PerAxis& size, const PoolingOptions& options) { return f(x, size, options).indices; };
}

std::vector<Composition> pools() {
  std::vector<Composition> all{
      max_pool("max_pool1d", max_pool1d, 1), max_pool("max_pool2d", max_pool2d, 2),
      max_pool("max_pool3d", max_pool3d, 3), avg_pool("avg_pool1d", avg_pool1d, 1),
      avg_pool("avg_pool2d", avg_pool2d, 2), avg_pool("avg_pool3d", avg_pool3d, 3),
      lp_pool("lp_pool1d", lp_pool1d, 1),    lp_pool("lp_pool2d", lp_pool2d, 2),
      lp_pool("lp_pool3d", lp_pool3d, 3),
  };
  const auto with_indices = [&](const std::string& name, auto* f, std::int64_t spatial) {
    all.push_back(max_pool_with_indices(name, values_of(f), indices_of(f), spatial));
  };
  with_indices("max_pool1d_with_indices", max_pool1d_with_indices, 1);
  with_indices("max_pool2d_with_indices", max_pool2d_with_indices, 2);
  with_indices("max_pool3d_with_indices", max_pool3d_with_indices, 3);
  return all;
}

std::vector<Composition> adaptive_pools() {
  const std::string parts = " of each part ⌊i n / size⌋, ..., ⌈(i + 1) n / size⌉ − 1";
  std::vector<Composition> all;
  const auto plain = [&](const std::string& name, const std::string& what, auto* f, std::int64_t spatial,
                         Real (*of)(const Members&)) {
    all.push_back(adaptive_pool(name, what + parts, without_options(f), spatial, of));
  };
  plain("adaptive_max_pool1d", "the maximum", adaptive_max_pool1d, 1, largest);
  plain("adaptive_max_pool2d", "the maximum", adaptive_max_pool2d, 2, largest);
  plain("adaptive_max_pool3d", "the maximum", adaptive_max_pool3d, 3, largest);
  plain("adaptive_avg_pool1d", "the mean", adaptive_avg_pool1d, 1, mean_of);
  plain("adaptive_avg_pool2d", "the mean", adaptive_avg_pool2d, 2, mean_of);
  plain("adaptive_avg_pool3d", "the mean", adaptive_avg_pool3d, 3, mean_of);
  const auto with_indices = [&](const std::string& name, auto* f, std::int64_t spatial) {
    const auto values = [f](const Operand& x, const PerAxis& size) { return f(x, size).values; };
    const auto indices = [f](const Operand& x, const PerAxis& size) { return f(x, size).indices; };
    Composition row = adaptive_pool(name, "values: the maximum" + parts + "; indices: where it stands first, row-major",
                                    without_options(values), spatial, largest);
    row.cases = joined(row.cases, adaptive_cases(without_options(indices), spatial, place_of_largest));
    all.push_back(std::move(row));
  };
  with_indices("adaptive_max_pool1d_with_indices", adaptive_max_pool1d_with_indices, 1);
  with_indices("adaptive_max_pool2d_with_indices", adaptive_max_pool2d_with_indices, 2);
  with_indices("adaptive_max_pool3d_with_indices", adaptive_max_pool3d_with_indices, 3);
  return all;
}

}  // namespace

std::vector<Composition> pooling_compositions() {
  std::vector<Composition> all = pools();
  for (Composition& row : adaptive_pools()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
