#pragma once

// A layer that PyTorch has, too, for tests that weights cross.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/module.hpp"

namespace xgrad::exchange {

using Tensors = std::vector<Tensor>;

struct Layer {
  std::string name;  // as in layers.py
  std::function<std::unique_ptr<nn::Module>()> make;
  std::function<Tensors(nn::Module&, const Tensors&)> call;  // with inputs, for outputs
  bool training = true;
};

/// A row of a table: `make` gives the module, of any type, that `call` takes; a layer of one input and one output needs
/// none.
template <class Make, class Call>
Layer row(std::string name, Make make, Call call, bool training = true) {
  using M = decltype(make());
  return {
      std::move(name), [make] { return std::unique_ptr<nn::Module>(new M(make())); },
      [call](nn::Module& module, const Tensors& inputs) -> Tensors { return call(static_cast<M&>(module), inputs); },
      training};
}
template <class Make>
Layer row(std::string name, Make make, bool training = true) {
  const auto call = [](const auto& module, const Tensors& x) { return Tensors{module(x[0])}; };
  return row(std::move(name), std::move(make), call, training);
}

// The tables, by kind.
std::vector<Layer> dense_layers();
std::vector<Layer> convolution_layers();
std::vector<Layer> normalisation_layers();
std::vector<Layer> recurrent_layers();
std::vector<Layer> attention_layers();
std::vector<Layer> transformer_layers();
std::vector<Layer> reparametrised_layers();

/// All of them.
std::vector<Layer> layers();

}  // namespace xgrad::exchange
