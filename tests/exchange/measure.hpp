#pragma once

// What a layer computes, here and in PyTorch; exchange.py says which files there are and what is in them.

#include <string>
#include <vector>

#include "tests/exchange/layer.hpp"

namespace xgrad::exchange {

/// The outputs of a module, the gradients of the sum of outputs times cotangents, and the buffers after the call.
std::vector<NamedTensor> measure(const Layer& layer, nn::Module& module, const Tensors& inputs,
                                 const Tensors& cotangents);

struct Comparison {
  double largest = 0;              // |a - b| / max(1, |b|) with the largest magnitude of each Tensor
  std::vector<std::string> wrong;  // what cannot be compared, or is not what it should be

  static constexpr double tolerance = 1e-5;
  bool good() const { return largest <= tolerance && wrong.empty(); }
};

/// Loads the weights that PyTorch wrote and computes what it computed.
Comparison check(const Layer& layer, const std::string& stem);

/// Loads the weights from the file of each format and compares them.
Comparison check_formats(const Layer& layer, const std::string& stem);

/// Writes weights of a new module, and what it computes of the inputs that PyTorch wrote.
void write(const Layer& layer, const std::string& stem);

}  // namespace xgrad::exchange
