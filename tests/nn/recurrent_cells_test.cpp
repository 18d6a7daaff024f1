#include "nn/recurrent_cells.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "tests/nn/module_gradients.hpp"
#include "tests/nn/recurrent_loops.hpp"
#include "tests/throws.hpp"

namespace xgrad::recurrent_cells_test {
namespace {

using loops::Cell;
using loops::Numbers;

loops::Weights weights_of(const nn::RecurrentCell& cell) {
  return loops::Weights({cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh, {}});
}

Numbers row(const Tensor& x, std::int64_t i) { return x(i).to_vector(); }

void check_near(const Numbers& got, const Numbers& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(expected[i]).margin(1e-14).epsilon(1e-13));
}

template <class Module>
void check_step(const Module& module, Cell kind) {
  Rng rng(3);
  const Tensor x = normal({3, 4}, rng, 0, 1, float64), h = normal({3, 2}, rng, 0, 1, float64);
  const Tensor got = module(x, h);
  REQUIRE(got.shape() == Shape{3, 2});
  for (std::int64_t i = 0; i < 3; ++i) {
    Numbers state = row(h, i), none;
    loops::step(kind, weights_of(module), row(x, i), state, none);
    check_near(row(got, i), state);
  }
  check_near(module(x).to_vector(), module(x, zeros({3, 2}, float64)).to_vector());
  check_near(module(x(1), h(1)).to_vector(), row(got, 1));
  CHECK(module(zeros({0, 4}, float64)).shape() == Shape{0, 2});
  CHECK(module(x(slice(0, 1)), h(slice(0, 1))).shape() == Shape{1, 2});
}

TEST_CASE("RNNCell and GRUCell take one step of the plain loops, with and without bias") {
  Rng rng(1);
  for (const bool bias : {true, false}) {
    check_step(nn::RNNCell(4, 2, {.bias = bias, .dtype = float64}, rng), Cell::tanh);
    check_step(nn::RNNCell(4, 2, {.nonlinearity = nn::Nonlinearity::relu, .bias = bias, .dtype = float64}, rng),
               Cell::relu);
    check_step(nn::GRUCell(4, 2, {.bias = bias, .dtype = float64}, rng), Cell::gru);
  }
}

TEST_CASE("LSTMCell takes one step of the plain loop") {
  Rng rng(2);
  for (const bool bias : {true, false}) {
    const nn::LSTMCell cell(4, 2, {.bias = bias, .dtype = float64}, rng);
    const Tensor x = normal({3, 4}, rng, 0, 1, float64), h = normal({3, 2}, rng, 0, 1, float64),
                 c = normal({3, 2}, rng, 0, 1, float64);
    const auto [next_h, next_c] = cell(x, {h, c});
    for (std::int64_t i = 0; i < 3; ++i) {
      Numbers state = row(h, i), memory = row(c, i);
      loops::step(Cell::lstm, weights_of(cell), row(x, i), state, memory);
      check_near(row(next_h, i), state);
      check_near(row(next_c, i), memory);
      check_near(cell(x(i), {h(i), c(i)}).c.to_vector(), memory);
    }
    check_near(cell(x).h.to_vector(), cell(x, {zeros({3, 2}, float64), zeros({3, 2}, float64)}).h.to_vector());
  }
}

TEST_CASE("the cells differentiate correctly in input, state and weights, to the second order") {
  using Xs = std::vector<Tensor>;
  Rng rng(4);
  const Tensor x = normal({2, 3}, rng, 0, 1, float64), h = normal({2, 2}, rng, 0, 1, float64),
               c = normal({2, 2}, rng, 0, 1, float64);
  nn::RNNCell rnn(3, 2, {.dtype = float64}, rng);
  check_module_gradients(rnn, {x, h}, [&](const Xs& xs) { return rnn(xs[0], xs[1]); });
  nn::GRUCell gru(3, 2, {.dtype = float64}, rng);
  check_module_gradients(gru, {x, h}, [&](const Xs& xs) { return gru(xs[0], xs[1]); });
  nn::LSTMCell lstm(3, 2, {.dtype = float64}, rng);
  check_module_gradients(lstm, {x, h, c}, [&](const Xs& xs) {
    const auto [next_h, next_c] = lstm(xs[0], {xs[1], xs[2]});
    return concat({next_h, next_c}, 1);
  });
}

TEST_CASE("cells have PyTorch's names and layouts, and start within 1/sqrt(hidden)") {
  Rng rng(6);
  const nn::LSTMCell lstm(3, 25, {}, rng);
  const auto state = lstm.state();
  REQUIRE(state.size() == 4);
  const std::vector<std::pair<std::string, Shape>> expected{
      {"weight_ih", {100, 3}}, {"weight_hh", {100, 25}}, {"bias_ih", {100}}, {"bias_hh", {100}}};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(state[i].name == expected[i].first);
    CHECK(state[i].value.shape() == expected[i].second);
    CHECK(max(abs(state[i].value)).item() <= 0.2);
    CHECK(max(abs(state[i].value)).item() > 0.18);
  }
  CHECK(nn::GRUCell(3, 2, {.bias = false}).parameters().size() == 2);
  CHECK(nn::GRUCell(3, 2).weight_hh.shape() == Shape{6, 2});
  CHECK(nn::RNNCell(3, 2).weight_ih.shape() == Shape{2, 3});
}

TEST_CASE("cells refuse what does not fit") {
  const nn::GRUCell gru(3, 2);
  const nn::LSTMCell lstm(3, 2);
  const Tensor x = ones({4, 3}), h = ones({4, 2}), other = ones({4, 5});
  throws<ValueError>("GRUCell: needs positive sizes, got 0 inputs and 2 hidden").by([&] { nn::GRUCell(0, 2); });
  throws<ShapeError>(
      "GRUCell: the input [4, 2] f32 is not of 2 axes, or 1 without a batch, of which the last has size 3")
      .by([&] { gru(h); });
  throws<DTypeError>("GRUCell: the input [3] f64 is not of the dtype of the weights").by([&] {
    gru(ones({3}, float64));
  });
  throws<ShapeError>("GRUCell: the state h is [4, 5] f32, not [4, 2]").by([&] { gru(x, other); });
  throws<DTypeError>("GRUCell: the state h is [4, 2] f64, and the weights are of another dtype").by([&] {
    gru(x, ones({4, 2}, float64));
  });
  throws<ShapeError>("LSTMCell: the state c is [4, 5] f32, not [4, 2]").by([&] { lstm(x, {h, other}); });
  throws<ValueError>("LSTMCell: the state needs both h and c, or neither").by([&] { lstm(x, {h, {}}); });
  throws<ValueError>("LSTMCell: the state needs both h and c, or neither").by([&] { lstm(x, {{}, h}); });
}

}  // namespace
}  // namespace xgrad::recurrent_cells_test
