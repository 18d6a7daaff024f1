#pragma once

#include <functional>

#include "autograd/core/location.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// How a linear system is solved by products with its matrix.
struct LinearSolveOptions {
  double tolerance = 0;     ///< of |b - A x| / |b|; 0 for 1e-12 in float64 and 1e-5 in float32
  int restart = 100;        ///< after so many products, what they have shown is dropped
  int max_products = 2000;  ///< with the matrix
};

/// x with A(x) = b for a linear function A of Tensors like b, by products alone (GMRES; Saad and Schultz, 1986). What A
/// and b are computed from gets its derivatives, of any order, from further systems like this one. ConvergenceError
/// where the residual stays too large.
Tensor linear_solve(const std::function<Tensor(const Tensor&)>& product, const Tensor& b,
                    const LinearSolveOptions& options = {}, const Location& where = Location::current());

}  // namespace xgrad
