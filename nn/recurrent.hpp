#pragma once

// Recurrent networks along sequences, with PyTorch's names and layouts of weights and its order of gates:
//
//     nn::LSTM lstm(16, 64, {.num_layers = 2, .dropout = 0.1});
//     const auto [output, state] = lstm(x);              // x [T, N, 16]: output [T, N, 64]
//     const auto more = lstm(next, state);               // goes on where that ended
//     const auto padded = lstm(x, {}, lengths);          // sequences of different lengths, padded to T steps

#include <optional>
#include <vector>

#include "nn/dropout.hpp"
#include "nn/recurrent_step.hpp"

namespace xgrad::nn {

struct RNNOptions {
  std::int64_t num_layers = 1;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  bool bias = true;
  bool batch_first = false;  ///< x is [N, T, I] and the output [N, T, ...]; states stay as they are
  double dropout = 0;        ///< between layers, in training
  bool bidirectional = false;
  DType dtype = float32;
};
struct LSTMOptions {
  std::int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  std::int64_t proj_size = 0;  ///< of the projection of h (Sak, Senior and Beaufays, 2014); 0 for none
  DType dtype = float32;
};
struct GRUOptions {
  std::int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  DType dtype = float32;
};

/// What a recurrent network gives: h of the last layer after each step, those of both directions side by side, and the
/// last states of all layers.
struct RecurrentOutput {
  Tensor output;         ///< [T, N, D H]
  RecurrentState state;  ///< h [L D, N, H] and, of an LSTM, c [L D, N, H]; forward before backward for each layer
};

/// What RNN, LSTM and GRU have in common: layers of cells, each of which reads what the one below it gives, forward and
/// perhaps backward in time. Weights are drawn from U(-1/sqrt(H), 1/sqrt(H)) and are named as PyTorch names them:
/// weight_ih_l0 [gates H, I], weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_hr_l0, weight_ih_l0_reverse, ... The
/// constructors throw ValueError for sizes below 1, dropout outside [0, 1] and a projection that is not smaller than H.
class Recurrent : public Module {
 public:
  /// x [T, N, I], or [T, I] for one sequence, whose results have no axis N either. The state begins with zeros where
  /// none is given. `lengths`, int64 [N], says how many steps of each sequence count: what stands behind them has no
  /// influence, whatever it is, gives zeros and leaves the state as it was; the backward direction begins at the last
  /// step that counts. A sequence of no steps gives the state back. ShapeError and DTypeError for what does not fit;
  /// ValueError for lengths outside [0, T], where they are known.
  RecurrentOutput operator()(const Operand& x, const RecurrentState& start = {}, const Tensor& lengths = {}) const;
  void visit(Visitor& visitor) override;

  /// Of each layer, and for each its forward and backward direction.
  std::vector<RecurrentWeights> weights;

 protected:
  struct Options {
    std::int64_t num_layers = 1;
    bool batch_first = false;
    double dropout = 0;
    bool bidirectional = false;
  };
  Recurrent(detail::Recurrence kind, const char* name, const detail::RecurrentSizes& sizes, const Options& options,
            Rng& rng, const Location& where);

 private:
  std::int64_t directions() const { return options_.bidirectional ? 2 : 1; }
  /// With the dtype that the weights have now.
  detail::RecurrentSizes sizes() const { return sizes_.with_dtype(weights[0].weight_ih.dtype()); }
  std::vector<RecurrentState> first_states(const RecurrentState& start, bool batched, std::int64_t batch,
                                           const Location& where) const;
  RecurrentOutput joined(const std::vector<Tensor>& steps, const std::vector<RecurrentState>& states, bool batched,
                         std::int64_t batch, const Location& where) const;

  detail::Recurrence kind_;
  const char* name_;
  detail::RecurrentSizes sizes_;
  Options options_;
  std::optional<Dropout> dropout_;
};

/// h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), or relu. (See RNNCell.)
class RNN : public Recurrent {
 public:
  RNN(std::int64_t inputs, std::int64_t hidden, RNNOptions options = {}, Rng& rng = default_rng(),
      const Location& where = Location::current());
};
/// c_t = f c_(t-1) + i g and h_t = o tanh(c_t), perhaps projected: W_hr h_t. (See LSTMCell.)
class LSTM : public Recurrent {
 public:
  LSTM(std::int64_t inputs, std::int64_t hidden, LSTMOptions options = {}, Rng& rng = default_rng(),
       const Location& where = Location::current());
};
/// h_t = (1 - z) n + z h_(t-1). (See GRUCell.)
class GRU : public Recurrent {
 public:
  GRU(std::int64_t inputs, std::int64_t hidden, GRUOptions options = {}, Rng& rng = default_rng(),
      const Location& where = Location::current());
};

}  // namespace xgrad::nn
