#pragma once

// A random network that is trained for some steps: what it is follows from its recipe alone.

#include <memory>

#include "tests/autograd/engine/networks/builder.hpp"
#include "tests/autograd/engine/networks/update.hpp"

namespace xgrad::networks {

class Network {
 public:
  explicit Network(const Recipe& recipe) : build_(recipe) {}

  std::int64_t steps();
  /// Records the loss of a step.
  Tensor loss(std::int64_t step);
  /// Records its gradients by all parameters.
  std::vector<Tensor> gradients(const Tensor& loss);
  /// Records what some programs compute beside those: a product with the Hessian, the gradient by the input.
  Named extras(const Tensor& loss);
  Update& update();

  Builder& build() { return build_; }
  /// How many layers it has.
  std::size_t layers() const { return layers_; }
  /// As a program, after the first step was recorded in full.
  std::string listing() const;

 private:
  Var start();
  Var layer();
  Var forward();
  Var with_penalties(const Var& loss, const Var& output);

  Builder build_;
  Var input_, x_;
  std::size_t layers_ = 0;
  std::unique_ptr<Update> update_;
};

/// The names of all features that must occur among many networks.
std::vector<std::string> all_features();

}  // namespace xgrad::networks
