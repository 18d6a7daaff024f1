#pragma once

// What ranks contribute, put together in an order that does not depend on when it arrives.

#include <cstdint>

#include "autograd/core/dtype.hpp"

namespace xgrad::parallel::detail {

enum class Combine { sum, max };

/// Puts `parts` parts of `count` elements each, which lie one after the other, together into the first one: neighbours
/// first, (0 1) (2 3) ..., then neighbours of these. Of a power of two parts, each half is put together as if it were
/// alone. A NaN is the greatest of all.
void combine_tree(Combine how, DType dtype, void* data, std::int64_t count, int parts);

}  // namespace xgrad::parallel::detail
