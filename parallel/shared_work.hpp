#pragma once

#include <span>
#include <vector>

#include "autograd/tape/tensor.hpp"

namespace xgrad::parallel::detail {

/// What is computed on the way to `first` and needed again on the way to `later`: while somebody holds these, they are
/// computed once (see docs/evaluation.md), though the two are evaluated one after the other.
std::vector<Tensor> shared_work(std::span<const Tensor> first, std::span<const Tensor> later);

}  // namespace xgrad::parallel::detail
