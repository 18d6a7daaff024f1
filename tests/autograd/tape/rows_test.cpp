// Parameter::assign_rows and replace.

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/tape/substitution.hpp"
#include "tests/throws.hpp"

namespace rows_test {

using namespace xgrad;

namespace {
Parameter table() { return Parameter(tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}})); }
const void* memory(const Parameter& parameter) { return parameter.value().data<float>().data(); }
using Values = std::vector<double>;
}  // namespace

TEST_CASE("rows are assigned in place where nobody else sees the value") {
  Parameter p = table();
  const void* before = memory(p);
  p.assign_rows(tensor({2, 0}), tensor({{50.0, 60.0}, {10.0, 20.0}}));
  CHECK(memory(p) == before);
  CHECK(p.value().to_vector() == Values{10, 20, 3, 4, 50, 60});
  CHECK(grad(sum(p * p), p).to_vector() == Values{20, 40, 6, 8, 100, 120});
  p.assign_rows(tensor({1, 1}), tensor({{0.0, 0.0}, {7.0, 8.0}}));  // the last one wins
  CHECK(p.value().to_vector() == Values{10, 20, 7, 8, 50, 60});
  p.assign_rows(zeros({0}, int64), zeros({0, 2}));
  CHECK(memory(p) == before);
}

TEST_CASE("who holds the old value goes on seeing it when rows are assigned") {
  Parameter p = table();
  const Tensor held = p, pending = p * 2, flat = reshape(p.value(), {6});
  const Tensor loss = sum(p * p);
  loss.item();
  p.assign_rows(tensor({0}), p.value()(slice(2, 3)));
  CHECK(p.value().to_vector() == Values{5, 6, 3, 4, 5, 6});
  CHECK(held.to_vector() == Values{1, 2, 3, 4, 5, 6});
  CHECK(pending.to_vector() == Values{2, 4, 6, 8, 10, 12});
  CHECK(flat.to_vector() == Values{1, 2, 3, 4, 5, 6});
  CHECK_THROWS_AS(grad(loss, p), GraphError);
  CHECK(grad(sum(p * p), p).to_vector() == Values{10, 12, 6, 8, 10, 12});
}

TEST_CASE("the rows of a Parameter are permuted by assigning its own value") {
  for (const bool held : {false, true}) {
    Parameter p = table();
    p.assign_rows(tensor({0}), ones({1, 2}));  // nobody else has this memory
    const Tensor other = held ? p.value() : Tensor();
    p.assign_rows(tensor({1, 2, 0}), p.value());
    CHECK(p.value().to_vector() == Values{5, 6, 1, 1, 3, 4});
  }
}

TEST_CASE("memory of others is not written to when rows are assigned") {
  const Tensor source = tensor({{1.0, 2.0}, {3.0, 4.0}});
  Parameter p(source), q = p.clone();
  p.assign_rows(tensor({0}), zeros({1, 2}));
  CHECK(source.to_vector() == Values{1, 2, 3, 4});
  CHECK(q.value().to_vector() == Values{1, 2, 3, 4});
  CHECK(p.value().to_vector() == Values{0, 0, 3, 4});
}

TEST_CASE("rows are assigned over a value that differentiable updates have left pending, with its history") {
  Parameter p = table();
  {
    const DifferentiableUpdates scope;
    p.assign(p * 2);
  }
  p.assign_rows(tensor({1}), zeros({1, 2}));
  CHECK(p.value().to_vector() == Values{2, 4, 0, 0, 10, 12});
  CHECK(Parameter::holder(p.value()) == p);
  CHECK(grad(sum(p * p), p).to_vector() == Values{4, 8, 0, 0, 20, 24});
}

TEST_CASE("rows that are assigned, and values that are replaced, while others stand in their place, stay") {
  Parameter p = table(), q = table();
  {
    const std::vector<Parameter> parameters{p, q};
    const std::vector<Tensor> others{zeros({3, 2}), zeros({3, 2})};
    const Substitution substitution(parameters, others);
    p.assign_rows(tensor({1}), ones({1, 2}));
    q.replace(ones({3, 2}, float64));
  }
  CHECK(p.value().to_vector() == Values{0, 0, 1, 1, 0, 0});
  CHECK(q.value().to_vector() == Values(6, 1));
  CHECK(q.dtype() == float64);
}

TEST_CASE("a frozen Parameter stays frozen when its rows are assigned, and vectors have rows of one number") {
  Parameter p(tensor({1.0, 2.0, 3.0}, float64));
  p.set_trainable(false);
  p.assign_rows(tensor({1}), tensor({5.0}, float64));
  CHECK(p.value().to_vector() == Values{1, 5, 3});
  CHECK_FALSE(p.trainable());
  CHECK_FALSE(p.value().tracked());
}

TEST_CASE("rows that do not fit are errors, and change nothing") {
  Parameter p = table();
  const Tensor one = tensor({1}), row = zeros({1, 2});
  throws<IndexError>("assign_rows: index 3 at place 1 of [2] is out of range for an axis of size 3").by([&] {
    p.assign_rows(tensor({0, 3}), zeros({2, 2}));
  });
  CHECK_THROWS_AS(p.assign_rows(tensor({-1}), row), IndexError);
  CHECK_THROWS_AS(p.assign_rows(tensor({1.0}), row), DTypeError);
  CHECK_THROWS_AS(p.assign_rows(one, zeros({1, 2}, float64)), DTypeError);
  CHECK_THROWS_AS(p.assign_rows(one, zeros({2, 2})), ShapeError);
  CHECK_THROWS_AS(p.assign_rows(one, zeros({1, 3})), ShapeError);
  CHECK_THROWS_AS(p.assign_rows(reshape(one, {1, 1}), row), ShapeError);
  CHECK_THROWS_AS(p.assign_rows(Tensor(), row), GraphError);
  CHECK_THROWS_AS(Parameter().assign_rows(one, row), GraphError);
  CHECK_THROWS_AS(Parameter(zeros({})).assign_rows(one, zeros({1})), ShapeError);
  const DifferentiableUpdates scope;
  CHECK_THROWS_AS(p.assign_rows(one, row), GraphError);
  CHECK(p.value().to_vector() == Values{1, 2, 3, 4, 5, 6});
}

TEST_CASE("a Parameter is replaced by a value of another dtype, but of no other shape") {
  Parameter p = table();
  const Tensor loss = sum(p * p);
  backward(loss);
  p.replace(ones({3, 2}, float64));
  CHECK(p.dtype() == float64);
  CHECK_FALSE(p.gradient().defined());
  CHECK(Parameter::holder(p.value()) == p);
  CHECK_THROWS_AS(grad(loss, p), GraphError);
  throws<ShapeError>("replace: the parameter is [3, 2] f64, the new value [2, 3] f32").by([&] {
    p.replace(ones({2, 3}));
  });
  CHECK_THROWS_AS(p.replace(ones({3, 2}, int64)), DTypeError);
  CHECK_THROWS_AS(p.replace(Tensor()), GraphError);
  CHECK_THROWS_AS(Parameter().replace(ones({1})), GraphError);
}

}  // namespace rows_test
