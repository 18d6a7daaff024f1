#include "autograd/ops/pooling.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/pooled.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/ops/spatial.hpp"
#include "autograd/ops/table.hpp"
#include "autograd/ops/windows.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

using grid::at;
using grid::joined;
using grid::least;
using grid::Sizes;
using grid::sizes_of;

// The window of an axis. With `ceil`, a last window that begins before the end and reaches beyond it counts.
Window pooling_window(Window window, std::int64_t elements, bool ceil) {
  if (!ceil) return window;
  const std::int64_t padding = window.before, all = elements + 2 * padding;
  const std::int64_t reach = window.dilation * (window.size - 1) + 1;
  const std::int64_t next = window.count(elements) * window.stride;  // where the next window would begin
  const bool is_left = all - reach > next - window.stride && next < elements + padding;
  // A window that is longer than the padded axis has no last one.
  if (!is_left) return window;
  window.size = std::min(window.size, (all - 1) / window.dilation + 1);
  window.after = std::max(padding, next + window.dilation * (window.size - 1) + 1 - elements - padding);
  return window;
}

struct Pools {
  Tensor x;
  bool single;
  std::vector<Window> windows;
  Sizes padding;
  std::int64_t whole = 1;  // the number of elements of a whole window
  // Windows that tile the input are a view. Its elements lie along rows then, where a program reduces them.
  WindowAxes order = WindowAxes::before;
  Axes within;  // the axes of the places inside windows

  Pools(const Operand& operand, const PerAxis& size, const PoolingOptions& options, std::int64_t spatial,
        const char* call) {
    const Location& where = operand.where();
    std::tie(x, single) = grid::batched(operand, spatial, call);
    check<DTypeError>(is_floating(x.dtype()), where, call, ": needs a floating dtype, got ", describe(x));
    const Sizes sizes = grid::counts(size, spatial, 1, call, "size", where);
    const PerAxis& step = options.stride.empty() ? size : options.stride;
    const Sizes stride = grid::counts(step, spatial, 1, call, "stride", where);
    const Sizes dilation = grid::counts(options.dilation, spatial, 1, call, "dilation", where);
    padding = grid::counts(options.padding, spatial, 0, call, "padding", where);
    Sizes last;
    for (std::int64_t axis = 0; axis < spatial; ++axis) {
      const std::size_t i = at(axis);
      check<ValueError>(padding[i] <= sizes[i] / 2, where, call, ": padding ", padding[i], " for windows of ", sizes[i],
                        " (at most half of it)");
      const std::int64_t elements = x.size(axis + 2);
      const Window given{axis + 2, sizes[i], stride[i], dilation[i], padding[i], padding[i]};
      windows.push_back(pooling_window(given, elements, options.ceil_mode));
      check<ShapeError>(elements > 0 && windows[i].count(elements) > 0, where, call, ": no window of ", sizes[i],
                        " elements, dilation ", dilation[i], ", fits into axis ", axis + 2, " of ", describe(x),
                        " with padding ", padding[i]);
      last.push_back(axis + 2);
      check<ValueError>(!__builtin_mul_overflow(whole, sizes[i], &whole), where, call, ": the windows are too large");
    }
    if (tile(windows, x.shape())) {
      order = WindowAxes::last;
      for (std::int64_t& axis : last) axis += spatial;
    }
    within = last;
  }
  Tensor elements(double around) const { return unfold(x, windows, around, order); }
  // Whether all windows lie within the input.
  bool are_whole(const PoolingOptions& options) const {
    return !options.ceil_mode && std::ranges::count(padding, 0) == std::ssize(padding);
  }
  Tensor result(const Tensor& y) const { return single ? squeeze(y, 0) : y; }
};

// The number of elements of each window: one in the input counts 1, one in the padding `padding`, one beyond it 0.
Tensor counts_of(const Pools& pools, double padding) {
  Tensor total = ones({}, pools.x.dtype());
  const std::int64_t spatial = std::ssize(pools.windows);
  for (std::int64_t i = 0; i < spatial; ++i) {
    Window window = pools.windows[at(i)];
    const std::int64_t around = pools.padding[at(i)];
    const Tensor counted = pad(ones({pools.x.size(i + 2)}, pools.x.dtype()), 0, around, around, padding);
    window.axis = window.before = 0;
    window.after -= around;
    const Tensor count = sum(unfold(counted, {window}), 1);
    total = total * reshape(count, joined({{count.numel()}, Sizes(at(spatial - 1 - i), 1)}));
  }
  return total;
}

// The first element of a window that begins there.
std::int64_t first_of(const Window& window, std::int64_t begin) {
  return begin >= 0 ? begin : begin + (window.dilation - 1 - begin) / window.dilation * window.dilation;
}

// Throws if a window has no element of the input, as one that begins in the padding may step over all of them.
void check_elements(const Pools& pools, const char* call, const Location& where) {
  for (const Window& window : pools.windows) {
    const std::int64_t elements = pools.x.size(window.axis);
    if (window.dilation <= elements) continue;
    const std::int64_t early = std::min(window.count(elements), (window.before + window.stride - 1) / window.stride);
    for (std::int64_t i = 0; i < early; ++i)
      check<ValueError>(first_of(window, i * window.stride - window.before) < elements, where, call, ": window ", i,
                        " of axis ", window.axis - 2, " of the spatial ones has no element");
  }
}

