// Why gradients are missing, zero or tiny, word for word. Lines are told from the one where a case begins: `+1`.

#include "autograd/inspect/explain.hpp"

#include <catch2/catch.hpp>
#include <ostream>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/throws.hpp"

namespace xgrad {
namespace {

using Cause = Explanation::Cause;
using Gradient = Explanation::Gradient;

unsigned line(const Location& here = Location::current()) { return here.line(); }

std::string relative(std::string text, unsigned first) {
  const std::string file = "explain_test.cpp:";
  for (std::size_t from = text.find(file); from != std::string::npos; from = text.find(file)) {
    std::size_t end = from + file.size();
    while (end < text.size() && std::isdigit(text[end])) ++end;
    const int number = std::stoi(text.substr(from + file.size(), end - from - file.size()));
    text.replace(from, end - from, "+" + std::to_string(number - static_cast<int>(first)));
  }
  return text;
}

/// What is told of the gradient of `loss` by `x`, which stands in line `first`.
struct Case {
  unsigned first = 0;
  Explanation::Gradient gradient;
  Explanation::Cause cause;
  std::string text;
};
void check_case(const Tensor& loss, const Tensor& x, const Case& expected) {
  const Explanation told = explain(loss, x);
  CHECK(relative(told.text, expected.first) == expected.text);
  CHECK(told.gradient == expected.gradient);
  CHECK(told.cause == expected.cause);
}

Parameter named(const Tensor& value, const std::string& name, const Location& where = Location::current()) {
  Parameter parameter(value, where);
  parameter.set_name(name);
  return parameter;
}

}  // namespace

TEST_CASE("explained: a Parameter that is not used", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  const Tensor loss = sum(q * q);
  check_case(loss, p,
             {first, Gradient::missing, Cause::unused,
              "p [2] f32 gets no gradient from the loss at +2: nothing that it was recorded from is this one; what was "
              "read out (item, data, to_vector) is a number, and a copy of a Parameter another one"});
}

TEST_CASE("explained: stop_gradient", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  const Tensor hidden = p * 2;
  const Tensor stopped = stop_gradient(hidden);
  const Tensor loss = sum(stopped * q);
  check_case(loss, p,
             {first, Gradient::missing, Cause::stopped,
              "p [2] f32 gets no gradient from the loss at +4: stop_gradient at +3 ends the way to it"});
}

TEST_CASE("explained: NoGrad", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  Tensor hidden;
  {
    const NoGrad off;
    hidden = exp(p);
  }
  const Tensor loss = sum(hidden * q);
  check_case(loss, p,
             {first, Gradient::missing, Cause::no_grad,
              "p [2] f32 gets no gradient from the loss at +7: exp at +5 was recorded inside NoGrad"});
}

TEST_CASE("explained: a cast to int64", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  const Tensor whole = cast(p, int64);
  const Tensor loss = sum(cast(whole, float32) * q);
  check_case(
      loss, p,
      {first, Gradient::missing, Cause::not_floating,
       "p [2] f32 gets no gradient from the loss at +3: cast at +2 gives i64, through which no derivative flows"});
}

TEST_CASE("explained: a comparison", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  const Tensor right = p > 0;
  const Tensor loss = mean(cast(right, float32) * q);
  check_case(loss, p,
             {first, Gradient::missing, Cause::not_floating,
              "p [2] f32 gets no gradient from the loss at +3: greater at +2 gives bool, through which no derivative "
              "flows"});
}

TEST_CASE("explained: an argmax as the loss", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, 3}), "p");
  const Tensor loss = argmax(p, 0);
  const Explanation told = explain(loss, p);
  CHECK(told.cause == Cause::not_floating);
  CHECK(relative(told.text, first) ==
        "p [2] f32 gets no gradient from the loss at +2: argmax at +2 gives i64, through which no derivative flows");
}

