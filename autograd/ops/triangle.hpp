#pragma once

#include <cstdint>

#include "autograd/tape/tensor.hpp"

namespace xgrad::detail {

/// For each element of matrices [..., rows, columns] whether column - row <= diagonal, as bool. Programs whose numbers
/// are of `dtype` compute it where they read it, as long as that counts so far exactly.
Tensor lower_triangle(const Shape& matrices, std::int64_t diagonal, DType dtype);

}  // namespace xgrad::detail
