#include "nn/recurrent.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <memory>

#include "autograd/autograd.hpp"
#include "nn/recurrent_cells.hpp"
#include "tests/nn/module_gradients.hpp"
#include "tests/nn/recurrent_loops.hpp"
#include "tests/throws.hpp"

namespace xgrad::recurrent_test {
namespace {

using loops::Cell;
using loops::Numbers;
using Xs = std::vector<Tensor>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void check_near(const Numbers& got, const Numbers& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(expected[i]).margin(1e-14).epsilon(1e-12));
}

struct Expected {
  std::vector<Numbers> output;  // of each step
  std::vector<Numbers> h, c;    // of each direction of each layer
};

// One sequence through all layers, in plain loops. h and c are the first states.
Expected in_loops(const nn::Recurrent& net, Cell cell, std::vector<Numbers> xs, std::size_t length, bool bidirectional,
                  std::vector<Numbers> h, std::vector<Numbers> c) {
  const std::size_t each = bidirectional ? 2 : 1;
  for (std::size_t i = 0; i < net.weights.size(); i += each) {
    std::vector<Numbers> outputs(xs.size());
    for (std::size_t d = 0; d < each; ++d) {
      const auto found = loops::layer(cell, loops::Weights(net.weights[i + d]), xs, length, d == 1, h[i + d], c[i + d]);
      for (std::size_t t = 0; t < xs.size(); ++t) outputs[t].insert(outputs[t].end(), found[t].begin(), found[t].end());
    }
    xs = outputs;
  }
  return {xs, h, c};
}

// x [T, N, I] with the states h [L D, N, P] and c [L D, N, H].
void check_sequences(const nn::Recurrent& net, Cell cell, bool bidirectional, const Tensor& x,
                     const nn::RecurrentState& start, const std::vector<std::int64_t>& lengths,
                     const nn::RecurrentOutput& got) {
  const std::int64_t steps = x.size(0);
  const auto states = [](const Tensor& all, std::int64_t sample) {
    std::vector<Numbers> parts;
    for (std::int64_t i = 0; i < all.size(0); ++i) parts.push_back(all(i, sample).to_vector());
    return parts;
  };
  for (std::int64_t sample = 0; sample < x.size(1); ++sample) {
    INFO("sample " << sample);
    std::vector<Numbers> xs;
    for (std::int64_t t = 0; t < steps; ++t) xs.push_back(x(t, sample).to_vector());
    const Tensor& c = cell == Cell::lstm ? start.c : start.h;
    const auto length = static_cast<std::size_t>(lengths.empty() ? steps : lengths[static_cast<std::size_t>(sample)]);
    const Expected expected =
        in_loops(net, cell, xs, length, bidirectional, states(start.h, sample), states(c, sample));
    for (std::int64_t t = 0; t < steps; ++t)
      check_near(got.output(t, sample).to_vector(), expected.output[static_cast<std::size_t>(t)]);
    for (std::size_t i = 0; i < expected.h.size(); ++i) {
      check_near(got.state.h(i, sample).to_vector(), expected.h[i]);
      if (cell == Cell::lstm) check_near(got.state.c(i, sample).to_vector(), expected.c[i]);
    }
  }
}

// All kinds, with their last argument of options set.
struct Made {
  std::shared_ptr<nn::Recurrent> net;
  Cell cell;
  std::int64_t outputs, hidden;
};
std::vector<Made> nets(std::int64_t layers, bool bidirectional, bool bias, bool batch_first, Rng& rng) {
  const nn::RNNOptions rnn{
      .num_layers = layers, .bias = bias, .batch_first = batch_first, .bidirectional = bidirectional, .dtype = float64};
  nn::RNNOptions relu = rnn;
  relu.nonlinearity = nn::Nonlinearity::relu;
  const nn::LSTMOptions lstm{
      .num_layers = layers, .bias = bias, .batch_first = batch_first, .bidirectional = bidirectional, .dtype = float64};
  nn::LSTMOptions projected = lstm;
  projected.proj_size = 2;
  const nn::GRUOptions gru{
      .num_layers = layers, .bias = bias, .batch_first = batch_first, .bidirectional = bidirectional, .dtype = float64};
  return {{std::make_shared<nn::RNN>(2, 3, rnn, rng), Cell::tanh, 3, 3},
          {std::make_shared<nn::RNN>(2, 3, relu, rng), Cell::relu, 3, 3},
          {std::make_shared<nn::LSTM>(2, 3, lstm, rng), Cell::lstm, 3, 3},
          {std::make_shared<nn::LSTM>(2, 3, projected, rng), Cell::lstm, 2, 3},
          {std::make_shared<nn::GRU>(2, 3, gru, rng), Cell::gru, 3, 3}};
}

nn::RecurrentState state_of(const Made& made, std::int64_t count, std::int64_t batch, Rng& rng) {
  nn::RecurrentState state{normal({count, batch, made.outputs}, rng, 0, 1, float64), {}};
  if (made.cell == Cell::lstm) state.c = normal({count, batch, made.hidden}, rng, 0, 1, float64);
  return state;
}

TEST_CASE("recurrent networks of one and two layers and directions are the plain loops") {
  Rng rng(1);
  for (const auto& [layers, bidirectional, bias] :
       {std::tuple(1, false, true), {2, false, false}, {1, true, true}, {2, true, true}})
    for (const Made& made : nets(layers, bidirectional, bias, false, rng)) {
      const Tensor x = normal({4, 3, 2}, rng, 0, 1, float64);
      const std::int64_t count = layers * (bidirectional ? 2 : 1);
      const nn::RecurrentState start = state_of(made, count, 3, rng);
      check_sequences(*made.net, made.cell, bidirectional, x, start, {}, (*made.net)(x, start));
    }
}

TEST_CASE("without a state recurrent networks begin with zeros, and they go on where they ended") {
  Rng rng(2);
  for (const Made& made : nets(2, false, true, false, rng)) {
    const Tensor x = normal({5, 2, 2}, rng, 0, 1, float64);
    nn::RecurrentState zero{zeros({2, 2, made.outputs}, float64), {}};
    if (made.cell == Cell::lstm) zero.c = zeros({2, 2, made.hidden}, float64);
    const nn::RecurrentOutput whole = (*made.net)(x);
    check_sequences(*made.net, made.cell, false, x, zero, {}, whole);
    const nn::RecurrentOutput first = (*made.net)(x(slice(0, 2))), second = (*made.net)(x(slice(2, 5)), first.state);
    check_near(concat({first.output, second.output}).to_vector(), whole.output.to_vector());
    check_near(second.state.h.to_vector(), whole.state.h.to_vector());
  }
}

TEST_CASE("what is behind the length of a sequence gives zeros, leaves the state and may be NaN") {
  Rng rng(3);
  const std::vector<std::int64_t> lengths{2, 4, 0, 1};
  for (const bool bidirectional : {false, true})
    for (const Made& made : nets(2, bidirectional, true, false, rng)) {
      const Tensor x = normal({4, 4, 2}, rng, 0, 1, float64);
      const nn::RecurrentState start = state_of(made, bidirectional ? 4 : 2, 4, rng);
      const Tensor there = reshape(arange(4), {4, 1, 1}) < reshape(tensor(lengths), {1, 4, 1});
      const Tensor padded = where(broadcast_to(there, x.shape()), x, nan);
      const auto got = (*made.net)(padded, start, tensor(lengths));
      check_sequences(*made.net, made.cell, bidirectional, x, start, lengths, got);
      // Derivatives do not see the padding either.
      const auto loss = [&](const Tensor& input) {
        const auto [output, state] = (*made.net)(input, start, tensor(lengths));
        return sum(output * output) + sum(state.h);
      };
      const auto parameters = made.net->parameters();
      const auto with_nan = grad(loss(padded), parameters), without = grad(loss(x), parameters);
      for (std::size_t i = 0; i < parameters.size(); ++i) check_near(with_nan[i].to_vector(), without[i].to_vector());
      const Numbers by_input = grad(loss)(x).to_vector(), counts = broadcast_to(there, x.shape()).to_vector();
      for (std::size_t i = 0; i < counts.size(); ++i) CHECK((counts[i] != 0) == (by_input[i] != 0));
    }
}

TEST_CASE("batch first swaps the first two axes of input and output, not of states") {
  Rng rng(4), same(4);
  const auto first = nets(2, true, true, true, rng), second = nets(2, true, true, false, same);
  for (std::size_t i = 0; i < first.size(); ++i) {
    const Tensor x = normal({3, 4, 2}, rng, 0, 1, float64), lengths = tensor({4, 2, 3});
    const auto got = (*first[i].net)(x, {}, lengths), expected = (*second[i].net)(transpose(x, 0, 1), {}, lengths);
    CHECK(got.output.to_vector() == transpose(expected.output, 0, 1).to_vector());
    CHECK(got.state.h.shape() == Shape{4, 3, first[i].outputs});
    CHECK(got.state.h.to_vector() == expected.state.h.to_vector());
  }
}

TEST_CASE("one sequence without an axis for the batch is a batch of one") {
  Rng rng(5);
  for (const bool batch_first : {false, true})
    for (const Made& made : nets(2, true, true, batch_first, rng)) {
      const Tensor x = normal({4, 2}, rng, 0, 1, float64);
      const nn::RecurrentState start = state_of(made, 4, 1, rng);
      const nn::RecurrentState alone{squeeze(start.h, 1), start.c.defined() ? squeeze(start.c, 1) : Tensor()};
      const auto got = (*made.net)(x, alone, tensor(3));
      const auto expected = (*made.net)(unsqueeze(x, batch_first ? 0 : 1), start, tensor({3}));
      CHECK(got.output.shape() == Shape{4, 2 * made.outputs});
      CHECK(got.state.h.shape() == Shape{4, made.outputs});
      check_near(got.output.to_vector(), expected.output.to_vector());
      check_near(got.state.h.to_vector(), expected.state.h.to_vector());
    }
}

TEST_CASE("sequences of one step, of none, and batches of none") {
  Rng rng(6);
  for (const Made& made : nets(2, true, true, false, rng)) {
    const nn::RecurrentState start = state_of(made, 4, 3, rng);
    const Tensor x = normal({1, 3, 2}, rng, 0, 1, float64);
    check_sequences(*made.net, made.cell, true, x, start, {}, (*made.net)(x, start));
    const auto none = (*made.net)(zeros({0, 3, 2}, float64), start);
    CHECK(none.output.shape() == Shape{0, 3, 2 * made.outputs});
    CHECK(none.state.h.to_vector() == start.h.to_vector());
    const auto nobody = (*made.net)(zeros({2, 0, 2}, float64), {}, zeros({0}, int64));
    CHECK(nobody.output.shape() == Shape{2, 0, 2 * made.outputs});
    CHECK(nobody.state.h.shape() == Shape{4, 0, made.outputs});
    for (const Tensor& g : grad(sum(nobody.output), made.net->parameters())) CHECK(max(abs(g)).item() == 0);
  }
}

TEST_CASE("vmap of a recurrent network over sequences and their lengths is a batch") {
  Rng rng(10);
  const nn::GRU gru(2, 3, {.num_layers = 2, .bidirectional = true, .dtype = float64}, rng);
  const Tensor x = normal({4, 3, 2}, rng, 0, 1, float64), lengths = tensor({2, 0, 4});
  const auto one = [&](const Tensor& sequence, const Tensor& length) { return gru(sequence, {}, length).output; };
  check_near(vmap(one, {1, 0}, 1)(x, lengths).to_vector(), gru(x, {}, lengths).output.to_vector());
}

TEST_CASE("huge inputs saturate the gates, and NaN stays NaN") {
  Rng rng(11);
  const nn::LSTM lstm(1, 2, {}, rng);
  const auto call = [&](double number) { return lstm(full_like(zeros({1, 1, 1}), number)).output; };
  for (const double number : {1e30, -1e30, std::numeric_limits<double>::infinity()})
    for (const double h : call(number).to_vector()) CHECK((h == 0 || std::abs(h) == Approx(std::tanh(1.0))));
  for (const double h : call(nan).to_vector()) CHECK(std::isnan(h));
  const auto slope = grad([&](const Tensor& x) { return sum(lstm(x).output); })(full_like(zeros({1, 1, 1}), 1e30));
  CHECK(slope.item() == 0);
}

TEST_CASE("recurrent networks differentiate correctly, to the second order") {
  Rng rng(7);
  const Tensor x = normal({2, 2, 1}, rng, 0, 1, float64), lengths = tensor({2, 1});
  nn::RNN rnn(1, 2, {.num_layers = 2, .dtype = float64}, rng);
  check_module_gradients(rnn, {x}, [&](const Xs& xs) { return rnn(xs[0], {}, lengths).output; });
  nn::GRU gru(1, 2, {.dtype = float64}, rng);
  const Tensor h = normal({1, 2, 2}, rng, 0, 1, float64);
  check_module_gradients(gru, {x, h}, [&](const Xs& xs) { return gru(xs[0], {xs[1], {}}, lengths).output; });
  nn::LSTM lstm(1, 2, {.bidirectional = true, .proj_size = 1, .dtype = float64}, rng);
  check_module_gradients(lstm, {x}, [&](const Xs& xs) {
    const auto [output, state] = lstm(xs[0], {}, lengths);
    return concat({reshape(output, {-1}), reshape(state.h, {-1}), reshape(state.c, {-1})});
  });
}

TEST_CASE("dropout acts between layers, in training alone") {
  Rng rng(8);
  nn::GRU gru(2, 3, {.num_layers = 2, .dropout = 0.5}, rng), one(2, 3, {.dropout = 0.5}, rng);
  const Tensor x = normal({4, 2, 2}, rng);
  CHECK(gru(x).output.to_vector() != gru(x).output.to_vector());
  CHECK(one(x).output.to_vector() == one(x).output.to_vector());
  gru.eval();
  const Numbers still = gru(x).output.to_vector();
  CHECK(gru(x).output.to_vector() == still);
  nn::GRU all(2, 3, {.num_layers = 2, .dropout = 1}, rng);
  const Tensor dropped = all(x).output;
  // Nothing of the input is left.
  CHECK(dropped(3, 0).to_vector() == dropped(3, 1).to_vector());
  CHECK(gru.state().back().name == "dropout.rng");
}

TEST_CASE("recurrent networks have PyTorch's names and layouts") {
  const nn::LSTM lstm(3, 4, {.num_layers = 2, .bidirectional = true, .proj_size = 2});
  std::vector<std::string> names;
  for (const auto& entry : lstm.state()) names.push_back(entry.name);
  const std::vector<std::string> weights{"weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"};
  std::vector<std::string> expected;
  for (const char* ending : {"_l0", "_l0_reverse", "_l1", "_l1_reverse"})
    for (const std::string& weight : weights) expected.push_back(weight + ending);
  CHECK(names == expected);
  CHECK(lstm.weights[0].weight_ih.shape() == Shape{16, 3});
  CHECK(lstm.weights[0].weight_hh.shape() == Shape{16, 2});
  CHECK(lstm.weights[0].weight_hr.shape() == Shape{2, 4});
  CHECK(lstm.weights[3].weight_ih.shape() == Shape{16, 4});
  CHECK(nn::GRU(3, 4).weights[0].weight_ih.shape() == Shape{12, 3});
  const nn::RNN wide(3, 25);
  for (const Parameter& parameter : wide.parameters()) {
    CHECK(max(abs(parameter)).item() <= 0.2);
    CHECK(max(abs(parameter)).item() > 0.16);
  }
}

TEST_CASE("clones of recurrent networks are independent") {
  Rng rng(9);
  const nn::GRU gru(2, 3, {}, rng);
  const nn::GRU copy = nn::clone(gru);
  Parameter weight = copy.weights[0].weight_ih;
  weight.assign(weight * 2);
  CHECK(gru.weights[0].weight_ih.value().to_vector() != weight.value().to_vector());
}

TEST_CASE("recurrent networks that are cast compute in the new dtype") {
  Rng rng(12);
  nn::LSTM lstm(2, 3, {.num_layers = 2}, rng);
  nn::GRUCell cell(2, 3, {}, rng);
  const Tensor x = normal({2, 2, 2}, rng);
  const Numbers before = lstm(x).output.to_vector();
  nn::to(lstm, float64);
  nn::to(cell, float64);
  const Tensor after = lstm(cast(x, float64)).output;
  CHECK(after.dtype() == float64);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(after.to_vector()[i] == Approx(before[i]).margin(1e-6));
  CHECK(lstm(zeros({0, 2, 2}, float64)).output.dtype() == float64);
  CHECK(cell(cast(x(0), float64)).dtype() == float64);
  CHECK_THROWS_AS(lstm(x), DTypeError);
}

TEST_CASE("recurrent networks refuse what does not fit") {
  const nn::LSTM lstm(3, 4);
  const nn::GRU gru(3, 4);
  const Tensor x = ones({5, 2, 3}), h = ones({1, 2, 4}), wrong = ones({2, 2, 4});
  throws<ValueError>("LSTM: needs positive sizes, got 3 inputs, 4 hidden and 0 layers").by([] {
    nn::LSTM(3, 4, {.num_layers = 0});
  });
  throws<ValueError>("LSTM: the projection to 4 is not to fewer than 4").by([] { nn::LSTM(3, 4, {.proj_size = 4}); });
  throws<ValueError>("GRU: the dropout 1.5 is not in [0, 1]").by([] { nn::GRU(3, 4, {.dropout = 1.5}); });
  throws<ShapeError>(
      "GRU: the input [5, 2, 2] f32 is not of 3 axes, or 2 without a batch, of which the last has size 3")
      .by([&] {
        gru(ones({5, 2, 2}));
      });
  throws<DTypeError>("GRU: the input [5, 3] i64 is not of the dtype of the weights").by([&] {
    gru(ones({5, 3}, int64));
  });
  throws<ShapeError>("GRU: the state h is [2, 2, 4] f32, not [1, 2, 4]").by([&] { gru(x, {wrong, {}}); });
  throws<ValueError>("GRU: the state is h alone, without c").by([&] { gru(x, {h, h}); });
  throws<ValueError>("LSTM: the state needs both h and c, or neither").by([&] { lstm(x, {h, {}}); });
  throws<DTypeError>("GRU: lengths must be i64, got [2] f32").by([&] { gru(x, {}, ones({2})); });
  throws<ShapeError>("GRU: the lengths are [3] i64, not [2]").by([&] { gru(x, {}, tensor({1, 2, 3})); });
  throws<ValueError>("GRU: the length 6 is not in [0, 5]").by([&] { gru(x, {}, tensor({5, 6})); });
  throws<ValueError>("GRU: the length -1 is not in [0, 5]").by([&] { gru(x, {}, tensor({-1, 5})); });
}

}  // namespace
}  // namespace xgrad::recurrent_test
