#include "nn/recurrent_cells.hpp"

#include "autograd/core/fail.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

RecurrentCell::RecurrentCell(detail::Recurrence kind, const char* name, const detail::RecurrentSizes& sizes, Rng& rng,
                             const Location& where)
    : kind_(kind), name_(name), sizes_(sizes) {
  const CallScope scope(name, where);
  check<ValueError>(sizes.inputs > 0 && sizes.hidden > 0, where, name, ": needs positive sizes, got ", sizes.inputs,
                    " inputs and ", sizes.hidden, " hidden");
  const RecurrentWeights drawn = detail::draw_weights(kind, sizes, rng, where);
  weight_ih = drawn.weight_ih;
  weight_hh = drawn.weight_hh;
  bias_ih = drawn.bias_ih;
  bias_hh = drawn.bias_hh;
}

RecurrentState RecurrentCell::step(const Operand& operand, const RecurrentState& before) const {
  const Location& where = operand.where();
  const Call call(*this, name_, where);
  const Tensor x = operand.tensor();
  const detail::RecurrentSizes sizes = sizes_.with_dtype(weight_ih.dtype());
  detail::check_recurrent_input(x, sizes, 2, name_, where);
  const bool batched = x.ndim() == 2;
  const Shape front = batched ? Shape{x.shape()[0]} : Shape{};
  const RecurrentState state = detail::checked_state(before, kind_, sizes, front, name_, where);
  const detail::RecurrentStep take(kind_, {weight_ih, weight_hh, bias_ih, bias_hh, {}});
  // A product with a vector takes and leaves no axis for the batch, so one example needs no other treatment.
  RecurrentState after = take(x, state);
  after.h = call.result(std::move(after.h));
  return after;
}

void RecurrentCell::visit(Visitor& visitor) {
  visitor("weight_ih", weight_ih);
  visitor("weight_hh", weight_hh);
  visitor("bias_ih", bias_ih);
  visitor("bias_hh", bias_hh);
}

RNNCell::RNNCell(std::int64_t inputs, std::int64_t hidden, RNNCellOptions options, Rng& rng, const Location& where)
    : RecurrentCell(detail::recurrence(options.nonlinearity), "RNNCell",
                    {.inputs = inputs, .hidden = hidden, .bias = options.bias, .dtype = options.dtype}, rng, where) {}

LSTMCell::LSTMCell(std::int64_t inputs, std::int64_t hidden, LSTMCellOptions options, Rng& rng, const Location& where)
    : RecurrentCell(detail::Recurrence::lstm, "LSTMCell",
                    {.inputs = inputs, .hidden = hidden, .bias = options.bias, .dtype = options.dtype}, rng, where) {}

GRUCell::GRUCell(std::int64_t inputs, std::int64_t hidden, GRUCellOptions options, Rng& rng, const Location& where)
    : RecurrentCell(detail::Recurrence::gru, "GRUCell",
                    {.inputs = inputs, .hidden = hidden, .bias = options.bias, .dtype = options.dtype}, rng, where) {}

}  // namespace xgrad::nn
