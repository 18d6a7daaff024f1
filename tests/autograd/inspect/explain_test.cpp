// Why gradients are zero or tiny, word for word. Lines are told from the one where a case begins: `+1`.

#include "autograd/inspect/explain.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "tests/autograd/inspect/told.hpp"

namespace xgrad::explain_test {
namespace {
using Cause = Explanation::Cause;
using Gradient = Explanation::Gradient;
}  // namespace

TEST_CASE("explained: every unit of a relu is dead", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({{1.0, 2}, {3, 4}}), "weight");
  const Tensor x = full({5, 2}, -1.0);
  const Tensor hidden = relu(matmul(x, p));
  const Tensor loss = mean(hidden);
  check_told(loss, p,
             {first, Gradient::zero, Cause::dead,
              "weight [2, 2] f32 gets a gradient of zeros from the loss at +4: every unit of relu at +3 is dead; its "
              "inputs are in [-6, -4]"});
}

TEST_CASE("explained: a sigmoid that is saturated almost everywhere", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(full({1000}, 1.0), "p");
  const Tensor x = where(arange(1000) < 3, 0.5, 30.0);
  const Tensor loss = sum(sigmoid(p * x));
  check_told(loss, p,
             {first, Gradient::present, Cause::saturated,
              "p [1000] f32 gets a gradient of at most 0.117502 from the loss at +3: sigmoid at +3 is saturated in "
              "99.7 % of its elements; its inputs are in [0.5, 30]"});
}

TEST_CASE("explained: a sigmoid that is saturated everywhere", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({20.0, -25}), "p");
  const Tensor loss = sum(sigmoid(p));
  check_told(loss, p,
             {first, Gradient::tiny, Cause::saturated,
              "p [2] f32 gets a tiny gradient, of at most 2.06115e-09, from the loss at +2: sigmoid at +2 is saturated "
              "in 100 % of its elements; its inputs are in [-25, 20]; there it drops from 1 to 2.06115e-09"});
}

TEST_CASE("explained: a sigmoid that underflows", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({200.0, 300}), "p");
  const Tensor loss = sum(sigmoid(p));
  check_told(loss, p,
             {first, Gradient::zero, Cause::saturated,
              "p [2] f32 gets a gradient of zeros from the loss at +2: sigmoid at +2 is saturated in 100 % of its "
              "elements; its inputs are in [200, 300]"});
}

TEST_CASE("explained: a tanh that is saturated", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({20.0, -30}), "p");
  const Tensor loss = sum(tanh(p));
  check_told(
      loss, p,
      {first, Gradient::zero, Cause::saturated,
       "p [2] f32 gets a gradient of zeros from the loss at +2: tanh at +2 is saturated in 100 % of its elements; "
       "its inputs are in [-30, 20]"});
}

TEST_CASE("explained: clipped", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({3.0, -4}), "p");
  const Tensor loss = sum(clamp(p, -1, 1));
  check_told(loss, p,
             {first, Gradient::zero, Cause::clipped,
              "p [2] f32 gets a gradient of zeros from the loss at +2: clamp at +2 clips every element; its inputs are "
              "in [-4, 3]"});
}

TEST_CASE("explained: multiplied by zero", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), gate = named(zeros({2}), "gate");
  const Tensor hidden = exp(p);
  const Tensor loss = sum(hidden * gate);
  check_told(loss, p,
             {first, Gradient::zero, Cause::multiplied_by_zero,
              "p [2] f32 gets a gradient of zeros from the loss at +3: mul at +3 multiplies by 0: its other operand, "
              "Parameter gate, is 0 everywhere"});
}

TEST_CASE("explained: a matrix of zeros behind it", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2, 3}), "first"), q = named(zeros({3, 1}), "second");
  const Tensor hidden = tanh(matmul(ones({4, 2}), p));
  const Tensor loss = mean(matmul(hidden, q));
  check_told(loss, p,
             {first, Gradient::zero, Cause::multiplied_by_zero,
              "first [2, 3] f32 gets a gradient of zeros from the loss at +3: matmul at +3 multiplies by 0: its other "
              "operand, Parameter second, is 0 everywhere"});
}

