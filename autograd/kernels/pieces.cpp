// Parts of an axis: slice, pad, concat.

#include <algorithm>

#include "autograd/kernels/convert.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::kernels {

namespace {

// Copies rows x_at, x_at + x_step, ... of an axis of x to y_at, y_at + y_step, ... of y. A row has `inner` elements.
struct RowCopy {
  std::int64_t count, x_at, x_step, y_at, y_step;
};

template <class T>
void copy_rows(const RowCopy& rows, std::int64_t inner, const T* x, T* y) {
  x += rows.x_at * inner;
  y += rows.y_at * inner;
  if (rows.x_step == 1 && rows.y_step == 1) return copy(x, rows.count * inner, y);
  if (inner == 1 && rows.x_step == 2 && rows.y_step == 1) {  // compile-time steps, so that it is vectorised
    for (std::int64_t i = 0; i < rows.count; ++i) y[i] = x[2 * i];
    return;
  }
  if (inner == 1) {
    for (std::int64_t i = 0; i < rows.count; ++i) y[i * rows.y_step] = x[i * rows.x_step];
    return;
  }
  for (std::int64_t i = 0; i < rows.count; ++i) copy(x + i * rows.x_step * inner, inner, y + i * rows.y_step * inner);
}

// The rows of an axis of size `size` that padding keeps inside an axis of size `padded`.
RowCopy kept_rows(std::int64_t size, std::int64_t padded, std::int64_t before, std::int64_t step) {
  const std::int64_t first = before >= 0 ? 0 : (-before + step - 1) / step;
  const std::int64_t end = padded <= before ? 0 : std::min(size, (padded - before - 1) / step + 1);
  return {std::max<std::int64_t>(0, end - first), first, 1, before + first * step, step};
}

// Calls body(panel, begin, end) for the rows of all panels of an axis, several at a time. On several threads.
template <class Body>
void each_rows(const Panels& shape, Body body) {
  parallel_ranges(shape.outer * shape.size, shape.inner, [&](std::int64_t row, std::int64_t end) {
    while (row < end) {
      const std::int64_t panel = row / shape.size, first = row % shape.size;
      const std::int64_t count = std::min(end - row, shape.size - first);
      body(panel, first, first + count);
      row += count;
    }
  });
}

// Writes rows begin to end of a padded panel; `rows` says which come from x.
template <class T>
void pad_rows(const RowCopy& rows, std::int64_t begin, std::int64_t end, std::int64_t inner, T value, const T* x,
              T* y) {
  // The rows low to high of x are among them.
  const auto from = [&](std::int64_t row) {
    return std::clamp<std::int64_t>((row - rows.y_at - 1) / rows.y_step + 1, 0, rows.count);
  };
  const std::int64_t low = begin <= rows.y_at ? 0 : from(begin), high = end <= rows.y_at ? 0 : from(end);
  const std::int64_t count = std::max<std::int64_t>(0, high - low);
  const std::int64_t first = count > 0 ? rows.y_at + low * rows.y_step : begin;  // (a step may be as large as can be)
  if (rows.y_step != 1 || count == 0) {
    std::fill(y + begin * inner, y + end * inner, value);
  } else {
    std::fill(y + begin * inner, y + first * inner, value);
    std::fill(y + (first + count) * inner, y + end * inner, value);
  }
  if (count > 0) copy_rows(RowCopy{count, rows.x_at + low * rows.x_step, rows.x_step, first, rows.y_step}, inner, x, y);
}

}  // namespace

void slice(const View& x, std::int64_t axis, std::int64_t start, std::int64_t step, const View& y) {
  if (y.numel() == 0) return;
  const Panels from = panels(x.shape, axis), to = panels(y.shape, axis);
  const std::int64_t apart = to.size == 1 ? 1 : step;
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    each_rows(to, [&](std::int64_t i, std::int64_t begin, std::int64_t end) {
      copy_rows(RowCopy{end - begin, start + begin * apart, apart, begin, 1}, to.inner,
                x.as<const T>() + i * from.size * from.inner, y.as<T>() + i * to.size * to.inner);
    });
  });
}

void pad(const View& x, std::int64_t axis, std::int64_t before, std::int64_t interior, double value, const View& y) {
  if (y.numel() == 0) return;
  const Panels from = panels(x.shape, axis), to = panels(y.shape, axis);
  const RowCopy rows = kept_rows(from.size, to.size, before, interior + 1);
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    each_rows(to, [&](std::int64_t i, std::int64_t begin, std::int64_t end) {
      pad_rows(rows, begin, end, to.inner, convert<T>(value), x.as<const T>() + i * from.size * from.inner,
               y.as<T>() + i * to.size * to.inner);
    });
  });
}

namespace {

// Writes one panel after the other, each from all arrays.
template <class T>
void concat_panels(std::span<const View> xs, std::int64_t axis, const Panels& to, T* y) {
  const std::int64_t panel = to.size * to.inner;
  parallel_ranges(to.outer, panel, [&](std::int64_t i, std::int64_t end) {
    for (T* out = y + i * panel; i < end; ++i)
      for (const View& x : xs) {
        const std::int64_t run = x.shape[axis] * to.inner;
        copy(x.as<const T>() + i * run, run, out);
        out += run;
      }
  });
}

// Copies one array after the other, each on several threads.
template <class T>
void concat_arrays(std::span<const View> xs, std::int64_t axis, const Panels& to, T* y) {
  for (const View& x : xs) {
    const Panels from{to.outer, x.shape[axis], to.inner};
    each_rows(from, [&, in = x.as<const T>()](std::int64_t i, std::int64_t begin, std::int64_t end) {
      const std::int64_t inner = to.inner;
      copy(in + (i * from.size + begin) * inner, (end - begin) * inner, y + (i * to.size + begin) * inner);
    });
    y += from.size * from.inner;
  }
}

}  // namespace

void concat(std::span<const View> xs, std::int64_t axis, const View& y) {
  if (y.numel() == 0) return;
  constexpr std::int64_t few = 16;
  const Panels to = panels(y.shape, axis);
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    if (to.outer < few)
      concat_arrays(xs, axis, to, y.as<T>());
    else
      concat_panels(xs, axis, to, y.as<T>());
  });
}

}  // namespace xgrad::kernels
