#pragma once

// Recurrent networks in plain loops over numbers, to compare with.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/recurrent_step.hpp"

namespace xgrad::loops {

using Numbers = std::vector<double>;

enum class Cell { tanh, relu, lstm, gru };

/// The weights of one cell, as numbers.
struct Weights {
  Numbers ih, hh, bias_ih, bias_hh, hr;
  explicit Weights(const nn::RecurrentWeights& from)
      : ih(of(from.weight_ih)),
        hh(of(from.weight_hh)),
        bias_ih(of(from.bias_ih)),
        bias_hh(of(from.bias_hh)),
        hr(of(from.weight_hr)) {}
  static Numbers of(const Parameter& parameter) {
    return parameter.defined() ? parameter.value().to_vector() : Numbers();
  }
};

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// W x + b; without bias where it is empty.
inline Numbers affine(const Numbers& w, const Numbers& x, const Numbers& bias) {
  Numbers y(w.size() / x.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    y[i] = bias.empty() ? 0 : bias[i];
    for (std::size_t j = 0; j < x.size(); ++j) y[i] += w[i * x.size() + j] * x[j];
  }
  return y;
}

/// h and c become those after the step.
inline void step(Cell cell, const Weights& w, const Numbers& x, Numbers& h, Numbers& c) {
  const Numbers a = affine(w.ih, x, w.bias_ih), b = affine(w.hh, h, w.bias_hh);
  const std::size_t gates = cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1, size = a.size() / gates;
  Numbers next(size);
  for (std::size_t k = 0; k < size; ++k) {
    const auto sum = [&](std::size_t gate) { return a[gate * size + k] + b[gate * size + k]; };
    if (cell == Cell::lstm) {
      c[k] = sigmoid(sum(1)) * c[k] + sigmoid(sum(0)) * std::tanh(sum(2));
      next[k] = sigmoid(sum(3)) * std::tanh(c[k]);
    } else if (cell == Cell::gru) {
      const double r = sigmoid(sum(0)), z = sigmoid(sum(1));
      next[k] = (1 - z) * std::tanh(a[2 * size + k] + r * b[2 * size + k]) + z * h[k];
    } else {
      next[k] = cell == Cell::tanh ? std::tanh(sum(0)) : std::max(sum(0), 0.0);
    }
  }
  h = w.hr.empty() ? next : affine(w.hr, next, {});
}

/// One sequence, as a list of steps, of which the first `length` count. Returns what each step gives.
inline std::vector<Numbers> layer(Cell cell, const Weights& w, const std::vector<Numbers>& xs, std::size_t length,
                                  bool backward, Numbers& h, Numbers& c) {
  std::vector<Numbers> outputs(xs.size(), Numbers(h.size(), 0));
  for (std::size_t i = 0; i < length; ++i) {
    const std::size_t t = backward ? length - 1 - i : i;
    step(cell, w, xs[t], h, c);
    outputs[t] = h;
  }
  return outputs;
}

}  // namespace xgrad::loops
