#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/pooled.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/ops/table.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

using grid::at;
using grid::joined;
using grid::least;
using grid::Sizes;
using grid::sizes_of;

// The parts of an axis.
struct Parts {
  std::int64_t elements, longest = 0;
  Sizes begins, lengths;

  Parts(std::int64_t size, std::int64_t count) : elements(size) {
    const std::int64_t whole = size / count, rest = size % count;
    for (std::int64_t i = 0; i < count; ++i) {
      begins.push_back(i * whole + i * rest / count);
      lengths.push_back((i + 1) * whole + ((i + 1) * rest + count - 1) / count - begins.back());
      longest = std::max(longest, lengths.back());
    }
  }
  std::int64_t count() const { return std::ssize(begins); }
  bool are_equal() const { return elements == count() * longest; }
  // Replaces the axis by two: the parts, and their elements, with `value` where a part is shorter than others.
  Tensor apart(const Tensor& x, std::int64_t axis, double value) const {
    Shape shape = x.shape();
    const Sizes before{shape.begin(), shape.begin() + axis}, after{shape.begin() + axis + 1, shape.end()};
    if (are_equal()) return reshape(x, joined({before, {count(), longest}, after}));
    Sizes places;
    std::vector<bool> inside;
    for (std::size_t i = 0; i < begins.size(); ++i)
      for (std::int64_t k = 0; k < longest; ++k) {
        inside.push_back(k < lengths[i]);
        places.push_back(begins[i] + std::min(k, lengths[i] - 1));
      }
    const Tensor taken = take(x, tensor(places, {count(), longest}), axis);
    return where(tensor(inside, joined({{count(), longest}, Sizes(after.size(), 1)})), taken, value);
  }
};

// x and its windows [N, C, parts, elements of a part, parts, elements of a part, ...].
struct AdaptivePools {
  Tensor x;
  bool single;
  std::vector<Parts> parts;
  Sizes places, within;  // the axes of the parts, and of their elements

  AdaptivePools(const Operand& operand, const PerAxis& size, std::int64_t spatial, const char* call) {
    const Location& where = operand.where();
    std::tie(x, single) = grid::batched(operand, spatial, call);
    check<DTypeError>(is_floating(x.dtype()), where, call, ": needs a floating dtype, got ", describe(x));
    const Sizes counts = grid::counts(size, spatial, 1, call, "size", where);
    for (std::int64_t axis = 0; axis < spatial; ++axis) {
      check<ShapeError>(x.size(axis + 2) > 0, where, call, ": axis ", axis + 2, " of ", describe(x), " is empty");
      const std::int64_t elements = x.size(axis + 2), count = counts[at(axis)];
      // Unequal parts need a table of their elements.
      check_table(count, elements % count == 0 ? 1 : elements / count + 2, call, where);
      parts.emplace_back(elements, count);
      places.push_back(2 * axis + 2);
      within.push_back(2 * axis + 3);
    }
  }
  Tensor windows(double value) const {
    Tensor apart = x;
    for (std::size_t i = 0; i < parts.size(); ++i) apart = parts[i].apart(apart, places[i], value);
    return apart;
  }
  Tensor result(const Tensor& y) const { return single ? squeeze(y, 0) : y; }
};

// Numbers of the parts of an axis, for those behind the spatial axis i of so many.
Tensor along(const Sizes& numbers, std::int64_t i, std::int64_t spatial, DType dtype) {
  return reshape(tensor(numbers, dtype), joined({{std::ssize(numbers)}, Sizes(at(spatial - 1 - i), 1)}));
}

// As in max_pool: where all elements of a part are -inf, they share the derivative with the fillers of a shorter part.
Tensor adaptive_max_pool(const Operand& x, const PerAxis& size, std::int64_t spatial, const char* call) {
  const CallScope scope(call, x.where());
  const AdaptivePools pools(x, size, spatial, call);
  if (!pools.x.tracked()) {  // one axis after the other; only the shares of ties in the derivative would differ
    Tensor y = pools.x;
    for (std::int64_t axis = spatial + 1; axis >= 2; --axis)
      y = max(pools.parts[at(axis - 2)].apart(y, axis, least), axis + 1);
    return pools.result(y);
  }
  const Tensor y = max(pools.windows(least), pools.within);
  if (std::ranges::all_of(pools.parts, &Parts::are_equal)) return pools.result(y);
  Tensor share = ones({}, y.dtype());
  for (std::int64_t i = 0; i < spatial; ++i) {
    const Parts& parts = pools.parts[at(i)];
    share = share * (static_cast<double>(parts.longest) / along(parts.lengths, i, spatial, y.dtype()));
  }
  return pools.result(where(y == least, y * share, y));
}

