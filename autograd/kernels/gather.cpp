#include <algorithm>
#include <atomic>
#include <bit>
#include <concepts>
#include <numeric>
#include <tuple>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/ranges.hpp"
#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels {

namespace {

// Whether all indices are in [0, size): the sign bits of index and size - 1 - index show it.
bool all_inside(const std::int64_t* index, std::int64_t count, std::int64_t size) {
  std::uint64_t signs = size > 0 || count == 0 ? 0 : ~std::uint64_t{0};
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::uint64_t>(index[i]);
    signs |= at | (static_cast<std::uint64_t>(size) - 1 - at);
  }
  return signs >> 63 == 0;
}

// The indices for an array of some shape. Before the axis and behind it they have the sizes of the array, or size 1 on
// all axes, which is repeated. Indices that are repeated along only some of these axes are first repeated in memory.
struct Indices {
  const std::int64_t* at;
  std::int64_t outer, count, inner;
  std::int64_t step;    // the distance from one place before the axis to the next
  bool same_for_inner;  // whether all places behind the axis share an index
  std::vector<std::int64_t> repeated;

  Indices(const View& index, const Shape& beside, std::int64_t axis) : at(index.as<const std::int64_t>()) {
    Shape shape = beside;
    shape[axis] = index.shape[axis];
    const auto whole = panels(shape, axis), given = panels(index.shape, axis);
    std::tie(outer, count, inner) = std::tuple(whole.outer, whole.size, whole.inner);
    same_for_inner = given.inner == 1;
    step = given.outer == 1 ? 0 : count * given.inner;
    if ((given.outer == 1 || given.outer == outer) && (given.inner == 1 || given.inner == inner)) return;
    repeated.resize(static_cast<std::size_t>(shape.numel()));
    kernels::broadcast(index, {repeated.data(), shape, int64});
    at = repeated.data();
    step = count * inner;
    same_for_inner = inner == 1;
  }

  // The indices of a row along the axis: one for each place behind the axis, or one for all of them.
  const std::int64_t* row(std::int64_t i, std::int64_t k) const {
    return at + i * step + k * (same_for_inner ? 1 : inner);
  }
};

constexpr std::int64_t at_once = 1024;  // indices are checked, and then read from the cache, this many at a time

// Gathers rows begin <= row < end, numbered over all places before the axis. Returns false if an index is out of range.
template <class T>
bool gather_rows(const Indices& indices, const T* from, std::int64_t size, std::int64_t begin, std::int64_t end, T* y) {
  const auto [inner, count] = std::pair(indices.inner, indices.count);
  for (std::int64_t rows = 0; begin < end; begin += rows) {
    const std::int64_t i = begin / count, k = begin % count;
    rows = indices.same_for_inner ? std::min({end - begin, count - k, at_once}) : 1;
    const std::int64_t* at = indices.row(i, k);
    if (!all_inside(at, indices.same_for_inner ? rows : inner, size)) return false;
    const T* x = from + i * size * inner;
    T* to = y + begin * inner;
    if (!indices.same_for_inner)
      for (std::int64_t j = 0; j < inner; ++j) to[j] = x[at[j] * inner + j];
    else if (inner == 1)
      for (std::int64_t j = 0; j < rows; ++j) to[j] = x[at[j]];
    else
      for (std::int64_t j = 0; j < rows; ++j) copy(x + at[j] * inner, inner, to + j * inner);
  }
  return true;
}

template <class T>
T sum_of(T a, T b) {
  if constexpr (std::same_as<T, bool>)
    return a || b;
  else
    return wrapping_add(a, b);
}

// Consecutive places behind the axis, at one place before it.
struct Columns {
  std::int64_t outer, first, last;
};

