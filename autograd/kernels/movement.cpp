#include <algorithm>

#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::kernels {

namespace {

// Writes `block` elements again and again after themselves, until there are `count` blocks.
template <class T>
void repeat(T* y, std::int64_t block, std::int64_t count) {
  for (std::int64_t done = 1; done < count; done *= 2) copy(y, std::min(done, count - done) * block, y + done * block);
}

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
  if (!group.marked && groups.size() == 1) return copy(x, group.size, y);
  for (std::int64_t i = 0; i < (group.marked ? 1 : group.size); ++i)
    expand(groups.subspan(1), x_sizes.subspan(1), y_sizes.subspan(1), x + i * x_sizes[0], y + i * y_sizes[0]);
  if (group.marked && y_sizes[0] == 1)
    std::fill_n(y, group.size, *y);
  else if (group.marked)
    repeat(y, y_sizes[0], group.size);
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

// y[i][j] = x[j][i], in squares that fit the cache: i steps by 1 in x, j steps by 1 in y.
template <class T>
void transpose(const T* x, std::int64_t x_step, T* y, std::int64_t y_step, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t side = 16;
  for (std::int64_t i0 = 0; i0 < rows; i0 += side)
    for (std::int64_t j0 = 0; j0 < columns; j0 += side)
      for (std::int64_t i = i0; i < std::min(rows, i0 + side); ++i)
        for (std::int64_t j = j0; j < std::min(columns, j0 + side); ++j) y[i * y_step + j] = x[j * x_step + i];
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
    return for_each_place(axes, 0, [&](std::int64_t from, std::int64_t to) { copy(x + from, inner.size, y + to); });
  const auto across = std::find_if(axes.begin(), axes.end(), [](const LoopAxis& axis) { return axis.x_step == 1; });
  const LoopAxis rows = *across;  // some axis steps by 1 in x: the last one of x that was not dropped
  axes.erase(across);
  for_each_place(axes, 0, [&](std::int64_t from, std::int64_t to) {
    transpose(x + from, inner.x_step, y + to, rows.y_step, rows.size, inner.size);
  });
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
    const T* from = x.as<const T>();
    for_each_place(loop, start, [&](std::int64_t x_at, std::int64_t y_at) {
      T* to = y.as<T>() + y_at;
      if (inner.x_step == 1) return copy(from + x_at, inner.size, to);
      std::reverse_copy(from + x_at + 1 - inner.size, from + x_at + 1, to);
    });
  });
}

}  // namespace xgrad::kernels
