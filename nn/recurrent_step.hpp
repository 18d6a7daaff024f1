#pragma once

// What the recurrent cells (recurrent_cells.hpp) and the layers made of them (recurrent.hpp) share: the weights of a
// cell, and one step of time.

#include "nn/module.hpp"

namespace xgrad::nn {

/// What a recurrent cell keeps of the past: h, and of an LSTM its cell state c, too.
struct RecurrentState {
  Tensor h{}, c{};
};

enum class Nonlinearity { tanh, relu };

/// The weights of one cell, with the gates along the first axis; undefined where it has none.
struct RecurrentWeights {
  Parameter weight_ih, weight_hh, bias_ih, bias_hh, weight_hr;
};

namespace detail {

enum class Recurrence { rnn_tanh, rnn_relu, lstm, gru };

inline Recurrence recurrence(Nonlinearity by) {
  return by == Nonlinearity::tanh ? Recurrence::rnn_tanh : Recurrence::rnn_relu;
}

struct RecurrentSizes {
  std::int64_t inputs, hidden;
  std::int64_t projection = 0;  ///< what h is projected to; 0 for none
  bool bias = true;
  DType dtype = float32;

  std::int64_t outputs() const { return projection > 0 ? projection : hidden; }
  RecurrentSizes with_dtype(DType other) const { return {inputs, hidden, projection, bias, other}; }
};

/// From U(-1/sqrt(hidden), 1/sqrt(hidden)), the biases, too.
RecurrentWeights draw_weights(Recurrence kind, const RecurrentSizes& sizes, Rng& rng, const Location& where);

/// One step of a cell: the input x [N, I] and the state before it give the state after it.
class RecurrentStep {
 public:
  RecurrentStep(Recurrence kind, const RecurrentWeights& weights);
  RecurrentState operator()(const Tensor& x, const RecurrentState& before) const;

 private:
  Tensor preactivation(const Tensor& x, const Tensor& h) const;
  RecurrentState rnn(const Tensor& x, const RecurrentState& before) const;
  RecurrentState lstm(const Tensor& x, const RecurrentState& before) const;
  RecurrentState gru(const Tensor& x, const RecurrentState& before) const;

  Recurrence kind_;
  Tensor weight_ih_, weight_hh_, weight_hr_;  // transposed
  Tensor bias_, hidden_bias_;
};

/// Zeros where `given` is undefined. ShapeError unless h and c are [..., outputs] and [..., hidden], with the sizes
/// `front` before them.
RecurrentState checked_state(const RecurrentState& given, Recurrence kind, const RecurrentSizes& sizes,
                             const Shape& front, const char* name, const Location& where);
/// DTypeError or ShapeError unless x is of this dtype and [..., inputs].
void check_recurrent_input(const Tensor& x, const RecurrentSizes& sizes, std::int64_t most_axes, const char* name,
                           const Location& where);

}  // namespace detail

}  // namespace xgrad::nn
