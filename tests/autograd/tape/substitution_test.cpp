#include "autograd/tape/substitution.hpp"

#include <catch2/catch.hpp>
#include <memory>

#include "autograd/autograd.hpp"

namespace xgrad::substitution_test {
namespace {

using Parameters = std::vector<Parameter>;
using Tensors = std::vector<Tensor>;

TEST_CASE("a Parameter that is frozen or thawed while it is substituted holds its own value afterwards") {
  Parameter p(tensor(1.0)), q(tensor(2.0));
  q.set_trainable(false);
  const Tensor other = track(tensor(5.0));
  {
    const Substitution substitution(Parameters{p, q}, Tensors{other * 1, other * 2});
    p.set_trainable(false);
    q.set_trainable(true);
    CHECK(p.item() == 5);
    CHECK(grad(p * q, other).item() == 20);  // the substituted Tensors keep their history
    CHECK_FALSE(p.trainable());
  }
  CHECK(p.item() == 1);
  CHECK(q.item() == 2);
  CHECK_FALSE(p.value().tracked());
  CHECK(q.value().tracked());
  CHECK(Parameter::holder(p.value()) == p);
  CHECK(Parameter::holder(q.value()) == q);
  CHECK(grad(q * q, q).item() == 4);
}

TEST_CASE("nested substitutions end in any order, and what is frozen inside stays frozen") {
  for (const bool inner_first : {true, false}) {
    Parameter p(tensor(1.0));
    auto outer = std::make_unique<Substitution>(Parameters{p}, Tensors{tensor(2.0)});
    auto inner = std::make_unique<Substitution>(Parameters{p}, Tensors{tensor(3.0)});
    p.set_trainable(false);
    CHECK(p.item() == 3);
    if (inner_first) inner.reset();
    outer.reset();
    CHECK(p.item() == (inner_first ? 1 : 3));
    inner.reset();
    CHECK(p.item() == 1);
    CHECK_FALSE(p.value().tracked());
  }
}

TEST_CASE("of values for one Parameter the last one counts") {
  Parameter p(tensor(1.0));
  {
    const Substitution substitution(Parameters{p, p}, Tensors{tensor(2.0), tensor(3.0)});
    CHECK(p.item() == 3);
  }
  CHECK(p.item() == 1);
}

TEST_CASE("an assignment ends all substitutions of a Parameter") {
  Parameter p(tensor(1.0)), q(tensor(1.0));
  {
    const Substitution outer(Parameters{p, q}, Tensors{tensor(2.0), tensor(2.0)});
    {
      const Substitution inner(Parameters{p, q}, Tensors{tensor(3.0), tensor(3.0)});
      p.assign(p * 10);
      p.set_trainable(false);
      const DifferentiableUpdates updates;
      q.assign(q);  // keeps the very Tensor
    }
    CHECK(p.item() == 30);
    CHECK(q.item() == 3);
    const Substitution again(Parameters{p}, Tensors{tensor(4.0)});
    CHECK(p.item() == 4);
  }
  CHECK(p.item() == 30);
  CHECK_FALSE(p.value().tracked());
  CHECK(q.item() == 3);
}

TEST_CASE("rows that are assigned and values that are replaced stay when a substitution ends") {
  Parameter p(tensor({1.0, 2.0})), q(tensor({1.0, 2.0}));
  {
    const Substitution substitution(Parameters{p, q}, Tensors{tensor({3.0, 4.0}) * 2, tensor({3.0, 4.0}) * 2});
    p.assign_rows(tensor({1}), tensor({9.0}));
    q.replace(tensor({5.0, 7.0}, float64));
  }
  CHECK(p.value().to_vector() == std::vector<double>{6, 9});
  CHECK(q.value().to_vector() == std::vector<double>{5, 7});
  CHECK(q.dtype() == float64);
}

TEST_CASE("assignments of other Parameters during a substitution leave derivatives by what it replaces") {
  Parameter p(tensor(3.0)), q(tensor(2.0));
  const Tensor loss = p * p;
  loss.item();
  {
    const Substitution substitution(Parameters{p}, Tensors{tensor(5.0)});
    for (int step = 0; step < 4; ++step) {
      const Tensor gradient = grad(q * q, q);
      q.assign(q - 0.25f * gradient);
    }
  }
  CHECK(grad(loss, p).item() == 6);
  CHECK(grad(p * p * p, p).item() == 27);
  CHECK(q.item() == 0.125);
}

TEST_CASE("a substitution that fails or is left by an exception changes nothing") {
  Parameter p(tensor(1.0)), q(tensor(2.0));
  CHECK_THROWS_AS(Substitution(Parameters{p, q}, Tensors{tensor(5.0), tensor({5.0})}), ShapeError);
  CHECK(p.item() == 1);
  try {
    const Substitution substitution(Parameters{p, q}, Tensors{tensor(5.0), tensor(6.0)});
    p.set_trainable(false);
    q.assign(tensor({1.0}));
    FAIL("the assignment fits");
  } catch (const ShapeError&) {
  }
  CHECK(p.item() == 1);
  CHECK(q.item() == 2);
  CHECK_FALSE(p.trainable());
}

}  // namespace
}  // namespace xgrad::substitution_test
