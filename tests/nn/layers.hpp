#pragma once

// The layers that users make, each as a row or more: how it is made and called, and what it promises beside its values.
// layers_test.cpp checks all of it for every row, and fails for a layer without one.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

namespace xgrad::layers {

using Tensors = std::vector<Tensor>;
using Names = std::vector<std::string>;

/// A module and a call of it.
struct Made {
  std::shared_ptr<nn::Module> module;
  std::function<Tensor(const Tensors&)> call;
};

/// What is not the same for all.
struct Traits {
  Names state{};  ///< the names of its state, in this order
  /// The axis of the batch of each input, and after them that of the result; -1 where there is none. All 0 unless
  /// given.
  std::vector<int> batch_axes{};
  bool acts_in_training = false;  ///< evaluation gives other numbers than training
  bool alone = true;              ///< in evaluation an example gives the same whatever stands beside it
  bool one_refused = false;       ///< in training a batch of one is a ValueError
  bool empty_refused = false;     ///< an empty batch is a ValueError
  /// Shapes of the first input that are an error.
  std::vector<Shape> wrong{};
  /// Why derivatives in training are not compared with numeric ones; else they are, to the second order.
  const char* not_in_training = nullptr;
};

struct Row {
  std::string layer, how;
  std::function<Made()> make;  ///< always with the same numbers
  Tensors inputs;              ///< float64 where floating, with a batch of 3
  Traits traits;

  std::string name() const { return how.empty() ? layer : layer + ", " + how; }
  std::int64_t axis(std::size_t input) const {
    return traits.batch_axes.empty() ? 0 : traits.batch_axes.at(input);  // that of the result is inputs.size()
  }
};

/// Numbers that are the same in each call, and others for another seed.
inline Tensor noise(const Shape& shape, std::uint64_t seed = 1) {
  Rng rng(seed);
  return normal(shape, rng, 0, 1, float64);
}
inline Tensor integers(const Shape& shape, std::int64_t below, std::uint64_t seed = 1) {
  Rng rng(seed);
  return randint(shape, rng, 0, below);
}

/// Gives every Parameter numbers that hide nothing: a bias of 0 or a weight of 1 would.
inline void draw_all(nn::Module& module, Rng& rng) {
  for (Parameter parameter : module.parameters()) parameter.assign(normal(parameter.shape(), rng, 0, 0.7, float64));
}

/// Calls a module with its inputs, one after the other.
struct WithInputs {
  template <class M>
  Tensor operator()(const M& module, const Tensors& xs) const {
    if constexpr (std::is_invocable_r_v<Tensor, const M&, const Tensor&, const Tensor&>)
      if (xs.size() == 2) return module(xs[0], xs[1]);
    if constexpr (std::is_invocable_r_v<Tensor, const M&, const Tensor&>)
      if (xs.size() == 1) return module(xs[0]);
    throw std::logic_error("a layer that is called otherwise needs a function that does");
  }
};

/// A row: `make` makes the module with an Rng, `call` calls it.
template <class Make, class Call = WithInputs>
Row row(std::string layer, std::string how, Make make, Tensors inputs, Traits traits = {}, Call call = {}) {
  const auto made = [make, call] {
    Rng rng(7);
    using M = decltype(make(rng));
    const auto module = std::make_shared<M>(make(rng));
    draw_all(*module, rng);
    return Made{module, [module, call](const Tensors& xs) -> Tensor { return call(std::as_const(*module), xs); }};
  };
  return {std::move(layer), std::move(how), made, std::move(inputs), std::move(traits)};
}

std::vector<Row> maps();
std::vector<Row> convolutions();
std::vector<Row> pooling();
std::vector<Row> shapes();
std::vector<Row> normalisations();
std::vector<Row> draws();
std::vector<Row> embeddings();
std::vector<Row> recurrent();
std::vector<Row> attention();
std::vector<Row> combined();

/// All of them.
std::vector<Row> rows();

/// The names of the modules that a user makes, from the headers: what derives from Module, but for what others derive
/// from and what is in detail.
std::set<std::string> layer_names();

}  // namespace xgrad::layers
