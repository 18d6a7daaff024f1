// Where NaN and infinity come from in gradients and updates: planted cases.

#include "autograd/inspect/why_nan.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/autograd/inspect/planted.hpp"

namespace xgrad::why_nan_backward_test {
namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
}

TEST_CASE("why_nan: the derivative of a root at 0, after the gradient was read", "[why_nan]") {
  const Parameter p(zeros({3}));
  const unsigned made = line() + 1;
  const Tensor size = sqrt(sum(p * p));
  backward(size);
  CHECK(std::isnan(p.gradient().to_vector()[0]));
  const WhyNan why = checked(p.gradient(), {operation, "div", "sqrt", made, {}, "sqrt"});
  CHECK(why.origin.derivative.line() == made + 1);
  CHECK(why.origin.operands.at(1).range.to_string() == "0");
  check_entry(why.became_nan.value(), {operation, "mul", "mul", made, {0}, "mul"});
}

TEST_CASE("why_nan: the derivative of a distance of 0", "[why_nan]") {
  const Parameter a(tensor({{1.0, 2}, {3, 4}}));
  const Tensor b = tensor({{0.0, 0}, {3, 4}});
  const unsigned made = line() + 1;
  const Tensor distance = pow(sum(square(a - b), 1), 0.5);
  const Tensor gradient = grad(sum(distance), a);
  CHECK(std::isnan(gradient.to_vector()[2]));
  const WhyNan why = why_nan(gradient);
  // The loss is a temporary: nothing is guessed.
  CHECK(why.origin.kind == NonFiniteEntry::Kind::gone);
  CHECK(why.note ==
        "it is a gradient, taken at why_nan_backward_test.cpp:" + std::to_string(made + 1) +
            ", but nobody holds the loss any more; ask while the loss is held, before the next step but one");
  const Tensor loss = sum(distance);
  const Tensor again = grad(loss, a);
  CHECK(std::isnan(again.to_vector()[2]));
  const WhyNan known = why_nan(again);
  INFO(known);
  CHECK(known.origin.derivative_of == "pow");
  CHECK(known.origin.where.line() == made);
  CHECK(known.origin.element == std::vector<std::int64_t>{1});
}

TEST_CASE("why_nan: the derivative of a power of 0, before anything is evaluated", "[why_nan]") {
  const Parameter p(tensor({4.0, 0}));
  const unsigned made = line() + 1;
  const Tensor loss = sum(pow(p, 0.5));
  const Tensor gradient = grad(loss, p);
  const WhyNan why = why_nan(gradient);
  INFO(why);
  CHECK_FALSE(gradient.evaluated());
  CHECK_FALSE(loss.evaluated());
  CHECK(why.origin.backward);
  CHECK(why.origin.where.line() == made);
  CHECK(why.origin.call == "pow");
  CHECK(why.origin.element == std::vector<std::int64_t>{1});
  CHECK(gradient.to_vector()[1] == infinity);
}

TEST_CASE("why_nan: a mask that multiplies a derivative, where `where` would leave it out", "[why_nan]") {
  const Parameter p(tensor({4.0, 0}));
  const Tensor mask = cast(p.value() > 0, float32);
  const unsigned made = line() + 1;
  const Tensor multiplied = sum(mask * sqrt(p));
  const Tensor chosen = sum(where(p > 0, sqrt(p), 0));
  const Tensor wrong = grad(multiplied, p), right = grad(chosen, p);
  CHECK(std::isnan(wrong.to_vector()[1]));
  const WhyNan why = checked(wrong, {operation, "div", "sqrt", made, {1}, "sqrt"});
  CHECK(std::isnan(why.origin.value));
  CHECK(why.origin.operands.at(0).at_element == 0.0);
  CHECK(right.to_vector()[1] == 0);
  CHECK(why_nan(right).finite);
}

TEST_CASE("why_nan: a Parameter after an update, whose gradient was not finite", "[why_nan]") {
  Parameter p(ones({3}));
  const unsigned made = line() + 1;
  const Tensor loss = sum(exp(p * 100));
  optim::Optimizer optimizer({p}, optim::sgd(0.1));
  optimizer.step({grad(loss, p)});
  CHECK(p.value().to_vector()[0] == -infinity);
  const WhyNan why = checked(p, {operation, "exp", "exp", made, {0}});
  CHECK(why.note == "before it was assigned at why_nan_backward_test.cpp:" + std::to_string(made + 2) +
                        ", [3] f32 was finite, in 1, and its gradient, taken at why_nan_backward_test.cpp:" +
                        std::to_string(made + 2) + ", was not");
}