// Adds these columns to y, which begins at that place. Returns false if an index is out of range.
template <class T>
bool add_rows(const Indices& indices, const T* source, std::int64_t size, const Columns& columns, T* y) {
  const std::int64_t inner = indices.inner, count = indices.count;
  const auto [outer, first, last] = columns;
  source += outer * count * inner;
  const std::int64_t* at = indices.row(outer, 0);
  if (!indices.same_for_inner) {
    for (std::int64_t k = 0; k < count; ++k, at += inner, source += inner) {
      if (!all_inside(at + first, last - first, size)) return false;
      for (std::int64_t j = first; j < last; ++j) y[at[j] * inner + j] = sum_of(y[at[j] * inner + j], source[j]);
    }
    return true;
  }
  for (std::int64_t k = 0, rows = 0; k < count; k += rows, at += rows) {
    rows = std::min(count - k, at_once);
    if (!all_inside(at, rows, size)) return false;
    if (inner == 1)
      for (std::int64_t i = 0; i < rows; ++i) y[at[i]] = sum_of(y[at[i]], source[i]);
    else
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = first; j < last; ++j)
          y[at[i] * inner + j] = sum_of(y[at[i] * inner + j], source[i * inner + j]);
    source += rows * inner;
  }
  return true;
}

// Whole rows of a scatter, sorted by the range of places along the axis that they go to; each range is in source order.
struct RowsByRange {
  static constexpr std::int64_t most_ranges = 16;
  std::int64_t size, range;  // the number of places along the axis, and of places in a range
  std::vector<std::int64_t> rows, ends;

  RowsByRange(const std::int64_t* at, std::int64_t count, std::int64_t size_) : size(size_) {
    const auto shift = static_cast<int>(std::bit_width(static_cast<std::uint64_t>((size - 1) / most_ranges)));
    range = std::int64_t{1} << shift;
    ends.resize(static_cast<std::size_t>((size - 1) / range + 1) + 1);
    for (std::int64_t k = 0; k < count; ++k) ++ends[static_cast<std::size_t>(at[k] >> shift) + 1];
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    rows.resize(static_cast<std::size_t>(count));
    for (std::int64_t k = 0; k < count; ++k)
      rows[static_cast<std::size_t>(ends[static_cast<std::size_t>(at[k] >> shift)]++)] = k;
  }

  // Adds the rows of all ranges; each range belongs to one thread.
  template <class T>
  void add(const std::int64_t* at, const T* source, std::int64_t inner, T* y) const {
    const std::int64_t ranges = std::ssize(ends) - 1;
    parallel_ranges(ranges, (std::ssize(rows) / ranges + range) * inner, [&](std::int64_t i, std::int64_t end) {
      for (; i < end; ++i) {
        std::fill(y + i * range * inner, y + std::min(size, (i + 1) * range) * inner, T{});
        for (std::int64_t k = i == 0 ? 0 : ends[static_cast<std::size_t>(i - 1)]; k < ends[static_cast<std::size_t>(i)];
             ++k) {
          const std::int64_t row = rows[static_cast<std::size_t>(k)];
          const T* from = source + row * inner;
          T* to = y + at[row] * inner;
          for (std::int64_t j = 0; j < inner; ++j) to[j] = sum_of(to[j], from[j]);
        }
      }
    });
  }
};

// Scatters whole rows at each place before the axis; these places are few.
template <class T>
bool scatter_whole_rows(const Indices& indices, const T* source, std::int64_t size, T* y) {
  const std::int64_t inner = indices.inner, count = indices.count;
  for (std::int64_t i = 0; i < indices.outer; ++i) {
    const std::int64_t* at = indices.row(i, 0);
    if (!all_inside(at, count, size)) return false;
    RowsByRange(at, count, size).add(at, source + i * count * inner, inner, y + i * size * inner);
  }
  return true;
}

// Terms of one element are added in source order on any number of threads: a thread has whole places before the axis,
// ranges along it, or columns behind it. Returns false if an index is out of range.
template <class T>
bool scatter_rows(const Indices& indices, const T* source, std::int64_t size, T* y) {
  constexpr std::int64_t least = 16, parts = 4;  // columns
  const std::int64_t inner = indices.inner, panel = size * inner;
  const bool large = indices.outer < RowsByRange::most_ranges && (indices.count + size) * inner > 2 * range_elements;
  if (large && indices.same_for_inner && inner >= least) return scatter_whole_rows(indices, source, size, y);
  const std::int64_t width = large ? std::max(least, (inner + parts - 1) / parts) : inner;
  const std::int64_t tiles = (inner + width - 1) / width;
  if (tiles > 1) parallel_ranges(panel * indices.outer, 1, [&](auto i, auto end) { std::fill(y + i, y + end, T{}); });
  std::atomic<bool> are_inside{true};
  parallel_ranges(indices.outer * tiles, (indices.count + size) * width, [&](std::int64_t i, std::int64_t end) {
    for (; i < end; ++i) {
      T* to = y + i / tiles * panel;
      const std::int64_t first = i % tiles * width, last = std::min(inner, first + width);
      if (tiles == 1) std::fill_n(to, panel, T{});
      if (!add_rows(indices, source, size, {i / tiles, first, last}, to))
        are_inside.store(false, std::memory_order_relaxed);
    }
  });
  return are_inside;
}

}  // namespace