TEST_CASE("explained: rounded", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({0.4, 2.6}), "p");
  const Tensor quantised = round(p * 10);
  const Tensor loss = sum(square(quantised));
  check_told(loss, p,
             {first, Gradient::zero, Cause::zero_derivative,
              "p [2] f32 gets a gradient of zeros from the loss at +3: the derivative of round at +2 is 0"});
}

TEST_CASE("explained: indices that are never gathered", "[explain]") {
  const unsigned first = line();
  const Parameter table = named(ones({6, 2}), "table");
  const Tensor rows = take(table, tensor({0, 5, 2}), 0);
  const Tensor loss = sum(rows);
  check_told(loss, table,
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
  check_told(
      loss, p,
      {first, Gradient::zero, Cause::not_gathered,
       "p [2, 2] f32 gets a gradient of zeros from the loss at +4: take at +3 never gathers any of its elements"});
}

TEST_CASE("explained: masked by where", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, 2, 3, 4}), "p");
  const Tensor chosen = where(tensor({false, false, false, false}), exp(p), 0);
  const Tensor loss = sum(chosen);
  check_told(
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
  check_told(
      loss, p,
      {first, Gradient::zero, Cause::not_chosen,
       "p [2] f32 gets a gradient of zeros from the loss at +3: maximum at +2 chose its other operand everywhere"});
}

TEST_CASE("explained: dropped and filled", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, 2}), "p");
  const nn::Dropout dropout(1.0, Rng(1));
  const Tensor dropped = sum(dropout(p)), filled = sum(masked_fill(p, p > 0, 5));
  check_told(
      dropped, p,
      {first, Gradient::zero, Cause::masked,
       "p [2] f32 gets a gradient of zeros from the loss at +3: Dropout at +3 drops every element; its inputs are "
       "in [1, 2]"});
  check_told(
      filled, p,
      {first, Gradient::zero, Cause::masked,
       "p [2] f32 gets a gradient of zeros from the loss at +3: masked_fill at +3 masks every element; its inputs "
       "are in [1, 2]"});
}

TEST_CASE("explained: elements that others were chosen before", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, 2}), "p"), q = named(tensor({3.0, 4}), "q");
  const Tensor both = concat({p, q}, 0);
  const Tensor largest = max(both), part = sum(slice(both, 0, 2, 4)), masked = sum(where(both > 2, both, 0));
  check_told(largest, p,
             {first, Gradient::zero, Cause::not_chosen,
              "p [2] f32 gets a gradient of zeros from the loss at +3: max at +3 chose none of its elements"});
  check_told(part, p,
             {first, Gradient::zero, Cause::not_chosen,
              "p [2] f32 gets a gradient of zeros from the loss at +3: slice at +3 chose none of its elements"});
  check_told(masked, p,
             {first, Gradient::zero, Cause::masked,
              "p [2] f32 gets a gradient of zeros from the loss at +3: where at +3 leaves out all of its elements"});
}

TEST_CASE("explained: gradients that the program itself makes zero", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, 2}), "p");
  const Tensor scaled = sum(scale_gradient(p, 0));
  const Tensor changed = sum(change_cotangent(p, [](const Tensor& g) { return g * 0; }));
  check_told(scaled, p,
             {first, Gradient::zero, Cause::multiplied_by_zero,
              "p [2] f32 gets a gradient of zeros from the loss at +2: scale_gradient at +2 multiplies it by 0"});
  check_told(changed, p,
             {first, Gradient::zero, Cause::blocked,
              "p [2] f32 gets a gradient of zeros from the loss at +3: the function that was given to change_cotangent "
              "at +3 gives zeros"});
}

