#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "tests/throws.hpp"

namespace xgrad::scopes_test {
namespace {

TEST_CASE("inside NoGrad nothing is tracked, and EnableGrad undoes it") {
  const Parameter w(tensor({1.0, 2.0}));
  {
    const NoGrad untracked;
    CHECK_FALSE((w * 2).tracked());
    {
      const EnableGrad tracking;
      CHECK((w * 2).tracked());
    }
    CHECK_FALSE((w * 2).tracked());
    const Tensor loss = sum(w * w);
    const std::string line = std::to_string(__LINE__ - 1);
    throws<GraphError>("backward: the loss ([] f32) depends on no Parameter: mul at scopes_test.cpp:" + line +
                       " was recorded inside NoGrad")
        .by([&] { backward(loss); });
  }
  CHECK((w * 2).tracked());
  CHECK_FALSE(stop_gradient(w * 2).tracked());
}

TEST_CASE("inside an EagerScope every entry is evaluated as it is recorded") {
  const Tensor x = track(tensor({1.0, 2.0}));
  CHECK_FALSE((x * x).evaluated());
  {
    const EagerScope eager;
    const Tensor y = sum(exp(x * x));
    CHECK(y.evaluated());
    const Tensor g = grad(y, x, {.create_graph = true});
    CHECK(g.evaluated());
    CHECK(grad(sum(g), x).evaluated());
  }
  CHECK_FALSE((x * x).evaluated());
}

TEST_CASE("a frozen Parameter is a constant") {
  Parameter w(tensor({2.0})), v(tensor({3.0}));
  v.set_trainable(false);
  const Tensor loss = sum(w * v);
  backward(loss);
  CHECK(w.gradient().item() == 3);
  CHECK_FALSE(v.gradient().defined());
  throws<GraphError>(
      "grad: input 0 ([1] f32) is a frozen Parameter; set_trainable(true) lets derivatives flow into it again")
      .by([&] { return grad(loss, v); });
  v.set_trainable(true);
  CHECK(grad(sum(w * v), v).item() == 2);
}

TEST_CASE("a gradient for a Parameter that was assigned since is a GraphError that says so") {
  Parameter w(tensor({2.0}));
  const Tensor loss = sum(w * w);
  w.assign(tensor({5.0}));
  const std::string text =
      "grad: Parameter 0 ([1] f32) was assigned since the loss was recorded; record the loss again";
  throws<GraphError>(text).by([&] { return grad(loss, w); });
  CHECK(grad(sum(w * w), w).item() == 10);
  CHECK(loss.item() == 4);  // the old value is still what the loss was recorded with
}

TEST_CASE("updates keep their history inside DifferentiableUpdates only") {
  const Parameter rate(tensor(0.1, float64));
  const auto descend = [&](Parameter w) {
    for (int i = 0; i < 3; ++i) w.assign(w - rate * grad(sum(w * w), w, {.create_graph = true}));
    return sum(w * w);
  };
  Parameter plain(tensor(1.0, float64)), kept(tensor(1.0, float64));
  CHECK_THROWS_AS(grad(descend(plain), rate), GraphError);
  const DifferentiableUpdates updates;
  const Tensor loss = descend(kept);  // (1 - 2 r)^6
  CHECK(loss.item() == Approx(std::pow(0.8, 6)).epsilon(1e-14));
  CHECK(grad(loss, rate, {.create_graph = true}).item() == Approx(-12 * std::pow(0.8, 5)).epsilon(1e-14));
}

TEST_CASE("gradients keep their history inside DifferentiableUpdates without being asked to") {
  const Parameter rate(tensor(0.1, float64));
  Parameter w(tensor(1.0, float64));
  const DifferentiableUpdates updates;
  for (int i = 0; i < 3; ++i) w.assign(w - rate * grad(sum(w * w), w));
  // The loss is (1 - 2 r)^6; with gradients held constant its derivative would be another one.
  CHECK(grad(sum(w * w), rate).item() == Approx(-12 * std::pow(0.8, 5)).epsilon(1e-14));
  const Tensor loss = sum(w * rate);
  CHECK(grad(loss, rate).tracked());
  CHECK_FALSE(stop_gradient(grad(loss, rate)).tracked());
  const NoGrad untracked;
  CHECK_FALSE(grad(loss, rate).tracked());
  CHECK(grad(loss, rate, {.create_graph = true}).tracked());
}

TEST_CASE("a Parameter is assigned from itself, and from what was computed with it") {
  Parameter w(tensor({1.0, 2.0}));
  w.assign(w);
  w.assign(w * w + w);
  CHECK(w.value().to_vector() == std::vector<double>{2, 6});
  const Parameter other = w, copy = w.clone();
  w.assign(zeros({2}));
  CHECK(other.value().to_vector() == std::vector<double>{0, 0});
  CHECK(copy.value().to_vector() == std::vector<double>{2, 6});
  throws<ShapeError>("assign: the parameter is [2] f32, the new value [3] f32").by([&] { w.assign(zeros({3})); });
  throws<DTypeError>("assign: the parameter is [2] f32, the new value [2] f64").by([&] {
    w.assign(zeros({2}, float64));
  });
  throws<DTypeError>("Parameter: derivatives need a floating dtype, got [2] i64").by([] { Parameter(tensor({1, 2})); });
}

TEST_CASE("assigning several Parameters that do not all fit changes none") {
  const Parameter a(tensor({1.0})), b(tensor({2.0}));
  const std::vector<Parameter> both{a, b};
  const std::vector<Tensor> values{tensor({5.0}), tensor({6.0, 7.0})};
  CHECK_THROWS_AS(assign(both, values), ShapeError);
  CHECK(a.item() == 1);
  CHECK(b.item() == 2);
}

TEST_CASE("a backward pass may be taken again, and adds") {
  const Parameter w(tensor({1.0, 2.0}));
  const Tensor loss = sum(w * w);
  backward(loss);
  backward(loss);
  CHECK(w.gradient().to_vector() == std::vector<double>{4, 8});
  CHECK(grad(loss, w).to_vector() == std::vector<double>{2, 4});
  CHECK(w.gradient().to_vector() == std::vector<double>{4, 8});
  Parameter(w).zero_gradient();
  CHECK_FALSE(w.gradient().defined());
}

}  // namespace
}  // namespace xgrad::scopes_test
