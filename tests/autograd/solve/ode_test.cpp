#include "autograd/solve/ode.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::ode_test {
namespace {

using Several = std::vector<Tensor>;

const OdeOptions through_steps{.rtol = 1e-10, .atol = 1e-12};
const OdeOptions by_adjoint{.rtol = 1e-10, .atol = 1e-12, .gradient = OdeGradient::adjoint};

Tensor decay(const Tensor&, const Tensor& y, const Tensor& k) { return -k * y; }
// y0 exp(-k (t - t0)) at all times.
Tensor decayed(const Tensor& y0, const Tensor& ts, const Tensor& k) { return y0 * exp(-k * unsqueeze(ts - ts(0), 1)); }

TEST_CASE("solutions at all times, forward and backward, in float32 and float64") {
  for (const DType dtype : {float32, float64}) {
    const OdeOptions options = dtype == float32 ? OdeOptions{} : through_steps;
    const double tolerance = dtype == float32 ? 1e-5 : 1e-9;
    const Tensor y0 = tensor({1.0, -2.0}, dtype), k = tensor({0.5, 1.5}, dtype);
    for (const Tensor& ts : {tensor({0.5, 0.6, 2.0, 2.001, 5.0}, dtype), tensor({3.0, 2.0, 1.9, -1.0}, dtype)})
      CHECK_THAT(ode_solve(decay, y0, ts, options, k), AllClose(decayed(y0, ts, k), tolerance));
    // y' = 2 t y, y = e^(t^2)
    const auto gaussian_growth = [](const Tensor& t, const Tensor& y) { return 2 * t * y; };
    const Tensor ts = linspace(-1, 1.5, 9, dtype);
    CHECK_THAT(ode_solve(gaussian_growth, full_like(zeros({}, dtype), std::exp(1.0)), ts, options),
               AllClose(exp(ts * ts), 10 * tolerance));
  }
}

TEST_CASE("one time, no unknowns, and a matrix of unknowns") {
  const Tensor y0 = tensor({{1.0, 2.0}, {3.0, 4.0}}, float64), k = tensor(0.5, float64);
  CHECK_THAT(ode_solve(decay, y0, tensor({1.0}, float64), {}, k), AllClose(unsqueeze(y0, 0)));
  CHECK_THAT(ode_solve(decay, y0, tensor({0.0, 1.0}, float64), through_steps, k)(1), AllClose(y0 * exp(-k), 1e-9));
  CHECK(ode_solve(decay, zeros({0}, float64), tensor({0.0, 1.0}, float64), {}, k).shape() == Shape{2, 0});
}

TEST_CASE("derivatives to the start, the times and the arguments are those of the closed form") {
  const Tensor y0 = tensor({1.0, -2.0}, float64), ts = tensor({0.5, 0.6, 2.0}, float64),
               k = tensor({0.5, 1.5}, float64);
  const Tensor weights = tensor({{1.0, 2.0}, {-1.0, 0.5}, {3.0, 1.0}}, float64);
  const auto closed = [&](const Tensor& s, const Tensor& t, const Tensor& u) {
    return sum(weights * square(decayed(s, t, u)));
  };
  const auto expected = grad(closed)(y0, ts, k);
  for (const OdeOptions& options : {through_steps, by_adjoint}) {
    const auto solved = [&](const Tensor& s, const Tensor& t, const Tensor& u) {
      return sum(weights * square(ode_solve(decay, s, t, options, u)));
    };
    const auto slopes = grad(solved)(y0, ts, k);
    CHECK_THAT(slopes[0], AllClose(expected[0], 1e-7));
    CHECK_THAT(slopes[1], AllClose(expected[1], 1e-6));
    CHECK_THAT(slopes[2], AllClose(expected[2], 1e-7));
    const auto second = hessian(solved, argnums<1, 2>)(y0, ts, k), wanted = hessian(closed, argnums<1, 2>)(y0, ts, k);
    CHECK_THAT(second[1][1], AllClose(wanted[1][1], 1e-6));
    CHECK_THAT(second[1][0], AllClose(wanted[1][0], 1e-4));
    CHECK_THAT(jvp(solved, {y0, ts, k}, {y0, zeros_like(ts), k}).second,
               AllClose(sum(expected[0] * y0) + sum(expected[2] * k), 1e-7));
  }
}

// Predators and prey, with a forcing that depends on the time.
Tensor lotka_volterra(const Tensor& t, const Tensor& y, const Tensor& p) {
  const Tensor meetings = y(0) * y(1);
  return stack({p(0) * y(0) - p(1) * meetings + 0.1 * sin(t), p(2) * meetings - p(3) * y(1)});
}

TEST_CASE("derivatives through the steps and by the adjoint equation agree, and with differences") {
  const Tensor y0 = tensor({1.0, 0.5}, float64), p = tensor({1.5, 1.0, 0.75, 1.2}, float64),
               ts = tensor({0.0, 1.0, 2.5, 4.0}, float64);
  const auto loss = [&](const OdeOptions& options) {
    return [=](const Tensor& s, const Tensor& t, const Tensor& q) {
      return sum(square(ode_solve(lotka_volterra, s, t, options, q)(slice(1, {})) - 1));
    };
  };
  const auto steps = grad(loss(through_steps))(y0, ts, p), adjoint = grad(loss(by_adjoint))(y0, ts, p);
  for (std::size_t i = 0; i < 3; ++i) CHECK_THAT(adjoint[i], AllClose(steps[i], 1e-6));
  const Several at{y0, ts, p};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::int64_t j = 0; j < at[i].numel(); ++j) {
      const double h = 1e-4;
      Several more = at, less = at;
      const Tensor unit = pad(tensor({h}, float64), 0, j, at[i].numel() - 1 - j);
      more[i] = at[i] + unit;
      less[i] = at[i] - unit;
      const auto f = loss(through_steps);
      const double numeric = (f(more[0], more[1], more[2]).item() - f(less[0], less[1], less[2]).item()) / (2 * h);
      CHECK(steps[i](j).item() == Approx(numeric).epsilon(1e-5).margin(1e-6));
    }
}

