// Why gradients are missing, word for word. Lines are told from the one where a case begins: `+1`.

#include "autograd/inspect/explain.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "tests/autograd/inspect/told.hpp"
#include "tests/throws.hpp"

namespace xgrad::explain_missing_test {
namespace {
using Cause = Explanation::Cause;
using Gradient = Explanation::Gradient;
}  // namespace

TEST_CASE("explained: a Parameter that is not used", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  const Tensor loss = sum(q * q);
  check_told(loss, p,
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
  check_told(loss, p,
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
  check_told(loss, p,
             {first, Gradient::missing, Cause::no_grad,
              "p [2] f32 gets no gradient from the loss at +7: exp at +5 was recorded inside NoGrad"});
}

TEST_CASE("explained: a cast to int64", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  const Tensor whole = cast(p, int64);
  const Tensor loss = sum(cast(whole, float32) * q);
  check_told(
      loss, p,
      {first, Gradient::missing, Cause::not_floating,
       "p [2] f32 gets no gradient from the loss at +3: cast at +2 gives i64, through which no derivative flows"});
}

TEST_CASE("explained: a comparison", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  const Tensor right = p > 0;
  const Tensor loss = mean(cast(right, float32) * q);
  check_told(loss, p,
             {first, Gradient::missing, Cause::not_floating,
              "p [2] f32 gets no gradient from the loss at +3: greater at +2 gives bool, through which no derivative "
              "flows"});
}

TEST_CASE("explained: an argmax as the loss", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(tensor({1.0, 3}), "p");
  const Tensor loss = argmax(p, 0);
  check_told(
      loss, p,
      {first, Gradient::missing, Cause::not_floating,
       "p [2] f32 gets no gradient from the loss at +2: argmax at +2 gives i64, through which no derivative flows"});
}

TEST_CASE("explained: a derivative without create_graph", "[explain]") {
  const unsigned first = line();
  const Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  const Tensor energy = sum(p * p * q);
  const Tensor force = grad(energy, q);
  const Tensor loss = sum(force * q);
  check_told(loss, p,
             {first, Gradient::missing, Cause::without_graph,
              "p [2] f32 gets no gradient from the loss at +4: the derivative taken at +3 is a constant, since "
              "create_graph was not set there"});
}

TEST_CASE("explained: a frozen Parameter", "[explain]") {
  const unsigned first = line();
  Parameter p = named(ones({2}), "p"), q = named(ones({2}), "q");
  p.set_trainable(false);
  const Tensor loss = sum(p * q);
  check_told(loss, p,
             {first, Gradient::missing, Cause::frozen,
              "p [2] f32 gets no gradient from the loss at +3: it is frozen; set_trainable(true) lets derivatives flow "
              "into it"});
  p.set_trainable(true);
  check_told(loss, p,
             {first, Gradient::missing, Cause::frozen,
              "p [2] f32 gets no gradient from the loss at +3: it was frozen when that was recorded; record it again"});
}

TEST_CASE("explained: a Tensor that nobody tracks", "[explain]") {
  const unsigned first = line();
  const Tensor x = ones({2});
  const Parameter q = named(ones({2}), "q");
  const Tensor loss = sum(x * q);
  check_told(loss, x,
             {first, Gradient::missing, Cause::untracked,
              "[2] f32 gets no gradient from the loss at +3: it is untracked; make it a Parameter, or use track() or "
              "grad(f)"});
}

TEST_CASE("explained: a Parameter that was assigned since", "[explain]") {
  const unsigned first = line();
  Parameter p = named(ones({2}), "p");
  const Tensor loss = sum(p * p);
  p.assign(p - grad(loss, p) * 0.1);
  check_told(
      loss, p,
      {first, Gradient::missing, Cause::assigned,
       "p [2] f32 gets no gradient from the loss at +2: it was assigned at +3 since that was recorded; record it "
       "again"});
}

TEST_CASE("explain refuses undefined Tensors", "[explain]") {
  const Parameter p(ones({1}));
  throws<GraphError>("explain: the loss is an undefined Tensor").by([&] { return explain(Tensor(), p); });
  throws<GraphError>("explain: what it is to be differentiated by is an undefined Tensor").by([&] {
    return explain(p, Tensor());
  });
}

TEST_CASE("explained: a Parameter that was assigned often since", "[explain]") {
  const unsigned first = line();
  Parameter p = named(ones({2}), "p");
  const Tensor loss = sum(p * p);
  for (int step = 0; step < 3; ++step) p.assign(p * 0.5);
  check_told(
      loss, p,
      {first, Gradient::missing, Cause::assigned,
       "p [2] f32 gets no gradient from the loss at +2: it was assigned at +3 since that was recorded; record it "
       "again"});
}

TEST_CASE("explained: a Tensor that a released history led to", "[explain]") {
  Parameter p = named(ones({2}), "p");
  const Tensor hidden = exp(p), loss = sum(hidden);
  for (int step = 0; step < 3; ++step) p.assign(p * 0.5);
  CHECK(explain(loss, hidden).gradient == Gradient::missing);
  CHECK(explain(loss, hidden).cause == Cause::released);
}

TEST_CASE("explained: the loss itself, a Tensor on its way, and nothing", "[explain]") {
  const Parameter p = named(tensor({1.0, 2}), "p"), none = named(zeros({0}), "none");
  const Tensor hidden = exp(p), loss = sum(hidden);
  CHECK(explain(loss, loss).gradient == Gradient::present);
  CHECK(explain(loss, hidden).gradient == Gradient::present);
  CHECK(explain(hidden, p).largest == Approx(std::exp(2.0)));
  CHECK(explain(sum(none * 2), none).gradient == Gradient::present);
}

}  // namespace xgrad::explain_missing_test
