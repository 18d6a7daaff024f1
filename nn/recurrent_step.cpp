#include "nn/recurrent_step.hpp"

#include <array>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "nn/activations.hpp"
#include "nn/init.hpp"

namespace xgrad::nn::detail {

namespace {

std::int64_t gates_of(Recurrence kind) { return kind == Recurrence::lstm ? 4 : kind == Recurrence::gru ? 3 : 1; }

/// The part of the k-th gate.
Tensor gate(const Tensor& all, std::int64_t k, std::int64_t gates) {
  const std::int64_t size = all.shape().back() / gates;
  return slice(all, -1, k * size, (k + 1) * size);
}

}  // namespace

RecurrentWeights draw_weights(Recurrence kind, const RecurrentSizes& sizes, Rng& rng, const Location& where) {
  const std::int64_t rows = gates_of(kind) * sizes.hidden;
  const auto draw = [&](const Shape& shape) {
    return Parameter(init::scaled(shape, rng, {.fan_in = sizes.hidden, .dtype = sizes.dtype}, where), where);
  };
  RecurrentWeights weights;
  weights.weight_ih = draw({rows, sizes.inputs});
  weights.weight_hh = draw({rows, sizes.outputs()});
  if (sizes.bias) {
    weights.bias_ih = draw({rows});
    weights.bias_hh = draw({rows});
  }
  if (sizes.projection > 0) weights.weight_hr = draw({sizes.projection, sizes.hidden});
  return weights;
}

RecurrentStep::RecurrentStep(Recurrence kind, const RecurrentWeights& weights)
    : kind_(kind), weight_ih_(transpose(weights.weight_ih)), weight_hh_(transpose(weights.weight_hh)) {
  if (weights.weight_hr.defined()) weight_hr_ = transpose(weights.weight_hr);
  if (!weights.bias_ih.defined()) return;
  // The reset gate of a GRU scales one of the biases, so they stay apart there.
  const bool apart = kind == Recurrence::gru;
  bias_ = apart ? weights.bias_ih.value() : weights.bias_ih + weights.bias_hh;
  if (apart) hidden_bias_ = weights.bias_hh.value();
}

RecurrentState RecurrentStep::operator()(const Tensor& x, const RecurrentState& before) const {
  if (kind_ == Recurrence::lstm) return lstm(x, before);
  return kind_ == Recurrence::gru ? gru(x, before) : rnn(x, before);
}

// One product for x and one for h at each step. A product for the x of all steps at once would have to be cut into
// steps again, and the derivative of cutting moves more memory than the larger product saves.
Tensor RecurrentStep::preactivation(const Tensor& x, const Tensor& h) const {
  const Tensor products = matmul(x, weight_ih_) + matmul(h, weight_hh_);
  return bias_.defined() ? products + bias_ : products;
}

// h' = tanh(W_ih x + b_ih + W_hh h + b_hh)
RecurrentState RecurrentStep::rnn(const Tensor& x, const RecurrentState& before) const {
  const Tensor a = preactivation(x, before.h);
  return {kind_ == Recurrence::rnn_tanh ? tanh(a) : relu(a), {}};
}

// i, f, g, o = W_ih x + b_ih + W_hh h + b_hh
// c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = W_hr (sigmoid(o) tanh(c'))
RecurrentState RecurrentStep::lstm(const Tensor& x, const RecurrentState& before) const {
  const Tensor a = preactivation(x, before.h);
  const Tensor c = sigmoid(gate(a, 1, 4)) * before.c + sigmoid(gate(a, 0, 4)) * tanh(gate(a, 2, 4));
  const Tensor h = sigmoid(gate(a, 3, 4)) * tanh(c);
  return {weight_hr_.defined() ? matmul(h, weight_hr_) : h, c};
}

// r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh) of their rows
// n = tanh(W_in x + b_in + r (W_hn h + b_hn)),  h' = (1 - z) n + z h
RecurrentState RecurrentStep::gru(const Tensor& x, const RecurrentState& before) const {
  Tensor of_x = matmul(x, weight_ih_), of_h = matmul(before.h, weight_hh_);
  if (bias_.defined()) {
    of_x = of_x + bias_;
    of_h = of_h + hidden_bias_;
  }
  const Tensor r = sigmoid(gate(of_x, 0, 3) + gate(of_h, 0, 3)), z = sigmoid(gate(of_x, 1, 3) + gate(of_h, 1, 3));
  const Tensor n = tanh(gate(of_x, 2, 3) + r * gate(of_h, 2, 3));
  return {n + z * (before.h - n), {}};
}

RecurrentState checked_state(const RecurrentState& given, Recurrence kind, const RecurrentSizes& sizes,
                             const Shape& front, const char* name, const Location& where) {
  const bool lstm = kind == Recurrence::lstm;
  check<ValueError>(given.c.defined() ? lstm && given.h.defined() : !(lstm && given.h.defined()), where, name,
                    lstm ? ": the state needs both h and c, or neither" : ": the state is h alone, without c");
  const auto checked = [&](const Tensor& state, const char* which, std::int64_t size) {
    std::vector<std::int64_t> shape(front.begin(), front.end());
    shape.push_back(size);
    if (!state.defined()) return zeros(shape, sizes.dtype, where);
    check<ShapeError>(state.shape() == Shape(shape), where, name, ": the state ", which, " is ", describe(state),
                      ", not ", Shape(shape));
    check<DTypeError>(state.dtype() == sizes.dtype, where, name, ": the state ", which, " is ", describe(state),
                      ", and the weights are of another dtype");
    return state;
  };
  return {checked(given.h, "h", sizes.outputs()), lstm ? checked(given.c, "c", sizes.hidden) : Tensor()};
}

void check_recurrent_input(const Tensor& x, const RecurrentSizes& sizes, std::int64_t most_axes, const char* name,
                           const Location& where) {
  check<ShapeError>((x.ndim() == most_axes || x.ndim() == most_axes - 1) && x.shape().back() == sizes.inputs, where,
                    name, ": the input ", describe(x), " is not of ", most_axes, " axes, or ", most_axes - 1,
                    " without a batch, of which the last has size ", sizes.inputs);
  check<DTypeError>(x.dtype() == sizes.dtype, where, name, ": the input ", describe(x),
                    " is not of the dtype of the weights");
}

}  // namespace xgrad::nn::detail