TEST_CASE("a network's Parameters, closed over") {
  Rng rng(9);
  const Parameter w(normal({4, 4}, rng, 0, 0.5, float64)), shift(normal({4}, rng, 0, 0.5, float64));
  const auto f = [&](const Tensor& t, const Tensor& y) { return tanh(matmul(y, w) + shift * t) - y; };
  const Tensor y0 = normal({3, 4}, rng, 0, 1, float64), ts = tensor({0.0, 0.7, 2.0}, float64);
  const std::vector<Parameter> parameters{w, shift};
  const auto gradients = [&](const OdeOptions& options) {
    return grad(sum(square(ode_solve(f, y0, ts, options))), parameters);
  };
  const Several steps = gradients(through_steps), adjoint = gradients(by_adjoint);
  for (std::size_t i = 0; i < 2; ++i) CHECK_THAT(adjoint[i], AllClose(steps[i], 1e-7));
  CHECK_FALSE(adjoint[0].tracked());
  const Tensor loss = sum(square(ode_solve(f, y0, ts, by_adjoint)));
  backward(loss);
  CHECK_THAT(w.gradient(), AllClose(steps[0], 1e-7));
  // Twice: the gradient of the norm of the gradient.
  const auto twice = [&](OdeOptions options) {
    options.rtol = 1e-8;
    options.atol = 1e-10;
    const Tensor first = sum(square(ode_solve(f, y0, ts, options)));
    const Tensor slope = grad(first, w, {.create_graph = true});
    return grad(sum(square(slope)), w);
  };
  CHECK_THAT(twice(by_adjoint), AllClose(twice(through_steps), 1e-5));
}

TEST_CASE("a solution has Taylor coefficients in a parameter, and a minimum in its start") {
  const Tensor y0 = tensor({1.0, -2.0}, float64), ts = tensor({0.0, 1.5}, float64), k = tensor(0.5, float64);
  const auto end = [&](const Tensor& rate) { return ode_solve(decay, y0, ts, OdeOptions{.rtol = 1e-8}, rate)(1); };
  const Several got = taylor(end, k, ones_like(k), 4);
  for (int order = 0; order <= 4; ++order)
    CHECK_THAT(got[static_cast<std::size_t>(order)], AllClose(y0 * exp(-1.5 * k) * std::pow(-1.5, order), 1e-5));
  // The start from which y(1.5) is `wanted`, and its derivative.
  const auto start = [&](const Tensor& wanted) {
    const auto miss = [&](const Tensor& y) { return sum(square(ode_solve(decay, y, ts, by_adjoint, k)(1) - wanted)); };
    return minimise(miss, y0).x;
  };
  const Tensor wanted = tensor({0.3, 0.7}, float64);
  CHECK_THAT(start(wanted), AllClose(wanted * exp(1.5 * k), 1e-6));
  CHECK_THAT(jacobian(start)(wanted), AllClose(eye(2, {}, float64) * exp(1.5 * k), 1e-5, 1e-6));
}

