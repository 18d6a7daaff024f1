#include "nn/recurrent.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/movement.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

namespace {

using detail::RecurrentStep;
using Sequence = std::vector<Tensor>;

/// Which sequences have not ended, as [N, 1], at each step; nothing where all sequences have all steps.
Sequence present_at(const Tensor& lengths, std::int64_t steps) {
  Sequence present;
  if (!lengths.defined()) return present;
  const Tensor column = reshape(lengths, {lengths.numel(), 1});
  for (std::int64_t t = 0; t < steps; ++t) present.push_back(column > t);
  return present;
}

/// The results of one direction of one layer after each step; `state` becomes the last one.
Sequence run(const RecurrentStep& step, const Sequence& inputs, const Sequence& present, bool backward,
             RecurrentState& state) {
  Sequence outputs(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::size_t t = backward ? inputs.size() - 1 - i : i;
    RecurrentState next = step(inputs[t], state);
    outputs[t] = next.h;
    if (!present.empty()) {
      outputs[t] = where(present[t], next.h, 0);
      next.h = where(present[t], next.h, state.h);
      if (next.c.defined()) next.c = where(present[t], next.c, state.c);
    }
    state = std::move(next);
  }
  return outputs;
}

void check_lengths(const Tensor& lengths, bool batched, std::int64_t batch, std::int64_t steps, const char* name,
                   const Location& where) {
  if (!lengths.defined()) return;
  check<DTypeError>(lengths.dtype() == int64, where, name, ": lengths must be i64, got ", describe(lengths));
  const Shape shape = batched ? Shape{batch} : Shape{};
  check<ShapeError>(lengths.shape() == shape, where, name, ": the lengths are ", describe(lengths), ", not ", shape);
  if (!lengths.evaluated()) return;
  for (const std::int64_t length : lengths.data<std::int64_t>(where))
    check<ValueError>(length >= 0 && length <= steps, where, name, ": the length ", length, " is not in [0, ", steps,
                      "]");
}

}  // namespace

Recurrent::Recurrent(detail::Recurrence kind, const char* name, const detail::RecurrentSizes& sizes,
                     const Options& options, Rng& rng, const Location& where)
    : kind_(kind), name_(name), sizes_(sizes), options_(options) {
  const CallScope scope(name, where);
  check<ValueError>(sizes.inputs > 0 && sizes.hidden > 0 && options.num_layers > 0, where, name,
                    ": needs positive sizes, got ", sizes.inputs, " inputs, ", sizes.hidden, " hidden and ",
                    options.num_layers, " layers");
  check<ValueError>(sizes.projection >= 0 && sizes.projection < sizes.hidden, where, name, ": the projection to ",
                    sizes.projection, " is not to fewer than ", sizes.hidden);
  check<ValueError>(options.dropout >= 0 && options.dropout <= 1, where, name, ": the dropout ", options.dropout,
                    " is not in [0, 1]");
  for (std::int64_t layer = 0; layer < options.num_layers; ++layer)
    for (std::int64_t direction = 0; direction < directions(); ++direction) {
      detail::RecurrentSizes of_layer = sizes;
      if (layer > 0) of_layer.inputs = directions() * sizes.outputs();
      weights.push_back(detail::draw_weights(kind, of_layer, rng, where));
    }
  if (options.dropout > 0) dropout_.emplace(options.dropout, rng.split(), where);
}

void Recurrent::visit(Visitor& visitor) {
  const auto each = static_cast<std::size_t>(directions());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::string ending = "_l" + std::to_string(i / each) + (i % each == 1 ? "_reverse" : "");
    visitor("weight_ih" + ending, weights[i].weight_ih);
    visitor("weight_hh" + ending, weights[i].weight_hh);
    visitor("bias_ih" + ending, weights[i].bias_ih);
    visitor("bias_hh" + ending, weights[i].bias_hh);
    visitor("weight_hr" + ending, weights[i].weight_hr);
  }
  visitor("dropout", dropout_);
}

/// The state before the first step, of each direction of each layer, with an axis for the batch.
std::vector<RecurrentState> Recurrent::first_states(const RecurrentState& start, bool batched, std::int64_t batch,
                                                    const Location& where) const {
  const auto count = static_cast<std::int64_t>(weights.size());
  const Shape front = batched ? Shape{count, batch} : Shape{count};
  const RecurrentState all = detail::checked_state(start, kind_, sizes(), front, name_, where);
  const auto part = [&](const Tensor& states, std::int64_t i) {
    return states.defined() ? reshape(slice(states, 0, i, i + 1), {batch, states.shape().back()}) : states;
  };
  std::vector<RecurrentState> parts;
  for (std::int64_t i = 0; i < count; ++i) parts.push_back({part(all.h, i), part(all.c, i)});
  return parts;
}

