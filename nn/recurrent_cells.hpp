#pragma once

// One step of a recurrent network, with PyTorch's names and layouts of weights and its order of gates. The layers of
// recurrent.hpp take the same steps along a sequence.

#include "nn/recurrent_step.hpp"

namespace xgrad::nn {

struct RNNCellOptions {
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  bool bias = true;
  DType dtype = float32;
};
struct LSTMCellOptions {
  bool bias = true;
  DType dtype = float32;
};
struct GRUCellOptions {
  bool bias = true;
  DType dtype = float32;
};

/// What the cells have in common: the weights, drawn from U(-1/sqrt(hidden), 1/sqrt(hidden)), with the gates along the
/// first axis. Calls take x [N, I], or [I] without a batch, and begin with zeros where no state is given. ShapeError
/// and DTypeError for what does not fit.
class RecurrentCell : public Module {
 public:
  void visit(Visitor& visitor) override;

  Parameter weight_ih, weight_hh;  ///< [gates H, I] and [gates H, H]
  Parameter bias_ih, bias_hh;      ///< [gates H]; undefined without bias

 protected:
  RecurrentCell(detail::Recurrence kind, const char* name, const detail::RecurrentSizes& sizes, Rng& rng,
                const Location& where);
  RecurrentState step(const Operand& x, const RecurrentState& before) const;

 private:
  detail::Recurrence kind_;
  const char* name_;
  detail::RecurrentSizes sizes_;
};

/// h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu (Elman, "Finding structure in time", 1990).
class RNNCell : public RecurrentCell {
 public:
  /// ValueError unless both sizes are positive.
  RNNCell(std::int64_t inputs, std::int64_t hidden, RNNCellOptions options = {}, Rng& rng = default_rng(),
          const Location& where = Location::current());
  /// h' [N, H]
  Tensor operator()(const Operand& x, const Tensor& h = {}) const { return step(x, {h, {}}).h; }
};

/// i, f, o = sigmoid and g = tanh of their rows of W_ih x + b_ih + W_hh h + b_hh, which come in the order i, f, g, o;
/// c' = f c + i g and h' = o tanh(c') (Hochreiter and Schmidhuber, 1997; Gers, Schmidhuber and Cummins, 2000).
class LSTMCell : public RecurrentCell {
 public:
  /// ValueError unless both sizes are positive.
  LSTMCell(std::int64_t inputs, std::int64_t hidden, LSTMCellOptions options = {}, Rng& rng = default_rng(),
           const Location& where = Location::current());
  /// h' and c' [N, H]
  RecurrentState operator()(const Operand& x, const RecurrentState& before = {}) const { return step(x, before); }
};

/// r, z = sigmoid of their rows of W_ih x + b_ih + W_hh h + b_hh, which come in the order r, z, n;
/// n = tanh(W_in x + b_in + r (W_hn h + b_hn)) and h' = (1 - z) n + z h (Cho et al., 2014).
class GRUCell : public RecurrentCell {
 public:
  /// ValueError unless both sizes are positive.
  GRUCell(std::int64_t inputs, std::int64_t hidden, GRUCellOptions options = {}, Rng& rng = default_rng(),
          const Location& where = Location::current());
  /// h' [N, H]
  Tensor operator()(const Operand& x, const Tensor& h = {}) const { return step(x, {h, {}}).h; }
};

}  // namespace xgrad::nn
