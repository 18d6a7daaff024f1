#pragma once

#include <string>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Empty when every |actual - expected| <= absolute + relative * |expected|, with infinities equal to themselves and,
/// if `equal_nan`, NaN to NaN; else says what differs: the shape, the dtype, or the worst element and how many there
/// are.
std::string difference(const Tensor& actual, const Tensor& expected, double relative, double absolute,
                       bool equal_nan = false);
/// Tolerances that suit a dtype: 1e-5 for float32, 1e-12 for float64, 0 for the others.
double usual_tolerance(DType dtype);

}  // namespace xgrad