TEST_CASE("explained: a derivative without create_graph", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  const Tensor energy = sum(p * p * q);
  const Tensor force = grad(energy, q);
  const Tensor loss = sum(force * q);
  check_case(loss, p,
             {first, Gradient::missing, Cause::without_graph,
              "p [2] f32 gets no gradient from the loss at +4: the derivative taken at +3 is a constant, since "
              "create_graph was not set there"});
}

TEST_CASE("explained: a frozen Parameter", "[explain]") {
  const unsigned first = line();
  Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  p.set_trainable(false);
  const Tensor loss = sum(p * q);
  check_case(loss, p,
             {first, Gradient::missing, Cause::frozen,
              "p [2] f32 gets no gradient from the loss at +3: it is frozen; set_trainable(true) lets derivatives flow "
              "into it"});
  p.set_trainable(true);
  check_case(loss, p,
             {first, Gradient::missing, Cause::frozen,
              "p [2] f32 gets no gradient from the loss at +3: it was frozen when that was recorded; record it again"});
}

TEST_CASE("explained: a Tensor that nobody tracks", "[explain]") {
  const unsigned first = line();
  const Tensor x = ones({2});
  const Parameter q = named(ones({2}), "q");
  const Tensor loss = sum(x * q);
  check_case(loss, x,
             {first, Gradient::missing, Cause::untracked,
              "[2] f32 gets no gradient from the loss at +3: it is untracked; make it a Parameter, or use track() or "
              "grad(f)"});
}

TEST_CASE("explained: a Parameter that was assigned since", "[explain]") {
  const unsigned first = line();
  Parameter p = named(ones({2}), "p");
  const Tensor loss = sum(p * p);
  p.assign(p - grad(loss, p) * 0.1);
  check_case(
      loss, p,
      {first, Gradient::missing, Cause::assigned,
       "p [2] f32 gets no gradient from the loss at +2: it was assigned at +3 since that was recorded; record it "
       "again"});
}

TEST_CASE("explained: every unit of a relu is dead", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({{1.0, 2}, {3, 4}}), "weight");
  const Tensor x = full({5, 2}, -1.0);
  const Tensor hidden = relu(matmul(x, p));
  const Tensor loss = mean(hidden);
  check_case(loss, p,
             {first, Gradient::zero, Cause::dead,
              "weight [2, 2] f32 gets a gradient of zeros from the loss at +4: every unit of relu at +3 is dead; its "
              "inputs are in [-6, -4]"});
}

TEST_CASE("explained: a sigmoid that is saturated almost everywhere", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(full({1000}, 1.0), "p");
  const Tensor x = where(arange(1000) < 3, 0.5, 30.0);
  const Tensor loss = sum(sigmoid(p * x));
  check_case(loss, p,
             {first, Gradient::present, Cause::saturated,
              "p [1000] f32 gets a gradient of at most 0.117502 from the loss at +3: sigmoid at +3 is saturated in "
              "99.7 % of its elements; its inputs are in [0.5, 30]"});
}

TEST_CASE("explained: a sigmoid that is saturated everywhere", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({20.0, -25}), "p");
  const Tensor loss = sum(sigmoid(p));
  check_case(loss, p,
             {first, Gradient::tiny, Cause::saturated,
              "p [2] f32 gets a tiny gradient, of at most 2.06115e-09, from the loss at +2: sigmoid at +2 is saturated "
              "in 100 % of its elements; its inputs are in [-25, 20]; there it drops from 1 to 2.06115e-09"});
}

TEST_CASE("explained: a sigmoid that underflows", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({200.0, 300}), "p");
  const Tensor loss = sum(sigmoid(p));
  check_case(loss, p,
             {first, Gradient::zero, Cause::saturated,
              "p [2] f32 gets a gradient of zeros from the loss at +2: sigmoid at +2 is saturated in 100 % of its "
              "elements; its inputs are in [200, 300]"});
}

