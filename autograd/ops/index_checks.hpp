#pragma once

// For the library's own .cpp files: what must hold for indices along an axis.

#include <cstdint>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Indices that are known already are checked when they are recorded, the others when they are used.
void check_known_indices(const Tensor& index, std::int64_t size, const char* operation, const Location& where);
/// int64 indices with as many axes as x and, off the axis, no larger than x.
void check_index(const Tensor& x, const Tensor& index, std::int64_t axis, const char* operation, const Location& where);

}  // namespace xgrad