void check_indices(const View& index, std::int64_t size, const char* operation, const Location& where) {
  const std::span<const std::int64_t> indices = index.span<const std::int64_t>();
  std::atomic<bool> are_inside{true};
  parallel_ranges(std::ssize(indices), 1, [&](std::int64_t begin, std::int64_t end) {
    if (!all_inside(indices.data() + begin, end - begin, size)) are_inside.store(false, std::memory_order_relaxed);
  });
  if (are_inside) return;
  const auto outside = std::ranges::find_if(
      indices, [size](std::int64_t i) { return static_cast<std::uint64_t>(i) >= static_cast<std::uint64_t>(size); });
  fail<IndexError>(where, operation, ": index ", *outside, " at place ", outside - indices.begin(), " of ", index.shape,
                   " is out of range for an axis of size ", size);
}

void gather(const View& x, const View& index, std::int64_t axis, const View& y, const Location& where) {
  const std::int64_t size = x.shape[axis];
  if (y.numel() == 0) return check_indices(index, size, "gather", where);
  std::atomic<bool> are_inside{true};
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Indices indices(index, x.shape, axis);
    parallel_ranges(indices.outer * indices.count, indices.inner, [&](std::int64_t begin, std::int64_t end) {
      if (!gather_rows(indices, x.as<const T>(), size, begin, end, y.as<T>()))
        are_inside.store(false, std::memory_order_relaxed);
    });
  });
  if (!are_inside) check_indices(index, size, "gather", where);
}

void scatter_add(const View& source, const View& index, std::int64_t axis, const View& y, const Location& where) {
  const std::int64_t size = y.shape[axis];
  if (y.numel() == 0) return check_indices(index, size, "scatter_add", where);
  const bool are_inside = dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    return scatter_rows(Indices(index, source.shape, axis), source.as<const T>(), size, y.as<T>());
  });
  if (!are_inside) check_indices(index, size, "scatter_add", where);
}

void scatter_argmax(const View& x, const View& index, std::int64_t axis, const View& y, const Location& where) {
  const std::int64_t size = y.shape[axis];
  check_indices(index, size, "scatter_argmax", where);
  if (y.numel() == 0) return;
  const Panels all = panels(x.shape, axis);
  std::int64_t* to = y.as<std::int64_t>();
  dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.as<const T>();
    const std::int64_t* at = index.as<const std::int64_t>();
    parallel_ranges(all.outer, (all.size + size) * all.inner, [&](std::int64_t i, std::int64_t end) {
      const auto [outer, count, inner] = all;
      std::fill(to + i * size * inner, to + end * size * inner, std::int64_t{-1});
      for (std::int64_t place = i * count * inner; i < end; ++i)
        for (std::int64_t k = 0; k < count; ++k)
          for (std::int64_t j = 0; j < inner; ++j, ++place) {
            std::int64_t& best = to[(i * size + at[place]) * inner + j];
            const T now = from[place];
            if (best < 0 || now != now || from[(i * count + best) * inner + j] <= now) best = k;
          }
    });
  });
}

void one_hot(const View& index, const View& y, const Location& where) {
  const std::int64_t classes = y.shape.back();
  check_indices(index, classes, "one_hot", where);
  if (y.numel() == 0) return;
  const std::int64_t* at = index.as<const std::int64_t>();
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    parallel_ranges(index.numel(), classes, [=, to = y.as<T>()](std::int64_t i, std::int64_t end) {
      std::fill(to + i * classes, to + end * classes, T{});
      for (; i < end; ++i) to[i * classes + at[i]] = T{1};
    });
  });
}

}  // namespace xgrad::kernels