TEST_CASE("explained: a tanh that is saturated", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({20.0, -30}), "p");
  const Tensor loss = sum(tanh(p));
  check_case(
      loss, p,
      {first, Gradient::zero, Cause::saturated,
       "p [2] f32 gets a gradient of zeros from the loss at +2: tanh at +2 is saturated in 100 % of its elements; "
       "its inputs are in [-30, 20]"});
}

TEST_CASE("explained: clipped", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({3.0, -4}), "p");
  const Tensor loss = sum(clamp(p, -1, 1));
  check_case(loss, p,
             {first, Gradient::zero, Cause::clipped,
              "p [2] f32 gets a gradient of zeros from the loss at +2: clamp at +2 clips every element; its inputs are "
              "in [-4, 3]"});
}

TEST_CASE("explained: multiplied by zero", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), gate = named(zeros({2}), "gate");
  const Tensor hidden = exp(p);
  const Tensor loss = sum(hidden * gate);
  check_case(loss, p,
             {first, Gradient::zero, Cause::multiplied_by_zero,
              "p [2] f32 gets a gradient of zeros from the loss at +3: mul at +3 multiplies by 0: its other operand, "
              "Parameter gate, is 0 everywhere"});
}

TEST_CASE("explained: a matrix of zeros behind it", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2, 3}), "first"), q = named(zeros({3, 1}), "second");
  const Tensor hidden = tanh(matmul(ones({4, 2}), p));
  const Tensor loss = mean(matmul(hidden, q));
  check_case(loss, p,
             {first, Gradient::zero, Cause::multiplied_by_zero,
              "first [2, 3] f32 gets a gradient of zeros from the loss at +3: matmul at +3 multiplies by 0: its other "
              "operand, Parameter second, is 0 everywhere"});
}

TEST_CASE("explained: rounded", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({0.4, 2.6}), "p");
  const Tensor quantised = round(p * 10);
  const Tensor loss = sum(square(quantised));
  check_case(loss, p,
             {first, Gradient::zero, Cause::zero_derivative,
              "p [2] f32 gets a gradient of zeros from the loss at +3: the derivative of round at +2 is 0"});
}

TEST_CASE("explained: indices that are never gathered", "[explain]") {
  const unsigned first = line();
  const Parameter table = named(ones({6, 2}), "table");
  const Tensor rows = take(table, tensor({0, 5, 2}), 0);
  const Tensor loss = sum(rows);
  check_case(loss, table,
             {first, Gradient::present, Cause::not_gathered,
              "table [6, 2] f32 gets a gradient of at most 1 from the loss at +3, which is 0 in 6 of 12 elements: take "
              "at +2 never gathers indices 1, 3 and 4 of axis 0"});
}

TEST_CASE("explained: a part of a table that is never gathered", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2, 2}), "p"), q = named(ones({3, 2}), "q");
  const Tensor table = concat({p, q}, 0);
  const Tensor rows = take(table, tensor({3, 4}), 0);
  const Tensor loss = sum(rows);
  check_case(
      loss, p,
      {first, Gradient::zero, Cause::not_gathered,
       "p [2, 2] f32 gets a gradient of zeros from the loss at +4: take at +3 never gathers any of its elements"});
}

TEST_CASE("explained: masked by where", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, 2, 3, 4}), "p");
  const Tensor chosen = where(tensor({false, false, false, false}), exp(p), 0);
  const Tensor loss = sum(chosen);
  check_case(
      loss, p,
      {first, Gradient::zero, Cause::masked,
       "p [4] f32 gets a gradient of zeros from the loss at +3: where at +2 masks it: it is its first branch, and "
       "the condition holds in 0 % of the elements"});
}

TEST_CASE("explained: not the maximum", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, 2}), "p");
  const Tensor larger = maximum(p, 5);
  const Tensor loss = sum(larger);
  check_case(
      loss, p,
      {first, Gradient::zero, Cause::not_chosen,
       "p [2] f32 gets a gradient of zeros from the loss at +3: maximum at +2 chose its other operand everywhere"});
}

