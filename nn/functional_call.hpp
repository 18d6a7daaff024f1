#pragma once

#include <concepts>
#include <initializer_list>
#include <utility>
#include <vector>

#include "autograd/tape/state.hpp"
#include "autograd/tape/substitution.hpp"
#include "autograd/tape/tensor_list.hpp"
#include "nn/module.hpp"

namespace xgrad::nn {

/// Tensors in place of some Parameters of a model: `{{"hidden.weight", w}, {"hidden.bias", b}}`.
class NamedTensorList {
 public:
  NamedTensorList(std::initializer_list<NamedTensor> tensors, const Location& where = Location::current())
      : tensors_(tensors), where_(where) {}
  NamedTensorList(std::vector<NamedTensor> tensors, const Location& where = Location::current())
      : tensors_(std::move(tensors)), where_(where) {}

  const std::vector<NamedTensor>& tensors() const { return tensors_; }
  const Location& where() const { return where_; }

 private:
  std::vector<NamedTensor> tensors_;
  Location where_;
};

/// What a model has in place of its Parameters while this lives. ValueError for another number of Tensors than
/// Parameters, for a name that no Parameter has and for one that is given twice; ShapeError or DTypeError, naming the
/// Parameter, for a Tensor that is not like it.
Substitution substitute(const Module& model, const TensorList& tensors);
Substitution substitute(const Module& model, const NamedTensorList& tensors);

/// model(inputs...) with other Tensors in place of its Parameters, in the order of `parameters()`, or by name, where
/// Parameters that are not named stay. It is a function of these Tensors, frozen Parameters or not, and the model is
/// afterwards as it was but for its other state (random streams, buffers):
///
///     const auto loss = [&](const std::vector<Tensor>& weights, const Tensor& x, const Tensor& y) {
///       return nn::mse_loss(nn::functional_call(model, weights, x), y);
///     };
///     const auto [value, gradients] = value_and_grad(loss, argnums<0>)(model.parameters(), x, y);
///     const auto curvature = hvp([&](const std::vector<Tensor>& w) { return loss(w, x, y); }, model.parameters(), v);
template <std::derived_from<Module> M, class... Inputs>
decltype(auto) functional_call(M& model, const TensorList& tensors, Inputs&&... inputs) {
  const Substitution substitution = substitute(model, tensors);
  return model(std::forward<Inputs>(inputs)...);
}
template <std::derived_from<Module> M, class... Inputs>
decltype(auto) functional_call(M& model, const NamedTensorList& tensors, Inputs&&... inputs) {
  const Substitution substitution = substitute(model, tensors);
  return model(std::forward<Inputs>(inputs)...);
}

}  // namespace xgrad::nn
