#pragma once

#include <vector>

#include "autograd/check/gradient_check.hpp"
#include "autograd/core/random.hpp"

namespace xgrad {

/// What an order of a gradient check differentiates: for order 1 the function contracted with a random cotangent, for
/// order n its derivative of order n - 1 in random directions. The contraction is no part of the tape, so that only the
/// rules of the function itself are at work.
class Directional {
 public:
  Directional(const CheckedFunction& f, int order, std::uint64_t seed) : f_(f), order_(order), seed_(seed) {}

  /// The value at `inputs`.
  double value(const std::vector<Tensor>& inputs) const;
  /// The derivatives by the floating inputs; undefined Tensors for the others.
  std::vector<Tensor> gradient(const std::vector<Tensor>& inputs) const;
  /// What the value is contracted from, with its whole history: for looking through the tape.
  std::vector<Tensor> recorded(const std::vector<Tensor>& inputs) const;

 private:
  struct Contraction {
    std::vector<Tensor> terms, weights;
  };
  Contraction contraction(const std::vector<Tensor>& inputs) const;

  const CheckedFunction& f_;
  int order_;
  std::uint64_t seed_;
};

/// Numbers of either sign between 1/2 and 3/2 in size, so that none hides an error.
Tensor random_like(const Tensor& x, Rng& rng);
/// The sum of the products of all elements.
double inner_product(const Tensor& a, const Tensor& b);

}  // namespace xgrad