// One axis after the other, so that the second has less to add up.
Tensor adaptive_avg_pool(const Operand& x, const PerAxis& size, std::int64_t spatial, const char* call) {
  const CallScope scope(call, x.where());
  const AdaptivePools pools(x, size, spatial, call);
  Tensor total = pools.x, count = ones({}, pools.x.dtype());
  for (std::int64_t axis = spatial + 1; axis >= 2; --axis) {
    const Parts& parts = pools.parts[at(axis - 2)];
    total = sum(parts.apart(total, axis, 0), axis + 1);
    count = count * (parts.are_equal() ? full_like(ones({}, pools.x.dtype()), parts.longest)
                                       : along(parts.lengths, axis - 2, spatial, pools.x.dtype()));
  }
  return pools.result(total / count);
}

Pooled adaptive_max_pool_with_indices(const Operand& x, const PerAxis& size, std::int64_t spatial, const char* call) {
  const CallScope scope(call, x.where());
  const AdaptivePools pools(x, size, spatial, call);
  std::vector<grid::Stand> stands;
  Sizes places;
  std::int64_t elements = 1, all = 1;
  for (const Parts& parts : pools.parts) {
    check_table(elements, parts.longest, call, x.where());
    check_table(all, parts.count(), call, x.where());
    all *= parts.count();
    grid::Stand stand{parts.elements, parts.begins, parts.begins, {}};
    for (std::int64_t k = 0; k < parts.longest; ++k) stand.offsets.push_back(k);
    stands.push_back(std::move(stand));
    places.push_back(parts.count());
    elements *= parts.longest;
  }
  const Tensor windows = permute(pools.windows(least), joined({{0, 1}, pools.within, pools.places}));
  const Sizes shape = joined({{pools.x.size(0), pools.x.size(1), elements}, places});
  const auto [values, indices] = grid::first_maximum(pools.x, reshape(windows, shape), stands);
  return {pools.result(values), pools.result(indices)};
}

}  // namespace

Tensor adaptive_max_pool1d(const Operand& x, const PerAxis& size) {
  return adaptive_max_pool(x, size, 1, "adaptive_max_pool1d");
}
Tensor adaptive_max_pool2d(const Operand& x, const PerAxis& size) {
  return adaptive_max_pool(x, size, 2, "adaptive_max_pool2d");
}
Tensor adaptive_max_pool3d(const Operand& x, const PerAxis& size) {
  return adaptive_max_pool(x, size, 3, "adaptive_max_pool3d");
}

Tensor adaptive_avg_pool1d(const Operand& x, const PerAxis& size) {
  return adaptive_avg_pool(x, size, 1, "adaptive_avg_pool1d");
}
Tensor adaptive_avg_pool2d(const Operand& x, const PerAxis& size) {
  return adaptive_avg_pool(x, size, 2, "adaptive_avg_pool2d");
}
Tensor adaptive_avg_pool3d(const Operand& x, const PerAxis& size) {
  return adaptive_avg_pool(x, size, 3, "adaptive_avg_pool3d");
}

Pooled adaptive_max_pool1d_with_indices(const Operand& x, const PerAxis& size) {
  return adaptive_max_pool_with_indices(x, size, 1, "adaptive_max_pool1d_with_indices");
}
Pooled adaptive_max_pool2d_with_indices(const Operand& x, const PerAxis& size) {
  return adaptive_max_pool_with_indices(x, size, 2, "adaptive_max_pool2d_with_indices");
}
Pooled adaptive_max_pool3d_with_indices(const Operand& x, const PerAxis& size) {
  return adaptive_max_pool_with_indices(x, size, 3, "adaptive_max_pool3d_with_indices");
}

}  // namespace xgrad
