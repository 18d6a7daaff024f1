#include "parallel/tree.hpp"

#include <type_traits>

#include "autograd/core/fail.hpp"

namespace xgrad::parallel::detail {

namespace {

template <class T>
T put_together(Combine how, T a, T b) {
  if (how == Combine::max) return a > b || a != a ? a : b;
  if constexpr (std::is_same_v<T, std::int64_t>)  // which wraps around, as elsewhere
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  else
    return a + b;
}

template <class T>
void combine(Combine how, T* data, std::int64_t count, int parts) {
  for (std::int64_t step = 1; step < parts; step *= 2)
    for (std::int64_t part = 0; part + step < parts; part += 2 * step) {
      T* const a = data + part * count;
      const T* const b = data + (part + step) * count;
      for (std::int64_t i = 0; i < count; ++i) a[i] = put_together(how, a[i], b[i]);
    }
}

}  // namespace

void combine_tree(Combine how, DType dtype, void* data, std::int64_t count, int parts) {
  dispatch(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, bool>)
      fail<DTypeError>(Location::current(), "combine_tree: masks have no sum");
    else
      combine(how, static_cast<T*>(data), count, parts);
  });
}

}  // namespace xgrad::parallel::detail
