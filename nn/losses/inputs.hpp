#pragma once

// What losses check of their inputs, and what they do with them in the end.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::nn {

/// An output and its target, alike in shape and floating dtype. ShapeError or DTypeError.
struct Pair {
  Tensor output;
  Tensor target;

  Pair(const char* loss, const Operand& first, const Operand& second);
};

/// Another input, which must have the shape and dtype of `like`; a number takes them.
Tensor alike(const char* loss, const Operand& x, const char* role, const Tensor& like);

/// The sum over all axes but the first.
Tensor sum_per_sample(const Tensor& elements);

/// losses * weight, where a defined weight broadcasts to the losses. ShapeError.
Tensor weighted(const Tensor& losses, const Tensor& weight, const char* loss, const Location& where);

/// ValueError unless known targets are 1 or -1.
void check_signs(const Operand& target, const char* loss, const Location& where);

}  // namespace xgrad::nn
