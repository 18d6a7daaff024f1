#include "autograd/engine/rows/row_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/kernels/transpose.hpp"

namespace xgrad::fused {

namespace {

using Axis = Access::Axis;

constexpr Axis only{1, 1, 0, 1, false};  // the axis of a single element

bool holds(const Axis& axis, std::int64_t first, std::int64_t count) {
  return first >= axis.low && first + count <= axis.high;
}

template <class T>
void copy_run(T* to, const T* from, std::int64_t stride, std::int64_t count) {
  const auto each = [=](auto distance) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[i * distance];
  };
  if (stride == 1)
    std::copy_n(from, count, to);
  else if (stride == -1)
    each(std::integral_constant<std::int64_t, -1>());
  else if (stride == 2)
    each(std::integral_constant<std::int64_t, 2>());
  else
    each(stride);
}

/// own[j] = here[offset[j]]; in pairs where each element of even j has the next one beside it.
template <class T>
T* gather(const T* here, const std::int32_t* offset, std::int64_t count, bool in_pairs, T* own) {
  std::int64_t j = 0;
  if (in_pairs)
    for (; j + 1 < count; j += 2) std::memcpy(own + j, here + offset[j], 2 * sizeof(T));
  for (; j < count; ++j) own[j] = here[offset[j]];
  return own + count;
}

}  // namespace

/// An element: its index on each axis, and the offset of the first element of its run along the last axis: of all axes,
/// or of those that one is asked for.
struct RowReader::Position {
  std::array<std::int64_t, max_ndim> index;
  std::int64_t inner = 0;   // the index on the last axis
  std::int64_t offset = 0;  // of the first element of its run
  std::size_t outside = 0;  // the number of other axes on which it is outside the bounds
};

RowReader::Position RowReader::position(std::int64_t element, std::size_t last) const {
  Position at;
  at.offset = access_.offset;
  const std::vector<Axis>& axes = access_.axes;
  if (axes.empty()) return at;
  at.inner = element % axes[last].size;
  element /= axes[last].size;
  for (std::size_t k = last; k-- > 0;) {
    at.index[k] = k == 0 ? element : element % axes[k].size;
    element /= axes[k].size;
    at.offset += at.index[k] * axes[k].stride;
    at.outside += !holds(axes[k], at.index[k], 1);
  }
  return at;
}

/// Goes on to the beginning of the next run along axis `last`.
void RowReader::go_on(Position& at, std::size_t last) const {
  at.inner = 0;
  for (std::size_t k = last; k-- > 0;) {
    const Axis& axis = access_.axes[k];
    at.outside -= !holds(axis, at.index[k], 1);
    at.offset += axis.stride;
    const bool ends = ++at.index[k] == axis.size;
    if (ends) at.offset -= axis.size * axis.stride, at.index[k] = 0;
    at.outside += !holds(axis, at.index[k], 1);
    if (!ends) break;
  }
}

/// The rows from here on that lie at equal distances, each with its elements side by side; none where the first does
/// not.
RowsInMemory RowReader::rows_there(const Position& at, std::int64_t rows, std::int64_t columns) const {
  const std::vector<Axis>& axes = access_.axes;
  const Axis& inner = axes.empty() ? only : axes.back();
  const auto item = static_cast<std::int64_t>(item_);
  if (at.outside != 0 || (inner.stride != 1 && columns_ > 1) || !holds(inner, at.inner, columns)) return {};
  // Nothing is written through this pointer: only inputs are placed.
  char* const data = const_cast<char*>(base_) + (at.offset + at.inner * inner.stride) * item;
  const std::int64_t within = (inner.high - at.inner - columns) / columns_ + 1;
  if (columns_ != inner.size || axes.size() < 2)
    return {data, columns_ * inner.stride * item,
            planted("rows go on behind the end of an axis") ? rows : std::min(rows, within)};
  const std::size_t next = axes.size() - 2;
  return {data, axes[next].stride * item, std::min(rows, axes[next].high - at.index[next])};
}

bool RowReader::is_transposed(const Position& at, std::int64_t rows, std::int64_t column, std::int64_t columns) const {
  const std::vector<Axis>& axes = access_.axes;
  if (rows < 2 || axes.size() < 2 || columns_ != axes.back().size || axes[axes.size() - 2].stride != 1) return false;
  const std::size_t next = axes.size() - 2;
  return at.outside == 0 && at.index[next] + rows <= axes[next].size && holds(axes[next], at.index[next], rows) &&
         holds(axes.back(), column, columns);
}