TEST_CASE("explained: underflow", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p");
  const Tensor small = p * 1e-30;
  const Tensor loss = sum(small * 1e-30);
  check_case(
      loss, p,
      {first, Gradient::zero, Cause::underflow,
       "p [2] f32 gets a gradient of zeros from the loss at +3: mul at +2 underflows: the cotangent that arrives "
       "is at most 1e-30, and its other operand, a number, is all 1e-30"});
}

TEST_CASE("explained: one small factor", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p");
  const Tensor hidden = exp(p * 0.5);
  const Tensor scaled = hidden * 1e-9;
  const Tensor loss = sum(tanh(scaled));
  check_case(loss, p,
             {first, Gradient::tiny, Cause::small_factor,
              "p [2] f32 gets a tiny gradient, of at most 8.24361e-10, from the loss at +4: mul at +3 multiplies by "
              "little: its other operand, a number, is all 1e-09; there it drops from 1 to 1e-09"});
}

TEST_CASE("explained: a gradient that vanishes through many layers", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(zeros({2}), "p");
  Tensor x = p;
  for (int layer = 0; layer < 20; ++layer) {
    x = sigmoid(x);
    x = x - 0.5;
  }
  const Tensor loss = sum(x);
  check_case(
      loss, p,
      {first, Gradient::tiny, Cause::vanishing,
       "p [2] f32 gets a tiny gradient, of at most 9.09495e-13, from the loss at +7: it shrinks little by little, "
       "most at sigmoid at +4 by 9.09495e-13 in 20 calls"});
}

TEST_CASE("explained: contributions that cancel", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p");
  const Tensor loss = sum(p - p);
  check_case(loss, p,
             {first, Gradient::zero, Cause::cancelled,
              "p [2] f32 gets a gradient of zeros from the loss at +2: what arrives by several ways adds up to 0"});
}

TEST_CASE("explained: most units of a relu are dead", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, -2, -3, -4}), "p");
  const Tensor loss = sum(relu(p));
  check_case(loss, p,
             {first, Gradient::present, Cause::dead,
              "p [4] f32 gets a gradient of at most 1 from the loss at +2, which is 0 in 3 of 4 elements: relu at +2 "
              "stops 75.0 % of what arrives there"});
}

TEST_CASE("explained: nothing is wrong", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, -2}), "p");
  const Tensor loss = sum(p * p);
  check_case(loss, p,
             {first, Gradient::present, Cause::none, "p [2] f32 gets a gradient of at most 4 from the loss at +2"});
}

TEST_CASE("explained: a gradient that is not finite", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(zeros({2}), "p");
  const Tensor loss = sum(sqrt(p));
  check_case(loss, p,
             {first, Gradient::not_finite, Cause::not_finite,
              "p [2] f32 gets a gradient that is not finite from the loss at +2: why_nan tells where that comes from"});
}

TEST_CASE("explain changes nothing", "[explain]") {
  const Parameter p(tensor({1.0, 2}));
  const Tensor x = exp(p), loss = sum(relu(0 - x));
  const std::int64_t entries = live_entries();
  CHECK(explain(loss, p).cause == Cause::dead);
  CHECK(live_entries() == entries);
  CHECK_FALSE(loss.entry()->differentiated);
  if (engine() == "fused") CHECK_FALSE(x.evaluated());
}

TEST_CASE("explain goes through chains of any length", "[explain]") {
  const Parameter p(ones({1}));
  Tensor x = p;
  for (int i = 0; i < 20000; ++i) x = x * 0.999;
  CHECK(explain(sum(x), p).gradient == Gradient::tiny);
}

TEST_CASE("explain refuses undefined Tensors", "[explain]") {
  const Parameter p(ones({1}));
  throws<GraphError>("explain: the loss is an undefined Tensor").by([&] { return explain(Tensor(), p); });
  throws<GraphError>("explain: what it is to be differentiated by is an undefined Tensor").by([&] {
    return explain(p, Tensor());
  });
}

}  // namespace xgrad
