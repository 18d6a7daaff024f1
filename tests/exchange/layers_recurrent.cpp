// Recurrent networks and their cells: the same sizes and options as in layers.py.

#include "nn/recurrent.hpp"
#include "nn/recurrent_cells.hpp"
#include "tests/exchange/layer.hpp"

namespace xgrad::exchange {

namespace {

/// The output and the last states, c of an LSTM among them.
Tensors flat(const nn::RecurrentOutput& result) {
  Tensors all = {result.output, result.state.h};
  if (result.state.c.defined()) all.push_back(result.state.c);
  return all;
}

/// A network along a sequence, from a state if there is one among the inputs.
template <class Make>
Layer sequence(std::string name, Make make) {
  return row(std::move(name), make, [](const auto& network, const Tensors& x) {
    return flat(x.size() == 3 ? network(x[0], {x[1], x[2]}) : network(x[0]));
  });
}

}  // namespace

std::vector<Layer> recurrent_layers() {
  using nn::Nonlinearity;
  return {
      sequence("rnn", [] { return nn::RNN(3, 4, {.num_layers = 2}); }),
      sequence(
          "rnn_of_relu",
          [] { return nn::RNN(3, 4, {.nonlinearity = Nonlinearity::relu, .bias = false, .bidirectional = true}); }),
      sequence("lstm", [] { return nn::LSTM(3, 4, {.num_layers = 2, .batch_first = true, .bidirectional = true}); }),
      sequence("lstm_with_state", [] { return nn::LSTM(3, 4); }),
      sequence("lstm_with_projection",
               [] { return nn::LSTM(3, 5, {.num_layers = 2, .bidirectional = true, .proj_size = 2}); }),
      sequence("gru", [] { return nn::GRU(3, 4, {.num_layers = 2, .bidirectional = true}); }),
      row(
          "rnn_cell", [] { return nn::RNNCell(3, 4); },
          [](const nn::RNNCell& cell, const Tensors& x) { return Tensors{cell(x[0], x[1])}; }),
      row(
          "lstm_cell", [] { return nn::LSTMCell(3, 4); },
          [](const nn::LSTMCell& cell, const Tensors& x) {
            const nn::RecurrentState next = cell(x[0], {x[1], x[2]});
            return Tensors{next.h, next.c};
          }),
      row(
          "gru_cell", [] { return nn::GRUCell(3, 4); },
          [](const nn::GRUCell& cell, const Tensors& x) { return Tensors{cell(x[0], x[1])}; })};
}

}  // namespace xgrad::exchange
