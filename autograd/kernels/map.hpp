#pragma once

// For the kernels' own .cpp files: elementwise functions.

#include <algorithm>
#include <cstdint>

#include "autograd/kernels/ranges.hpp"

namespace xgrad::kernels {

/// y[i] = f(x[i]...), for i < count. On several threads.
template <class F, class Y, class... X>
void map(F f, std::int64_t count, Y* y, const X*... x) {
  parallel_ranges(count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = f(x[i]...);
  });
}

template <class Y>
void fill(Y* y, std::int64_t count, Y value) {
  std::fill_n(y, count, value);
}

}  // namespace xgrad::kernels
