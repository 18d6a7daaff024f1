#include <algorithm>
#include <cstring>

#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::kernels {

namespace {

// groups[0], groups[1], ... of y from x; marked groups are repeated. The sizes of one place of groups[0] are in
// x_sizes[0] and y_sizes[0].
template <class T>
void expand(std::span<const AxisGroup> groups, std::span<const std::int64_t> x_sizes,
            std::span<const std::int64_t> y_sizes, const T* x, T* y) {
  if (groups.empty()) {
    *y = *x;
    return;
  }
  const AxisGroup group = groups[0];
  const std::int64_t each = y_sizes[0];
  const auto one = [&](std::int64_t i) {
    expand(groups.subspan(1), x_sizes.subspan(1), y_sizes.subspan(1), x + i * x_sizes[0], y + i * each);
  };
  if (!group.marked) {
    parallel_ranges(group.size, each, [&](std::int64_t i, std::int64_t end) {
      if (groups.size() == 1) return copy(x + i, end - i, y + i);
      for (; i < end; ++i) one(i);
    });
    return;
  }
  one(0);
  parallel_ranges(group.size - 1, each, [&](std::int64_t i, std::int64_t end) {
    if (each == 1) return void(std::fill(y + i + 1, y + end + 1, *y));
    for (; i < end; ++i) copy(y, each, y + (i + 1) * each);
  });
}

// Joined axes of a permutation: sizes and steps in x, in the order of y; the steps in y.
std::vector<LoopAxis> permuted_axes(const Shape& shape, const Shape& order) {
  std::vector<std::int64_t> steps(static_cast<std::size_t>(shape.ndim()));
  std::int64_t step = 1;
  for (std::int64_t axis = shape.ndim(); axis-- > 0; step *= shape[axis]) steps[static_cast<std::size_t>(axis)] = step;
  std::vector<LoopAxis> axes;
  for (const std::int64_t axis : order) {
    const LoopAxis next{shape[axis], steps[static_cast<std::size_t>(axis)], 0};
    if (next.size == 1) continue;
    if (!axes.empty() && axes.back().x_step == next.size * next.x_step)
      axes.back() = {axes.back().size * next.size, next.x_step, 0};
    else
      axes.push_back(next);
  }
  step = 1;
  for (std::size_t i = axes.size(); i-- > 0; step *= axes[i].size) axes[i].y_step = step;
  return axes;
}

// y[i][j] = x[j][i] for a square of as many elements as are in a register, in registers; with its side.
template <class T>
struct Square {
  static constexpr std::int64_t side = 1;
  static void transpose(const T* x, std::int64_t, T* y, std::int64_t) { *y = *x; }
};
template <class T>
requires(sizeof(T) == 4) struct Square<T> {
  static constexpr std::int64_t side = 4;
  using Four [[gnu::vector_size(16)]] = std::int32_t;
  static void transpose(const T* x, std::int64_t x_step, T* y, std::int64_t y_step) {
    Four row[side];
    for (std::int64_t j = 0; j < side; ++j) std::memcpy(&row[j], x + j * x_step, sizeof(Four));
    const Four a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5),
               b = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const Four c = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7),
               d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    row[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    row[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    row[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    row[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
    for (std::int64_t i = 0; i < side; ++i) std::memcpy(y + i * y_step, &row[i], sizeof(Four));
  }
};
template <class T>
requires(sizeof(T) == 8) struct Square<T> {
  static constexpr std::int64_t side = 2;
  using Two [[gnu::vector_size(16)]] = std::int64_t;
  static void transpose(const T* x, std::int64_t x_step, T* y, std::int64_t y_step) {
    Two row[side];
    for (std::int64_t j = 0; j < side; ++j) std::memcpy(&row[j], x + j * x_step, sizeof(Two));
    const Two a = __builtin_shufflevector(row[0], row[1], 0, 2), b = __builtin_shufflevector(row[0], row[1], 1, 3);
    std::memcpy(y, &a, sizeof(Two));
    std::memcpy(y + y_step, &b, sizeof(Two));
  }
};

constexpr std::int64_t tile = 16;  // rows and columns whose cache lines stay until all of them is used

// y[i][j] = x[j][i] for rows < tile: i steps by 1 in x, j steps by 1 in y.
template <class T>
void transpose(const T* x, std::int64_t x_step, T* y, std::int64_t y_step, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t side = Square<T>::side;
  for (std::int64_t j0 = 0; j0 < columns; j0 += tile) {
    const std::int64_t end = std::min(columns, j0 + tile), i1 = rows / side * side, j1 = j0 + (end - j0) / side * side;
    for (std::int64_t i = 0; i < i1; i += side)
      for (std::int64_t j = j0; j < j1; j += side)
        Square<T>::transpose(x + j * x_step + i, x_step, y + i * y_step + j, y_step);
    for (std::int64_t i = 0; i < i1; ++i)
      for (std::int64_t j = j1; j < end; ++j) y[i * y_step + j] = x[j * x_step + i];
    for (std::int64_t i = i1; i < rows; ++i)
      for (std::int64_t j = j0; j < end; ++j) y[i * y_step + j] = x[j * x_step + i];
  }
}

template <class T>
void permute_elements(const T* x, std::vector<LoopAxis> axes, T* y) {
  if (axes.empty()) {
    *y = *x;
    return;
  }
  const LoopAxis inner = axes.back();
  axes.pop_back();
  if (inner.x_step == 1)
    return each_place(axes, inner.size,
                      [&](std::int64_t from, std::int64_t to) { copy(x + from, inner.size, y + to); });
  const auto across = std::find_if(axes.begin(), axes.end(), [](const LoopAxis& axis) { return axis.x_step == 1; });
  const LoopAxis rows = *across;  // some axis steps by 1 in x: the last one of x that was not dropped
  axes.erase(across);
  // Whole tiles of its rows, then what is left of them.
  const std::int64_t tiles = rows.size / tile, left = rows.size % tile;
  const auto transposed = [&](std::int64_t count) {
    return [=, &rows, &inner](std::int64_t from, std::int64_t to) {
      transpose(x + from, inner.x_step, y + to, rows.y_step, count, inner.size);
    };
  };
  axes.push_back({tiles, tile, tile * rows.y_step});
  if (tiles > 0) each_place(axes, tile * inner.size, transposed(tile));
  axes.pop_back();
  x += tiles * tile;
  y += tiles * tile * rows.y_step;
  if (left > 0) each_place(axes, left * inner.size, transposed(left));
}

}  // namespace

void broadcast(const View& x, const View& y) {
  if (y.numel() == 0) return;
  AxisSet repeated;
  const std::int64_t added = y.shape.ndim() - x.shape.ndim();
  for (std::int64_t axis = 0; axis < y.shape.ndim(); ++axis)
    if (axis < added || x.shape[axis - added] != y.shape[axis]) repeated.insert(axis);
  const std::vector<AxisGroup> groups = group_axes(y.shape, repeated);
  std::vector<std::int64_t> x_sizes(groups.size()), y_sizes(groups.size());
  std::int64_t x_size = 1, y_size = 1;
  for (std::size_t i = groups.size(); i-- > 0;) {
    x_sizes[i] = x_size;
    y_sizes[i] = y_size;
    if (!groups[i].marked) x_size *= groups[i].size;
    y_size *= groups[i].size;
  }
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    expand<T>(groups, x_sizes, y_sizes, x.as<const T>(), y.as<T>());
  });
}

void permute(const View& x, const Shape& order, const View& y) {
  if (y.numel() == 0) return;
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    permute_elements(x.as<const T>(), permuted_axes(x.shape, order), y.as<T>());
  });
}

void flip(const View& x, AxisSet axes, const View& y) {
  if (y.numel() == 0) return;
  std::vector<LoopAxis> loop;
  std::int64_t start = 0, step = 1;
  const std::vector<AxisGroup> groups = group_axes(x.shape, axes);
  for (auto group = groups.rbegin(); group != groups.rend(); ++group, step *= loop.front().size) {
    loop.insert(loop.begin(), {group->size, group->marked ? -step : step, step});
    if (group->marked) start += (group->size - 1) * step;
  }
  const LoopAxis inner = loop.empty() ? LoopAxis{1, 1, 1} : loop.back();
  if (!loop.empty()) loop.pop_back();
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.as<const T>() + start;
    each_place(loop, inner.size, [&, to = y.as<T>()](std::int64_t x_at, std::int64_t y_at) {
      if (inner.x_step == 1) return copy(from + x_at, inner.size, to + y_at);
      std::reverse_copy(from + x_at + 1 - inner.size, from + x_at + 1, to + y_at);
    });
  });
}

}  // namespace xgrad::kernels
