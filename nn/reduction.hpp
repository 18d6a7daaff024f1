#pragma once

#include "autograd/tape/tensor.hpp"

namespace xgrad::nn {

/// What a loss makes of the losses of the single elements or samples.
enum class Reduction {
  none,        ///< leaves them as they are
  mean,        ///< their mean
  sum,         ///< their sum
  batch_mean,  ///< their sum divided by the size of the first axis
};

/// ValueError for a mean of nothing.
Tensor reduce(const Tensor& losses, Reduction reduction, const Location& where = Location::current());

}  // namespace xgrad::nn
