#include <algorithm>

#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/transpose.hpp"

namespace xgrad::kernels {

namespace {

// Expands groups[0], groups[1], ... of x into y; marked groups are repeated. x_sizes[0] and y_sizes[0] are the elements
// of one place of groups[0].
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

// The joined axes of a permutation, in the order of y: sizes, steps in x, steps in y.
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

struct EqualParts {
  std::int64_t begin, size, count;
};

// Divides `size` into whole parts of this size and the rest.
std::vector<EqualParts> equal_parts(std::int64_t size, std::int64_t each) {
  std::vector<EqualParts> parts;
  if (size >= each) parts.push_back({0, each, size / each});
  if (size % each > 0) parts.push_back({size / each * each, size % each, 1});
  return parts;
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
  constexpr std::int64_t most_columns = 1024;
  for (const EqualParts& i : equal_parts(rows.size, transposed_rows))
    for (const EqualParts& j : equal_parts(inner.size, most_columns)) {
      std::vector<LoopAxis> loop = axes;
      loop.push_back({i.count, i.size, i.size * rows.y_step});
      loop.push_back({j.count, j.size * inner.x_step, j.size});
      const T* from = x + i.begin + j.begin * inner.x_step;
      T* to = y + i.begin * rows.y_step + j.begin;
      each_place(loop, i.size * j.size, [&](std::int64_t x_at, std::int64_t y_at) {
        transpose(from + x_at, inner.x_step, to + y_at, rows.y_step, i.size, j.size);
      });
    }
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
