// The same layers as in layers.py, each with the same sizes and options.

#include "nn/linear.hpp"
#include "tests/exchange/layer.hpp"

namespace xgrad::exchange {

std::vector<Layer> dense_layers() {
  return {row("linear", [] { return nn::Linear(5, 3); }),
          row("linear_without_bias", [] { return nn::Linear(5, 3, {.bias = false}); })};
}

std::vector<Layer> layers() {
  std::vector<Layer> all;
  for (const auto& table : {dense_layers}) {
    const std::vector<Layer> rows = table();
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

}  // namespace xgrad::exchange
