#pragma once

// Derivatives along a line, to any order.

#include <vector>

#include "autograd/transform/linearize.hpp"

namespace xgrad {

namespace detail {
/// d^k y / ds^k at s = 0 for k = 0, ..., order, where xs move by s times their directions.
Tensors line_derivatives(const Tensor& y, const Tensors& xs, const Tensors& directions, int order,
                         const Location& where);
}  // namespace detail

/// d^k f(x + s v) / ds^k at s = 0, for k = 0, ..., order: f(x), its derivative in the direction v, the second one ...
/// f is called once, and order k costs about k times what f costs: each entry of the tape gives the Taylor
/// coefficients of its result from those of its inputs, by its own derivative rule (y' = J u', coefficient by
/// coefficient), where nested derivatives cost 2^k. Of a chain of powers, or of factors of matrices, order k costs
/// about k^2. ValueError for an order < 0. (Griewank and Walther, "Evaluating derivatives", 2008, chapter 13)
template <detail::FunctionOfOne F>
std::vector<Tensor> taylor(F&& f, const Operand& x, const Tensor& v, int order) {
  const auto point = detail::at_point(f, x);
  return detail::line_derivatives(point.value, point.inputs, {v}, order, point.where);
}
/// The same along the line on which each Tensor of a list moves in its own direction.
template <TensorFunction F>
std::vector<Tensor> taylor(F&& f, const TensorList& xs, const TensorList& vs, int order) {
  const auto point = detail::at_point(f, xs);
  return detail::line_derivatives(point.value, point.inputs, vs.tensors(), order, point.where);
}

}  // namespace xgrad
