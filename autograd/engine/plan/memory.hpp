#pragma once

#include <cstddef>
#include <cstdint>

#include "autograd/core/dtype.hpp"

namespace xgrad::fused {

/// The memory of a node, as a plan describes it.
struct Memory {
  std::size_t bytes = 0;
  std::int32_t leaf = -1;   // which one it is, or -1
  std::int32_t entry = -1;  // the pending entry that the node computes, or -1
  DType dtype = float32;
  std::int32_t constant = -1;  // which constant it is, which needs no memory, or -1
};

}  // namespace xgrad::fused