TEST_CASE("through the steps, what is kept does not depend on how large f is inside") {
  const std::int64_t n = 2000;
  const Tensor ts = tensor({0.0, 2.0}, float64);
  const auto kept = [&](int layers) {
    const Tensor y0 = track(linspace(0.1, 1, n, float64)), k = track(tensor(1.0, float64));
    evaluate({y0, k});
    int calls = 0;
    const auto f = [&](const Tensor&, const Tensor& y) {
      ++calls;
      Tensor z = y;
      for (int i = 0; i < layers; ++i) z = tanh(sin(z) * k);
      return -y + 0.001 * z;
    };
    const std::size_t before = memory_use().live;
    const Tensor y = ode_solve(f, y0, ts, through_steps);
    y.to_vector();
    const double steps = (calls - 2) / 6.0;
    CHECK(steps > 10);
    return static_cast<double>(memory_use().live - before) / (steps * static_cast<double>(n) * 8);
  };
  const double small = kept(1), large = kept(6);
  INFO("values like y that are kept for each step: " << small << ", and " << large << " for a larger f");
  CHECK(small < 2.5);
  CHECK(large < 2.5);
}

TEST_CASE("by the adjoint equation, what is kept does not depend on the steps") {
  const std::int64_t n = 2000;
  const Tensor y0 = track(linspace(0.1, 1, n, float64)), k = track(tensor(3.0, float64));
  evaluate({y0, k});
  const std::size_t before = memory_use().live;
  const Tensor y = ode_solve(decay, y0, tensor({0.0, 1.0, 8.0}, float64), by_adjoint, k);
  y.to_vector();
  CHECK((memory_use().live - before) / 8 < 4 * n);
  CHECK_THAT(grad(sum(y(1)), y0), AllClose(full_like(y0, std::exp(-3.0)), 1e-8));
}

TEST_CASE("the order of the method is 5") {
  // With tolerances so wide that each step is as long as the first, which is given, errors fall by 2^5.
  const auto error = [](double h) {
    const OdeOptions options{.rtol = 1e9, .atol = 1e9, .first_step = h};
    Tensor y = tensor({1.0, 0.0}, float64);
    const auto turning = [](const Tensor&, const Tensor& z) { return stack({-z(1), z(0)}); };
    for (double t = 0; t < 0.999; t += h) y = ode_solve(turning, y, tensor({t, t + h}, float64), options)(1);
    return std::hypot(y(0).item() - std::cos(1), y(1).item() - std::sin(1));
  };
  CHECK(std::log2(error(0.25) / error(0.125)) == Approx(5).margin(0.4));
}

TEST_CASE("what cannot be solved is an error that says where") {
  const Tensor y0 = tensor({1.0}, float64), ts = tensor({0.0, 10.0}, float64);
  const auto contains = [](const char* text) { return Catch::Contains(text); };
  const auto squared = [](const Tensor&, const Tensor& y) { return y * y; };
  CHECK_THROWS_WITH(ode_solve(squared, y0, ts), contains("ode_solve: ") && contains(" at t = "));
  CHECK_THROWS_AS(ode_solve(squared, y0, ts), ConvergenceError);
  const auto root = [](const Tensor& t, const Tensor& y) { return y + sqrt(1 - t); };
  CHECK_THROWS_WITH(ode_solve(root, y0, ts), contains("the derivative, or y, is not finite at t = 0.9999"));
  const auto invalid = [](const Tensor&, const Tensor& y) { return log(-y); };
  throws<ConvergenceError>("ode_solve: the derivative, or y, is not finite at t = 0, after 0 steps, with steps of 0")
      .by([&] { ode_solve(invalid, y0, ts); });
  const auto stiff = [](const Tensor& t, const Tensor& y) { return -100000.0 * (y - cos(t)); };
  CHECK_THROWS_WITH(ode_solve(stiff, y0, ts, {.max_steps = 100000}), contains("the problem is stiff"));
  CHECK_THROWS_WITH(ode_solve(stiff, y0, ts, {.max_steps = 500}), contains("max_steps is reached"));
}