TEST_CASE("why_nan: a Parameter that the update itself made infinite", "[why_nan]") {
  Parameter p(full({2}, 3.0));
  const Tensor loss = sum(p * p);
  const unsigned step = line() + 1;
  p.assign(p - grad(loss, p) * 1e38);
  const WhyNan why = checked(p, {NonFiniteEntry::Kind::parameter, "leaf", "leaf", step, {0}});
  CHECK(why.note == "before it was assigned at why_nan_backward_test.cpp:" + std::to_string(step) +
                        ", [2] f32 was finite, in 3, and its gradient, taken at why_nan_backward_test.cpp:" +
                        std::to_string(step) + ", was in 6: the update made it");
}

TEST_CASE("why_nan: a rule of custom_gradient", "[why_nan]") {
  const Parameter p(tensor({1.0, 0}));
  const auto f = [](const std::vector<Tensor>& xs) { return xs[0] * xs[0]; };
  unsigned rule_line = 0;
  const CotangentRule rule = [&](const Tensor& g, const std::vector<Tensor>& xs, const Tensor&) {
    rule_line = line() + 1;
    return std::vector<Tensor>{g / xs[0]};
  };
  const unsigned made = line() + 1;
  const Tensor loss = sum(custom_gradient(f, rule, {p}));
  backward(loss);
  CHECK(p.gradient().to_vector()[1] == infinity);
  checked(p.gradient(), {operation, "div", "custom_gradient", made, {1}, "custom_gradient"});
}

TEST_CASE("why_nan: a derivative of the second order", "[why_nan]") {
  const Parameter p(tensor({4.0, 0}));
  const unsigned made = line() + 1;
  const Tensor loss = sum(pow(p, 1.5));
  const Tensor slope = grad(loss, p, {.create_graph = true});
  CHECK(why_nan(slope).finite);
  const Tensor total = sum(slope);
  const Tensor curvature = grad(total, p);
  CHECK(curvature.to_vector()[1] == infinity);
  const WhyNan why = why_nan(curvature);
  INFO(why);
  CHECK(why.origin.backward);
  CHECK(why.origin.where.line() == made);
  CHECK(why.origin.call == "pow");
  CHECK(why.origin.derivative.line() == made + 4);
}

TEST_CASE("why_nan: cotangents that overflow where they are added up", "[why_nan]") {
  const Parameter p(ones({2}));
  const unsigned made = line() + 1;
  const Tensor x = p * 1;
  const Tensor loss = sum(x * 3e38) - sum(x * -3e38);
  const Tensor gradient = grad(loss, p);
  CHECK(gradient.to_vector()[0] == infinity);
  const WhyNan why = checked(gradient, {operation, "add", "mul", made, {0}, "mul"});
  CHECK(why.origin.adds_up);
}

TEST_CASE("why_nan: gradients that backward adds up, of which one is NaN", "[why_nan]") {
  const Parameter p(zeros({1}));
  const Tensor first = sum(p * 2);
  const unsigned made = line() + 1;
  const Tensor second = sum(sqrt(p));
  const Tensor third = sum(p * 3);
  backward(first);
  backward(second);
  backward(third);
  CHECK(p.gradient().to_vector()[0] == infinity);
  checked(p.gradient(), {operation, "div", "sqrt", made, {0}, "sqrt"});
}

TEST_CASE("why_nan: a history that was let go of after two steps", "[why_nan]") {
  Parameter p(zeros({2}));
  const Tensor loss = sum(sqrt(p));
  const Tensor gradient = grad(loss, p);
  for (int step = 0; step < 3; ++step) p.assign(p + 1);
  const WhyNan why = why_nan(gradient);
  CHECK(why.origin.kind == NonFiniteEntry::Kind::gone);
  CHECK(why.note.find("the loss has let go of its history") != std::string::npos);
}

TEST_CASE("why_nan changes nothing", "[why_nan]") {
  const Parameter p(zeros({2}));
  const Tensor loss = sum(sqrt(p));
  const Tensor gradient = grad(loss, p);
  const std::int64_t entries = live_entries();
  CHECK_FALSE(why_nan(gradient).finite);
  CHECK(live_entries() == entries);
  CHECK_FALSE(gradient.evaluated());
  CHECK_FALSE(loss.evaluated());
}

TEST_CASE("why_nan with every entry evaluated as it is recorded", "[why_nan]") {
  const EagerScope eager;
  const Parameter p(zeros({2}));
  const unsigned made = line() + 1;
  const Tensor loss = sum(sqrt(p));
  const Tensor gradient = grad(loss, p);
  checked(gradient, {operation, "div", "sqrt", made, {0}, "sqrt"});
}

TEST_CASE("why_nan inside a checkpoint", "[why_nan]") {
  const Parameter p(zeros({2}));
  unsigned made = 0;
  const auto f = [&](const Tensor& x) {
    made = line() + 1;
    return sqrt(x) * 2;
  };
  const Tensor loss = sum(checkpoint(f, p));
  backward(loss);
  CHECK(p.gradient().to_vector()[0] == infinity);
  const WhyNan why = why_nan(p.gradient());
  INFO(why);
  CHECK(why.origin.derivative_of == "sqrt");
}

