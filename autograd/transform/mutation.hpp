#pragma once

#include <cstddef>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::detail {

/// Changes the cotangents that derivative rules give, to prove that tests notice a wrong rule. Null outside such tests.
using Mutation = Tensor (*)(const Entry& entry, std::size_t input, const Tensor& cotangent);
inline constinit thread_local Mutation mutation = nullptr;

}  // namespace xgrad::detail
