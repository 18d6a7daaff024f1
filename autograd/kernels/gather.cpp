#include <algorithm>
#include <concepts>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels {

namespace {

// Calls `body(place along the axis, place in the indexed array)` for every index, in row-major order. `size` is what
// the indexed array has along the axis.
template <class Body>
void for_each_index(const View& index, std::int64_t axis, std::int64_t size, Body body) {
  const auto [outer, count, inner] = panels(index.shape, axis);
  const std::int64_t* at = index.as<const std::int64_t>();
  std::int64_t place = 0;
  for (std::int64_t i = 0; i < outer; ++i)
    for (std::int64_t k = 0; k < count; ++k)
      for (std::int64_t j = 0; j < inner; ++j, ++place) body(place, (i * size + at[place]) * inner + j);
}

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
    for_each_index(index, axis, size, [=](std::int64_t place, std::int64_t at) { to[place] = from[at]; });
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
    for_each_index(index, axis, size, [=](std::int64_t place, std::int64_t at) {
      if constexpr (std::same_as<T, bool>)
        to[at] = to[at] || from[place];
      else
        to[at] = wrapping_add(to[at], from[place]);
    });
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