TEST_CASE("why_nan: a rule that takes a derivative itself", "[why_nan]") {
  const Parameter p(tensor({0.0, 1}));
  const auto f = [](const std::vector<Tensor>& xs) { return sqrt(xs[0]); };
  const CotangentRule rule = [](const Tensor& g, const std::vector<Tensor>& xs, const Tensor&) {
    const EnableGrad tracking;
    const Tensor x = track(xs[0]);
    return std::vector<Tensor>{g * grad(sum(sqrt(x)), x)};
  };
  const unsigned made = line() + 1;
  const Tensor root = custom_gradient(f, rule, {p});
  const Tensor loss = sum(root);
  const Tensor gradient = grad(loss, p);
  CHECK(gradient.to_vector()[0] == infinity);
  checked(gradient, {operation, "div", "custom_gradient", made, {0}, "custom_gradient"});
}

TEST_CASE("why_nan: the gradient of a function, whose loss nobody has", "[why_nan]") {
  unsigned made = 0;
  const auto f = [&](const Tensor& x) {
    made = line() + 1;
    return sum(sqrt(x));
  };
  const Tensor gradient = grad(f)(tensor({4.0, 0}));
  CHECK(gradient.to_vector()[1] == infinity);
  const WhyNan why = why_nan(gradient);
  INFO(why);
  CHECK(why.origin.backward);
  CHECK(why.origin.call == "sqrt");
  CHECK(why.origin.where.line() == made);
}

TEST_CASE("why_nan: a loss and its gradients after the step that was made with them", "[why_nan]") {
  const nn::Linear layer(3, 2);
  const std::vector<Parameter> parameters = layer.parameters();
  optim::Optimizer optimizer(parameters, optim::adam(0.1));
  const Tensor x = ones({4, 3});
  const unsigned made = line() + 1;
  const Tensor size = sqrt(sum(square(layer(x)) * 0));
  const Tensor loss = size / size;
  const std::vector<Tensor> gradients = grad(loss, parameters);
  optimizer.step(gradients);
  CHECK(std::isnan(loss.item()));
  checked(loss, {operation, "div", "div", made + 1, {}});
  for (const Tensor& gradient : gradients) {
    const WhyNan why = why_nan(gradient);
    INFO(why);
    CHECK(why.origin.where.line() == made + 1);
    CHECK(why.origin.operation == "div");
  }
  for (const Parameter& parameter : parameters) {
    const WhyNan why = why_nan(parameter);
    INFO(why);
    CHECK(why.origin.where.line() == made + 1);
    CHECK(why.note.find("and its gradient") != std::string::npos);
  }
}

TEST_CASE("why_nan: a Parameter whose loss before the update is gone", "[why_nan]") {
  Parameter p(full({2}, 3.0));
  const unsigned step = line() + 1;
  p.assign(p - grad(sum(p * p), p) * 1e38);
  const Tensor loss = sum(p * 2);
  const WhyNan why = checked(loss, {NonFiniteEntry::Kind::parameter, "leaf", "leaf", step, {0}});
  CHECK(why.note == "what it was assigned at why_nan_backward_test.cpp:" + std::to_string(step) +
                        " was computed from is gone, and nobody holds a loss of the value before; keep that loss, or "
                        "let the Optimizer check (NonFinite::error)");
}

TEST_CASE("why_nan: a cotangent that nobody holds", "[why_nan]") {
  const Parameter p(zeros({2}));
  const Tensor y = sqrt(p);
  const Tensor kept = ones({2});
  const std::vector<Tensor> known = differentiate({&y, 1}, {&kept, 1}, std::vector<Tensor>{p});
  backward(y, full({2}, 2.0));
  CHECK(p.gradient().to_vector()[0] == infinity);
  CHECK(known[0].to_vector()[0] == infinity);
  CHECK(why_nan(p.gradient()).note.find("nobody holds the cotangent that was given there any more") !=
        std::string::npos);
  CHECK(why_nan(known[0]).origin.derivative_of == "sqrt");
}

TEST_CASE("why_nan: through two derivatives that were both evaluated", "[why_nan]") {
  const Parameter p(zeros({2})), q(ones({2}));
  const unsigned made = line() + 1;
  const Tensor first = sum(sqrt(p));
  const Tensor slope = grad(first, p);
  CHECK(slope.to_vector()[0] == infinity);
  const Tensor second = sum(q * slope);
  backward(second);
  CHECK(q.gradient().to_vector()[0] == infinity);
  const WhyNan why = checked(q.gradient(), {operation, "div", "sqrt", made, {0}, "sqrt"});
  CHECK(why.origin.derivative.line() == made + 1);
}

}  // namespace xgrad::why_nan_backward_test