TEST_CASE("wrong arguments are errors") {
  const Tensor y0 = tensor({1.0, 2.0}, float64), ts = tensor({0.0, 1.0}, float64);
  const auto f = [](const Tensor&, const Tensor& y) { return -y; };
  throws<ValueError>("ode_solve: the times must go up, or down: 1 is followed by 1").by([&] {
    ode_solve(f, y0, tensor({0.0, 1.0, 1.0}, float64));
  });
  CHECK_THROWS_AS(ode_solve(f, y0, tensor({0.0, nan("")}, float64)), ValueError);
  throws<DTypeError>("ode_solve: y0 is [2] f64, the times are [2] f32; they need one floating dtype").by([&] {
    ode_solve(f, y0, tensor({0.0, 1.0}));
  });
  throws<ShapeError>("ode_solve: the times are [] f64; they need one axis, and one of them").by([&] {
    ode_solve(f, y0, tensor(0.0, float64));
  });
  throws<ShapeError>("ode_solve: the function gives [] f64 for [2] f64").by([&] {
    ode_solve([](const Tensor&, const Tensor& y) { return sum(y); }, y0, ts);
  });
  throws<ValueError>("ode_solve: the tolerances are rtol 0 and atol 0").by([&] {
    ode_solve(f, y0, ts, {.rtol = 0, .atol = 0});
  });
  // A dependence that the start does not show.
  const Tensor k = track(tensor(2.0, float64));
  const auto late = [&](const Tensor& t, const Tensor& y) { return t.item() > 0.5 ? -k * y : -y; };
  const Tensor start = track(y0);
  for (const Tensor& from : {y0, start})  // though nothing else may be tracked: the derivative would be missed
    CHECK_THROWS_WITH(ode_solve(late, from, ts, by_adjoint),
                      Catch::Contains("depends on [] f64 here, and did not at the start"));
  CHECK_THAT(grad(sum(ode_solve(late, y0, ts, through_steps)), k), AllClose(-0.5 * sum(exp(-1.5 - 0 * y0) * y0), 1e-6));
  const NoGrad untracked;
  CHECK_THAT(ode_solve(late, y0, ts, by_adjoint)(1), AllClose(y0 * std::exp(-1.5), 1e-8));
}

TEST_CASE("Parameters that are frozen at the start and trained later are constants, or an error") {
  const Tensor y0 = track(tensor({1.0}, float64)), ts = tensor({0.0, 1.0}, float64);
  Parameter k(tensor(2.0, float64));
  k.set_trainable(false);
  const auto f = [&](const Tensor&, const Tensor& y) { return -k * y; };
  const Tensor y = ode_solve(f, y0, ts, by_adjoint);
  k.set_trainable(true);
  CHECK_THROWS_WITH(grad(sum(y), y0), Catch::Contains("and did not at the start"));
  CHECK_THAT(grad(ode_solve(f, y0, ts, by_adjoint)(1, 0), k), AllClose(tensor(-std::exp(-2.0), float64), 1e-8));
}

TEST_CASE("without an absolute tolerance, unknowns may be 0, at the start and throughout") {
  const Tensor ts = tensor({0.0, 0.5, 1.0}, float64), zero = zeros({2}, float64);
  const OdeOptions relative{.rtol = 1e-8, .atol = 0};
  const auto grows = [](const Tensor& t, const Tensor& y) { return stack({cos(t) + 0 * sum(y), 0 * sum(y)}); };
  const Tensor y = ode_solve(grows, zero, ts, relative);
  CHECK_THAT(y, AllClose(stack({sin(ts), 0 * ts}, 1), 1e-7));
  CHECK(ode_solve([](const Tensor&, const Tensor& v) { return v; }, zero, ts, relative).to_vector() ==
        std::vector<double>(6, 0));
  const Tensor some = track(tensor({0.0, 2.0}, float64));
  CHECK_THAT(grad(sum(ode_solve([](const Tensor&, const Tensor& v) { return v; }, some, ts, relative)(2)), some),
             AllClose(full_like(some, std::exp(1.0)), 1e-7));
}

}  // namespace
}  // namespace xgrad::ode_test
