// Transforms inside each other where one of them is in the middle of recording.

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"

namespace xgrad::nested_test {
namespace {

using Xs = std::vector<Tensor>;
using Numbers = std::vector<double>;

const auto cube = [](const Tensor& x) { return sum(x * x * x); };
Tensor point() { return tensor({1.0, 2.0, 3.0}, float64); }

TEST_CASE("a second derivative inside a checkpoint that has not ended is what it is without one") {
  const Tensor x = track(point());
  const auto inside = [&](auto f) { return checkpoint(f, x).to_vector(); };
  CHECK(inside([](const Tensor& t) { return hessian(cube)(t); }) == Numbers{6, 0, 0, 0, 12, 0, 0, 0, 18});
  CHECK(inside([](const Tensor& t) { return laplacian(cube)(t); }) == Numbers{36});
  CHECK(inside([](const Tensor& t) { return hvp(cube, t, ones_like(t)); }) == Numbers{6, 12, 18});
  CHECK(inside([](const Tensor& t) { return taylor(cube, t, ones_like(t), 3)[3]; }) == Numbers{18});
  const auto parts = [](const Tensor& t) {
    const Tensor h = t * t, v = sum(h * h), g = grad(v, t, {.create_graph = true});
    return grad(v + sum(g * g), h);
  };
  CHECK(inside(parts) == parts(x).to_vector());
  // And so are derivatives of the whole.
  const auto penalty = [](const Tensor& t) { return sum(hvp(cube, t, ones_like(t)) * t); };
  const auto held = [&](const Tensor& t) { return checkpoint(penalty, t); };
  CHECK(grad(held)(x).to_vector() == grad(penalty)(x).to_vector());
  CHECK(hessian(held)(x).to_vector() == hessian(penalty)(x).to_vector());
}

TEST_CASE("a Jacobian of what draws inside a checkpoint is that of one draw") {
  const auto f = [](const Tensor& x) {
    Rng rng(3);
    return checkpoint([&](const Tensor& t) { return t * uniform({3}, rng, 0, 1, float64); }, x);
  };
  Rng rng(3);
  const Numbers u = uniform({3}, rng, 0, 1, float64).to_vector();
  CHECK(diagonal(jacobian(f)(point())).to_vector() == u);
  const auto [value, pull] = vjp(f, point());
  CHECK(vmap(pull)(ones({2, 3}, float64)).to_vector() == Numbers{u[0], u[1], u[2], u[0], u[1], u[2]});
}

TEST_CASE("axes that both factors of a product repeat stay under vmap") {
  const auto f = [](const Tensor& a) { return transpose(broadcast_to(a, {2, 4}) * broadcast_to(a, {2, 4})); };
  const Tensor y = vmap(f)(point());
  CHECK(y.shape() == Shape{3, 4, 2});
  CHECK(sum(y, {1, 2}).to_vector() == Numbers{8, 32, 72});
}

TEST_CASE("an untracked operation is no twin of a tracked one along a line") {
  const Tensor x = tensor(1.0, float64), v = tensor(1.0, float64);
  for (const bool first : {true, false}) {
    const auto f = [&](const Tensor& t) {
      Tensor c, moving;
      if (!first) moving = exp(t);
      {
        const NoGrad untracked;
        c = exp(t);
      }
      if (first) moving = exp(t);
      return moving * c;
    };
    const double e2 = std::exp(2.0);
    CHECK(taylor(f, x, v, 2)[1].item() == Approx(e2).epsilon(1e-14));
    CHECK(taylor(f, x, v, 2)[2].item() == Approx(e2).epsilon(1e-14));
  }
}

TEST_CASE("random numbers of examples have no value to look at inside vmap") {
  Rng rng(5);
  const auto look = [&](const Tensor& a) {
    const Tensor u = uniform({}, rng, 0, 1, float64);
    return u.item() > 0.5 ? a : a + u;
  };
  CHECK_THROWS_WITH(vmap(look)(point()),
                    Catch::StartsWith("uniform: a value is asked of random numbers inside vmap, but "
                                      "each example draws its own, at nested_test.cpp:"));
  // Others may be read there.
  const Tensor outside = uniform({}, rng, 0, 1, float64);
  const auto read = [&](const Tensor& a) { return a + outside.item(); };
  CHECK(vmap(read)(point())(0).item() == 1 + outside.item());
}

TEST_CASE("an example that a function lets go of keeps its place") {
  for (int n = 1; n < 60; ++n) {
    const auto f = [&](Tensor x) {
      x = ones_like(x);
      Tensor a = x * 5.0;
      for (int i = 0; i < n; ++i) a = a + 1.0;
      return a;
    };
    const double expected = 5 + n;
    CHECK(vmap(f)(point()).to_vector() == Numbers{expected, expected, expected});
  }
}

struct Twice : Operation<Twice> {
  static constexpr auto id = "custom_twice";
  Signature infer(std::span<const Tensor> in, const Location&) const override { return {in[0].shape(), in[0].dtype()}; }
  void run(std::span<const View> in, const View& out, const Location&) const override {
    for (std::int64_t i = 0; i < out.numel(); ++i) out.as<double>()[i] = 2 * in[0].as<const double>()[i];
  }
};

TEST_CASE("vmap asks for no derivative of what is not tracked") {
  const auto f = [](const Tensor& x) { return record(Location::current(), Twice{}, x); };
  CHECK(vmap(f)(point()).to_vector() == Numbers{2, 4, 6});
}

struct Reversed : Operation<Reversed> {  // with a rule that forgets the examples
  static constexpr auto id = "custom_reversed";
  Signature infer(std::span<const Tensor> in, const Location&) const override { return {in[0].shape(), in[0].dtype()}; }
  void run(std::span<const View>, const View&, const Location&) const override {}
  Tensor batched(const Examples& examples) const override { return sum(examples.inputs[0], 0); }
};

TEST_CASE("a batching rule whose result is not that of all examples is found out") {
  const auto f = [](const Tensor& x) { return record(Location::current(), Reversed{}, x); };
  CHECK_THROWS_WITH(vmap(f)(ones({2, 3})),
                    Catch::StartsWith("vmap: the batching rule of custom_reversed gives [3] f32, "
                                      "not 2 times [3] f32, at nested_test.cpp:"));
}

TEST_CASE("the last step of a solution reaches the last time, however it is rounded") {
  const auto f = [](const Tensor&, const Tensor& y) { return ones_like(y); };
  const OdeOptions options{.first_step = 0.55113501168801504};
  const Tensor ts = tensor({0.0, 1.7854017215623793}, float64), y = ode_solve(f, zeros({1}, float64), ts, options);
  CHECK(y(1, 0).item() == Approx(1.7854017215623793).epsilon(1e-12));
}

}  // namespace
}  // namespace xgrad::nested_test