TEST_CASE("explained: data of zeros", "[explain]") {
  const unsigned first = line();
  const Tensor x = tensor({{0.0, 0}, {0, 0}});
  const Parameter p = named(ones({2, 3}), "weight");
  const Tensor loss = mean(matmul(x, p));
  check_told(loss, p,
             {first, Gradient::zero, Cause::multiplied_by_zero,
              "weight [2, 3] f32 gets a gradient of zeros from the loss at +3: matmul at +3 multiplies by 0: its other "
              "operand, data of +1, is 0 everywhere"});
}

TEST_CASE("explained: two ways that both end", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, 2}), "p");
  const Tensor dead = relu(-exp(p));
  const Tensor rounded = round(p);
  const Tensor loss = sum(dead + rounded);
  check_told(
      loss, p,
      {first, Gradient::zero, Cause::zero_derivative,
       "p [2] f32 gets a gradient of zeros from the loss at +4: the derivative of round at +3 is 0; other ways end "
       "at relu at +2"});
}

TEST_CASE("explained: through a checkpoint", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, 2}), "p");
  const auto f = [](const Tensor& x) { return relu(-exp(x)); };
  const Tensor loss = sum(checkpoint(f, p));
  check_told(
      loss, p,
      {first, Gradient::zero, Cause::dead,
       "p [2] f32 gets a gradient of zeros from the loss at +3: every unit of relu at +2 is dead; its inputs are "
       "in [-7.38906, -2.71828]"});
}

TEST_CASE("explained: underflow", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p");
  const Tensor small = p * 1e-30;
  const Tensor loss = sum(small * 1e-30);
  check_told(
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
  check_told(loss, p,
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
  check_told(
      loss, p,
      {first, Gradient::tiny, Cause::vanishing,
       "p [2] f32 gets a tiny gradient, of at most 9.09495e-13, from the loss at +7: it shrinks little by little, "
       "most at sigmoid at +4 by 9.09495e-13 in 20 calls"});
}

TEST_CASE("explained: contributions that cancel", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p");
  const Tensor loss = sum(p - p);
  check_told(loss, p,
             {first, Gradient::zero, Cause::cancelled,
              "p [2] f32 gets a gradient of zeros from the loss at +2: what arrives by several ways adds up to 0"});
}

TEST_CASE("explained: some units of a relu are dead", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({{1.0, -2, -3}}), "weight");
  const Tensor x = tensor({{1.0}, {2}, {0.5}});
  const Tensor loss = sum(relu(matmul(x, p)));
  check_told(
      loss, p,
      {first, Gradient::present, Cause::dead,
       "weight [1, 3] f32 gets a gradient of at most 3.5 from the loss at +3, which is 0 in 2 of 3 elements: 2 of "
       "the 3 units of relu at +3 are dead"});
  CHECK(explain(sum(relu(p)), p).cause == Cause::dead);
  CHECK(explain(sum(relu(p * tensor({{1.0}, {-1}}))), p).cause == Cause::none);
}

TEST_CASE("explained: a relu of images that lets little through", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({1}), "p");
  const Tensor x = where(reshape(arange(64), {4, 4, 4}) < 3, 1.0, -1.0);
  const Tensor loss = sum(relu(p * x));
  const Tensor half = sum(relu(p * where(reshape(arange(64), {4, 4, 4}) < 32, 1.0, -1.0)));
  check_told(loss, p,
             {first, Gradient::present, Cause::dead,
              "p [1] f32 gets a gradient of at most 3 from the loss at +3: relu at +3 stops 95.3 % of what arrives "
              "there"});
  CHECK(explain(half, p).cause == Cause::none);
}

TEST_CASE("explained: nothing is wrong", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, -2}), "p");
  const Tensor loss = sum(p * p);
  check_told(loss, p,
             {first, Gradient::present, Cause::none, "p [2] f32 gets a gradient of at most 4 from the loss at +2"});
}

TEST_CASE("explained: a gradient that is not finite", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(zeros({2}), "p");
  const Tensor loss = sum(sqrt(p));
  check_told(loss, p,
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

}  // namespace xgrad::explain_test
