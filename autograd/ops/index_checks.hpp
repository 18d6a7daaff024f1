#pragma once

// For the library's own .cpp files: checks of indices along an axis.

#include <cstdint>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Checks indices that are evaluated already; others are checked when they are used.
void check_known_indices(const Tensor& index, std::int64_t size, const char* operation, const Location& where);
/// Checks for int64 indices with as many axes as x that are, off the axis, no larger than x.
void check_index(const Tensor& x, const Tensor& index, std::int64_t axis, const char* operation, const Location& where);

}  // namespace xgrad
