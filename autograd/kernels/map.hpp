#pragma once

// For the kernels' own .cpp files: elementwise functions, by xtensor.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "autograd/kernels/ranges.hpp"
#include "autograd/xtensor_shim.hpp"

namespace xgrad::kernels {

/// Elements in memory as a one-dimensional xtensor, which neither copies nor owns them.
template <class T>
auto flat(T* data, std::int64_t count) {
  const auto size = static_cast<std::size_t>(count);
  // Moved, the pointer is held by value; else xtensor would keep a reference to the parameter.
  return xt::adapt(std::move(data), size, xt::no_ownership(), std::array<std::size_t, 1>{size});
}

/// y[i] = f(x[i]...), for i < count. On several threads.
template <class F, class Y, class... X>
void map(F f, std::int64_t count, Y* y, const X*... x) {
  parallel_ranges(count, 1, [&](std::int64_t begin, std::int64_t end) {
    const auto values = xt::make_lambda_xfunction(F(f), flat(x + begin, end - begin)...);
    // What assigns one expression to another is instantiated anew for each function, and takes longer than all the
    // rest.
    for (std::int64_t i = begin; i < end; ++i) y[i] = values.data_element(static_cast<std::size_t>(i - begin));
  });
}

template <class Y>
void fill(Y* y, std::int64_t count, Y value) {
  if (count > 0) flat(y, count).fill(value);
}

}  // namespace xgrad::kernels
