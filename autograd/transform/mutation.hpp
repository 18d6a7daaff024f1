#pragma once

#include <cstddef>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::detail {

/// Spoils the cotangents that derivative rules give: for proving that a test would notice a wrong rule. Null, as it is
/// outside such tests, leaves them alone.
using Mutation = Tensor (*)(const Entry& entry, std::size_t input, const Tensor& cotangent);
inline constinit thread_local Mutation mutation = nullptr;

}  // namespace xgrad::detail
