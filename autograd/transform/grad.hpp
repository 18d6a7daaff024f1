#pragma once

// transform/: derivatives and other transformations of what is recorded.
//   in:  a result or a function, and what to differentiate by.
//   out: gradients and products with Jacobians, recorded themselves.

#include <array>
#include <concepts>
#include <functional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tape.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

struct GradOptions {
  /// Tracks the gradients, so that they may be differentiated. Inside a DifferentiableUpdates scope they are tracked
  /// anyway, unless NoGrad forbids it.
  bool create_graph = false;
  /// A Tensor that the loss does not depend on gets zeros; otherwise it is a GraphError.
  bool allow_unused = false;
};

/// The cotangents of `inputs`, given those of `outputs` (an undefined one is 1, for an output of one element). One
/// backward pass over the tape records them. GraphError for an input that is untracked or unused, and for a Parameter
/// that was assigned since.
std::vector<Tensor> differentiate(std::span<const Tensor> outputs, std::span<const Tensor> cotangents,
                                  std::span<const Tensor> inputs, GradOptions options = {},
                                  const Location& where = Location::current());

/// d loss / d x for each x, for a loss of one element that was recorded.
std::vector<Tensor> grad(const Tensor& loss, const std::vector<Tensor>& xs, GradOptions options = {},
                         const Location& where = Location::current());
template <std::same_as<Parameter> P>
std::vector<Tensor> grad(const Tensor& loss, const std::vector<P>& parameters, GradOptions options = {},
                         const Location& where = Location::current()) {
  return grad(loss, std::vector<Tensor>(parameters.begin(), parameters.end()), options, where);
}
template <class X>
concept Differentiable = std::same_as<X, Tensor> || std::same_as<X, Parameter>;
template <Differentiable X>
Tensor grad(const Tensor& loss, const X& x, GradOptions options = {}, const Location& where = Location::current()) {
  return grad(loss, std::vector<Tensor>{x}, options, where)[0];
}

/// Adds d loss / d parameter to the gradient of every Parameter that the loss depends on. A loss of more than one
/// element needs its cotangent.
void backward(const Tensor& loss, const Tensor& cotangent = {}, const Location& where = Location::current());

}  // namespace xgrad
