#pragma once

#include <vector>

#include "autograd/check/gradient_check.hpp"
#include "autograd/core/random.hpp"

namespace xgrad {

/// What an order of a gradient check differentiates: for order 1 the function contracted with a random cotangent, for
/// order n its derivative of order n - 1 in random directions. Evaluating it twice at one place gives one value.
class Directional {
 public:
  Directional(const CheckedFunction& f, int order, std::uint64_t seed) : f_(f), order_(order), seed_(seed) {}

  /// The value at `inputs`, recorded: a Tensor of one element.
  Tensor operator()(const std::vector<Tensor>& inputs) const;
  /// The same in float64, evaluated and forgotten.
  double value(const std::vector<Tensor>& inputs) const;
  /// The derivatives by the floating inputs; undefined Tensors for the others.
  std::vector<Tensor> gradient(const std::vector<Tensor>& inputs) const;
  /// The value with its whole history, for looking through the tape.
  Tensor recorded(const std::vector<Tensor>& inputs) const;

 private:
  const CheckedFunction& f_;
  int order_;
  std::uint64_t seed_;
};

/// Numbers of either sign between 1/2 and 3/2 in size, so that none hides an error.
Tensor random_like(const Tensor& x, Rng& rng);

}  // namespace xgrad