// Where all k elements of a window are -inf, they share the derivative with the padding, n places in all, and get only
// k / n of it; so it is multiplied by n / k there.
Tensor max_pool(const Operand& x, const PerAxis& size, const PoolingOptions& options, std::int64_t spatial,
                const char* call) {
  const CallScope scope(call, x.where());
  const Pools pools(x, size, options, spatial, call);
  check_elements(pools, call, x.where());
  const Tensor y = max(pools.elements(least), pools.within);
  double all = 1;
  for (const Window& window : pools.windows) all *= static_cast<double>(window.size);
  return pools.result(pools.are_whole(options) ? y : where(y == least, y * (all / counts_of(pools, 0)), y));
}

// By how many elements the sum of each window is divided.
Tensor divisors_of(const Pools& pools, const PoolingOptions& options, const char* call, const Location& where) {
  if (pools.are_whole(options)) return full_like(zeros({}, pools.x.dtype()), pools.whole);
  if (!options.count_include_pad) check_elements(pools, call, where);
  return counts_of(pools, options.count_include_pad ? 1 : 0);
}

Tensor avg_pool(const Operand& x, const PerAxis& size, const PoolingOptions& options, std::int64_t spatial,
                const char* call) {
  const CallScope scope(call, x.where());
  const Pools pools(x, size, options, spatial, call);
  return pools.result(sum(pools.elements(0), pools.within) / divisors_of(pools, options, call, x.where()));
}

// The root of a sum; its derivative is 0 where the sum is.
Tensor root(const Tensor& total, double p) { return where(total == 0, 0, p == 2 ? sqrt(total) : pow(total, 1 / p)); }

Tensor lp_pool(const Operand& x, double p, const PerAxis& size, const PoolingOptions& options, std::int64_t spatial,
               const char* call) {
  const CallScope scope(call, x.where());
  check<ValueError>(p > 0 && std::isfinite(p), x.where(), call, ": p = ", p);
  const Pools pools(x, size, options, spatial, call);
  const Tensor elements = pools.elements(0);
  const auto whole = [&](const Tensor& total) {
    return options.ceil_mode ? total * (static_cast<double>(pools.whole) / divisors_of(pools, options, call, x.where()))
                             : total;
  };
  if (p == 1) return pools.result(whole(sum(elements, pools.within)));
  // Scaled by the largest element, so that no power overflows.
  const Tensor largest = max(abs(stop_gradient(elements)), pools.within, keep_dims);
  const Tensor scale = where(logical_or(largest == 0, logical_not(isfinite(largest))), 1, largest);
  const Tensor parts = elements / scale;
  const Tensor total = sum(p == 2 ? square(parts) : pow(parts, p), pools.within);
  return pools.result(squeeze(scale, pools.within) * root(whole(total), p));
}

Pooled max_pool_with_indices(const Operand& operand, const PerAxis& size, const PoolingOptions& options,
                             std::int64_t spatial, const char* call) {
  const CallScope scope(call, operand.where());
  const Pools pools(operand, size, options, spatial, call);
  check_elements(pools, call, operand.where());
  std::vector<grid::Stand> stands;
  Sizes places;
  std::int64_t elements = 1, all = 1;
  for (const Window& window : pools.windows) {
    const std::int64_t count = window.count(pools.x.size(window.axis));
    check_table(elements, window.size, call, operand.where());
    check_table(all, count, call, operand.where());
    elements *= window.size;
    all *= count;
    grid::Stand stand{pools.x.size(window.axis), {}, {}, {}};
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t begin = i * window.stride - window.before;
      stand.firsts.push_back(first_of(window, begin));
      stand.begins.push_back(begin);
    }
    for (std::int64_t k = 0; k < window.size; ++k) stand.offsets.push_back(k * window.dilation);
    places.push_back(count);
    stands.push_back(std::move(stand));
  }
  const Tensor windows = unfold(pools.x, pools.windows, least, WindowAxes::before);
  const Sizes shape = joined({{pools.x.size(0), pools.x.size(1), elements}, places});
  const auto [values, indices] = grid::first_maximum(pools.x, reshape(windows, shape), stands);
  return {pools.result(values), pools.result(indices)};
}

}  // namespace

Tensor max_pool1d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return max_pool(x, size, options, 1, "max_pool1d");
}
Tensor max_pool2d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return max_pool(x, size, options, 2, "max_pool2d");
}
Tensor max_pool3d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return max_pool(x, size, options, 3, "max_pool3d");
}
Tensor avg_pool1d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return avg_pool(x, size, options, 1, "avg_pool1d");
}
Tensor avg_pool2d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return avg_pool(x, size, options, 2, "avg_pool2d");
}
Tensor avg_pool3d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return avg_pool(x, size, options, 3, "avg_pool3d");
}

Tensor lp_pool1d(const Operand& x, double p, const PerAxis& size, const PoolingOptions& options) {
  return lp_pool(x, p, size, options, 1, "lp_pool1d");
}
Tensor lp_pool2d(const Operand& x, double p, const PerAxis& size, const PoolingOptions& options) {
  return lp_pool(x, p, size, options, 2, "lp_pool2d");
}
Tensor lp_pool3d(const Operand& x, double p, const PerAxis& size, const PoolingOptions& options) {
  return lp_pool(x, p, size, options, 3, "lp_pool3d");
}

Pooled max_pool1d_with_indices(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return max_pool_with_indices(x, size, options, 1, "max_pool1d_with_indices");
}
Pooled max_pool2d_with_indices(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return max_pool_with_indices(x, size, options, 2, "max_pool2d_with_indices");
}
Pooled max_pool3d_with_indices(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return max_pool_with_indices(x, size, options, 3, "max_pool3d_with_indices");
}

}  // namespace xgrad
