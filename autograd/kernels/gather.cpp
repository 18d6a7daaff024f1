#include <algorithm>
#include <concepts>
#include <tuple>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels {

namespace {

// The index beside an array of this shape, off the axis: before the axis and behind it, it is as large, or 1 everywhere
// and repeated. One that is repeated along some axes there is repeated in memory first.
struct Indices {
  const std::int64_t* at;
  std::int64_t outer, count, inner;
  std::int64_t step;    // from one place before the axis to the next
  bool same_for_inner;  // for all places behind the axis
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

  // Calls `body(place along the axis, place in the indexed array, how many follow both)` in row-major order. `size` is
  // what the indexed array has along the axis.
  template <class Body>
  void for_each(std::int64_t size, Body body) const {
    for (std::int64_t i = 0, place = 0; i < outer; ++i) {
      const std::int64_t* here = at + i * step;
      for (std::int64_t k = 0; k < count; ++k) {
        if (same_for_inner && inner > 1) {
          body(place, (i * size + here[k]) * inner, inner);
          place += inner;
        } else {
          for (std::int64_t j = 0; j < inner; ++j, ++place)
            body(place, (i * size + here[k * inner + j]) * inner + j, 1);
        }
      }
    }
  }
};

}  // namespace

void check_indices(const View& index, std::int64_t size, const char* operation, const Location& where) {
  const std::span<const std::int64_t> indices = index.span<const std::int64_t>();
  const auto outside = std::find_if(indices.begin(), indices.end(), [size](std::int64_t i) {
    return static_cast<std::uint64_t>(i) >= static_cast<std::uint64_t>(size);
  });
  check<IndexError>(outside == indices.end(), where, operation, ": index ", outside == indices.end() ? 0 : *outside,
                    " at place ", outside - indices.begin(), " of ", index.shape,
                    " is out of range for an axis of size ", size);
}

void gather(const View& x, const View& index, std::int64_t axis, const View& y, const Location& where) {
  const std::int64_t size = x.shape[axis];
  check_indices(index, size, "gather", where);
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.as<const T>();
    T* to = y.as<T>();
    Indices(index, x.shape, axis).for_each(size, [=](std::int64_t place, std::int64_t at, std::int64_t count) {
      for (std::int64_t j = 0; j < count; ++j) to[place + j] = from[at + j];
    });
  });
}

void scatter_add(const View& source, const View& index, std::int64_t axis, const View& y, const Location& where) {
  const std::int64_t size = y.shape[axis];
  check_indices(index, size, "scatter_add", where);
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = source.as<const T>();
    T* to = y.as<T>();
    std::fill_n(to, y.numel(), T{});
    Indices(index, source.shape, axis).for_each(size, [=](std::int64_t place, std::int64_t at, std::int64_t count) {
      for (std::int64_t j = 0; j < count; ++j)
        if constexpr (std::same_as<T, bool>)
          to[at + j] = to[at + j] || from[place + j];
        else
          to[at + j] = wrapping_add(to[at + j], from[place + j]);
    });
  });
}

void scatter_argmax(const View& x, const View& index, std::int64_t axis, const View& y, const Location& where) {
  const std::int64_t size = y.shape[axis];
  check_indices(index, size, "scatter_argmax", where);
  std::int64_t* to = y.as<std::int64_t>();
  std::fill_n(to, y.numel(), std::int64_t{-1});
  const Panels all = panels(x.shape, axis);
  dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto [outer, count, inner] = all;
    const T* from = x.as<const T>();
    const std::int64_t* at = index.as<const std::int64_t>();
    for (std::int64_t i = 0, place = 0; i < outer; ++i)
      for (std::int64_t k = 0; k < count; ++k)
        for (std::int64_t j = 0; j < inner; ++j, ++place) {
          std::int64_t& best = to[(i * size + at[place]) * inner + j];
          const T now = from[place];
          if (best < 0 || now != now || from[(i * count + best) * inner + j] <= now) best = k;
        }
  });
}

void one_hot(const View& index, const View& y, const Location& where) {
  const std::int64_t classes = y.shape.back();
  check_indices(index, classes, "one_hot", where);
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    std::fill_n(y.as<T>(), y.numel(), T{});
    T* row = y.as<T>();
    for (const std::int64_t at : index.span<const std::int64_t>()) {
      row[at] = T{1};
      row += classes;
    }
  });
}

}  // namespace xgrad::kernels
