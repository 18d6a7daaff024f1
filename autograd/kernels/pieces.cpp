// Parts of an axis: slice, pad, concat.

#include <algorithm>

#include "autograd/kernels/convert.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::kernels {

namespace {

// Places x_at, x_at + x_step, ... of an axis of x to y_at, y_at + y_step, ... of y. Steps count rows of `inner`.
struct RowCopy {
  std::int64_t count, x_at, x_step, y_at, y_step;
};

template <class T>
void copy_rows(const RowCopy& rows, std::int64_t inner, const T* x, T* y) {
  x += rows.x_at * inner;
  y += rows.y_at * inner;
  if (rows.x_step == 1 && rows.y_step == 1) return copy(x, rows.count * inner, y);
  if (inner == 1) {
    for (std::int64_t i = 0; i < rows.count; ++i) y[i * rows.y_step] = x[i * rows.x_step];
    return;
  }
  for (std::int64_t i = 0; i < rows.count; ++i) copy(x + i * rows.x_step * inner, inner, y + i * rows.y_step * inner);
}

// The rows of an axis with `size` places that padding keeps inside an axis with `padded` places.
RowCopy kept_rows(std::int64_t size, std::int64_t padded, std::int64_t before, std::int64_t step) {
  const std::int64_t first = before >= 0 ? 0 : (-before + step - 1) / step;
  const std::int64_t end = padded <= before ? 0 : std::min(size, (padded - before - 1) / step + 1);
  return {std::max<std::int64_t>(0, end - first), first, 1, before + first * step, step};
}

template <class T>
void pad_panel(const RowCopy& rows, const Panels& shape, T value, const T* x, T* y) {
  if (rows.y_step != 1 || rows.count == 0) {
    std::fill_n(y, shape.size * shape.inner, value);
  } else {
    std::fill_n(y, rows.y_at * shape.inner, value);
    const std::int64_t end = rows.y_at + rows.count;
    std::fill_n(y + end * shape.inner, (shape.size - end) * shape.inner, value);
  }
  if (rows.count > 0) copy_rows(rows, shape.inner, x, y);
}

}  // namespace

void slice(const View& x, std::int64_t axis, std::int64_t start, std::int64_t step, const View& y) {
  if (y.numel() == 0) return;
  const Panels from = panels(x.shape, axis), to = panels(y.shape, axis);
  const RowCopy rows{to.size, start, to.size == 1 ? 1 : step, 0, 1};
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < to.outer; ++i)
      copy_rows(rows, to.inner, x.as<const T>() + i * from.size * from.inner, y.as<T>() + i * to.size * to.inner);
  });
}

void pad(const View& x, std::int64_t axis, std::int64_t before, std::int64_t interior, double value, const View& y) {
  if (y.numel() == 0) return;
  const Panels from = panels(x.shape, axis), to = panels(y.shape, axis);
  const RowCopy rows = kept_rows(from.size, to.size, before, interior + 1);
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < to.outer; ++i)
      pad_panel(rows, to, convert<T>(value), x.as<const T>() + i * from.size * from.inner,
                y.as<T>() + i * to.size * to.inner);
  });
}

void concat(std::span<const View> xs, std::int64_t axis, const View& y) {
  if (y.numel() == 0) return;
  const Panels to = panels(y.shape, axis);
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    std::int64_t at = 0;
    for (const View& x : xs) {
      const std::int64_t run = x.shape[axis] * to.inner;
      for (std::int64_t i = 0; i < to.outer; ++i)
        copy(x.as<const T>() + i * run, run, y.as<T>() + i * to.size * to.inner + at);
      at += run;
    }
  });
}

}  // namespace xgrad::kernels
