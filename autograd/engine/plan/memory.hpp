#pragma once

#include <cstddef>
#include <cstdint>

#include "autograd/core/dtype.hpp"

namespace xgrad::fused {

/// What a plan knows of the memory of a node.
struct Memory {
  std::size_t bytes = 0;
  std::int32_t leaf = -1;   // which one it is, or -1
  std::int32_t entry = -1;  // that is computed by it, or -1
  DType dtype = float32;
  std::int32_t constant = -1;  // which one it is, whose value is there without memory, or -1
};

}  // namespace xgrad::fused
