#pragma once

// The parameters of distributions.

#include <array>
#include <cstddef>

#include "autograd/core/dtype.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// The operands as Tensors: numbers take the floating dtype of the first Tensor, or `otherwise` without any.
template <class... Operands>
std::array<Tensor, sizeof...(Operands)> together(DType otherwise, const Operands&... operands) {
  DType dtype = otherwise;
  bool known = false;
  const auto look = [&](const Operand& x) {
    if (known || x.is_number() || !is_floating(x.tensor().dtype())) return;
    dtype = x.tensor().dtype();
    known = true;
  };
  (look(operands), ...);
  const Tensor like = zeros({}, dtype);
  return {operands.is_number() ? operands.tensor_like(like) : operands.tensor()...};
}

}  // namespace xgrad