RowsInMemory RowReader::rows(std::int64_t row, std::int64_t rows, std::int64_t group, std::int64_t column,
                             std::int64_t columns, char* own, std::int64_t own_stride) const {
  const Position at = position(row * columns_ + column, last_axis());
  if (const RowsInMemory found = rows_there(at, rows, columns); found.rows > 0) return found;
  rows = std::min(rows, group);
  const auto item = static_cast<std::int64_t>(item_);
  if (is_transposed(at, rows, column, columns)) {
    const std::int64_t stride = access_.axes.back().stride, first = at.offset + at.inner * stride;
    if (item_ == 4)
      kernels::transpose(reinterpret_cast<const float*>(base_) + first, stride, reinterpret_cast<float*>(own),
                         own_stride / item, rows, columns);
    else
      kernels::transpose(reinterpret_cast<const double*>(base_) + first, stride, reinterpret_cast<double*>(own),
                         own_stride / item, rows, columns);
  } else {
    for (std::int64_t r = 0; r < rows; ++r) copy((row + r) * columns_ + column, columns, own + r * own_stride);
  }
  return {own, own_stride, rows};
}

void RowReader::copy(std::int64_t first, std::int64_t count, char* own) const {
  if (view_.offsets.empty())
    copy_rows(first, count, own, count, 0);
  else
    item_ == 4 ? copy_short_runs(first, count, reinterpret_cast<float*>(own))
               : copy_short_runs(first, count, reinterpret_cast<double*>(own));
}

void RowReader::copy_rows(std::int64_t first, std::int64_t count, char* own, std::int64_t row, std::int64_t gap) const {
  item_ == 4 ? copy_as(first, count, reinterpret_cast<float*>(own), row, gap)
             : copy_as(first, count, reinterpret_cast<double*>(own), row, gap);
}

template <class T>
void RowReader::copy_as(std::int64_t first, std::int64_t count, T* own, std::int64_t row, std::int64_t gap) const {
  const std::vector<Axis>& axes = access_.axes;
  const Axis& inner = axes.empty() ? only : axes.back();
  const T fill = static_cast<T>(access_.fill);
  Position at = position(first, last_axis());
  std::int64_t left = row;
  while (true) {
    const std::int64_t run = std::min({inner.size - at.inner, count, left});
    const bool there = at.outside == 0;
    const std::int64_t low = there ? std::clamp<std::int64_t>(inner.low - at.inner, 0, run) : run;
    const std::int64_t high = there ? std::clamp<std::int64_t>(inner.high - at.inner, low, run) : run;
    if (!planted("what is around a view is left as it was")) {
      std::fill_n(own, low, fill);
      std::fill_n(own + high, run - high, fill);
    }
    copy_run(own + low, reinterpret_cast<const T*>(base_) + at.offset + (at.inner + low) * inner.stride, inner.stride,
             high - low);
    count -= run;
    if (count == 0) return;
    own += run;
    left -= run;
    if (left == 0) own += gap, left = row;
    at.inner += run;
    if (at.inner == inner.size) go_on(at, axes.size() - 1);
  }
}

// Along view_.axis, element after element by the offsets that repeat.
template <class T>
void RowReader::copy_short_runs(std::int64_t first, std::int64_t count, T* own) const {
  const Axis& axis = access_.axes[view_.axis];
  const std::int64_t length = std::ssize(view_.offsets), stride = length / view_.block * axis.stride;
  const bool in_pairs = access_.axes.back().stride == 1 && access_.axes.back().size % 2 == 0;
  Position at = position(first / view_.block, view_.axis);
  std::int64_t i = planted("a copy of short runs begins with the first of a step") ? 0 : first % view_.block;
  while (true) {
    const T* const from = reinterpret_cast<const T*>(base_) + at.offset + at.inner * axis.stride;
    const std::int64_t left = (axis.size - at.inner) * view_.block;
    const std::int64_t end =
        planted("short runs go on behind the end of an axis") ? i + count : std::min(i + count, left);
    count -= end - i;
    if (at.outside != 0 && !planted("short runs know nothing of what is around a view")) {
      own = std::fill_n(own, end - i, static_cast<T>(access_.fill));
      i = end;
    }
    while (i < end) {
      const T* const here = from + i / length * stride;
      const std::int32_t* const offset = view_.offsets.data() + i % length;
      const std::int64_t n = std::min(end - i, length - i % length);
      own = gather(here, offset, n, in_pairs && i % 2 == 0, own);
      i += n;
    }
    if (count == 0) return;
    i = 0;
    go_on(at, view_.axis);
  }
}

}  // namespace xgrad::fused