RecurrentOutput Recurrent::joined(const Sequence& steps, const std::vector<RecurrentState>& states, bool batched,
                                  std::int64_t batch, const Location& where) const {
  const bool batch_first = batched && options_.batch_first;
  const Shape nothing =
      batch_first ? Shape{batch, 0, directions() * sizes_.outputs()} : Shape{0, batch, directions() * sizes_.outputs()};
  Tensor output = steps.empty() ? zeros(nothing, sizes().dtype, where) : stack(steps, batch_first ? 1 : 0, where);
  if (!batched) output = squeeze(output, 1);
  Sequence h, c;
  for (const RecurrentState& state : states) {
    h.push_back(batched ? state.h : squeeze(state.h, 0));
    if (state.c.defined()) c.push_back(batched ? state.c : squeeze(state.c, 0));
  }
  return {output, {stack(h, 0, where), c.empty() ? Tensor() : stack(c, 0, where)}};
}

RecurrentOutput Recurrent::operator()(const Operand& operand, const RecurrentState& start,
                                      const Tensor& lengths) const {
  const Location& where = operand.where();
  const Call call(*this, name_, where);
  Tensor x = operand.tensor();
  detail::check_recurrent_input(x, sizes(), 3, name_, where);
  const bool batched = x.ndim() == 3;
  if (!batched) x = unsqueeze(x, 1);
  if (batched && options_.batch_first) x = transpose(x, 0, 1);
  const std::int64_t count = x.shape()[0], batch = x.shape()[1];
  check_lengths(lengths, batched, batch, count, name_, where);
  std::vector<RecurrentState> states = first_states(start, batched, batch, where);
  const Sequence present = present_at(lengths, count);
  Sequence steps = unbind(x, 0);
  // What is behind the end of a sequence may be NaN, which products in the derivatives of the weights would spread.
  for (std::size_t t = 0; t < present.size(); ++t) steps[t] = xgrad::where(present[t], steps[t], 0);
  const auto each = static_cast<std::size_t>(directions());
  for (std::size_t layer = 0; layer < weights.size(); layer += each) {
    if (layer > 0 && dropout_)
      for (Tensor& step : steps) step = (*dropout_)(step);
    std::vector<Sequence> found;
    for (std::size_t d = 0; d < each; ++d)
      found.push_back(run(RecurrentStep(kind_, weights[layer + d]), steps, present, d == 1, states[layer + d]));
    for (std::size_t t = 0; t < steps.size(); ++t)
      steps[t] = each == 1 ? found[0][t] : concat({found[0][t], found[1][t]}, 1);
  }
  RecurrentOutput result = joined(steps, states, batched, batch, where);
  result.output = call.result(std::move(result.output));
  return result;
}

RNN::RNN(std::int64_t inputs, std::int64_t hidden, RNNOptions options, Rng& rng, const Location& where)
    : Recurrent(detail::recurrence(options.nonlinearity), "RNN",
                {.inputs = inputs, .hidden = hidden, .bias = options.bias, .dtype = options.dtype},
                {options.num_layers, options.batch_first, options.dropout, options.bidirectional}, rng, where) {}

LSTM::LSTM(std::int64_t inputs, std::int64_t hidden, LSTMOptions options, Rng& rng, const Location& where)
    : Recurrent(detail::Recurrence::lstm, "LSTM",
                {.inputs = inputs,
                 .hidden = hidden,
                 .projection = options.proj_size,
                 .bias = options.bias,
                 .dtype = options.dtype},
                {options.num_layers, options.batch_first, options.dropout, options.bidirectional}, rng, where) {}

GRU::GRU(std::int64_t inputs, std::int64_t hidden, GRUOptions options, Rng& rng, const Location& where)
    : Recurrent(detail::Recurrence::gru, "GRU",
                {.inputs = inputs, .hidden = hidden, .bias = options.bias, .dtype = options.dtype},
                {options.num_layers, options.batch_first, options.dropout, options.bidirectional}, rng, where) {}

}  // namespace xgrad::nn
