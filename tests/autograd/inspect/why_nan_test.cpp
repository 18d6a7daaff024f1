#include "autograd/inspect/why_nan.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"
#include "autograd/ops/gamma.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/throws.hpp"

namespace xgrad {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
unsigned line(const Location& here = Location::current()) { return here.line(); }

/// What an origin is expected to be; what stands at its default is not compared.
struct Planted {
  NonFiniteEntry::Kind kind = NonFiniteEntry::Kind::operation;
  std::string operation, call;
  unsigned line = 0;
  std::vector<std::int64_t> element{};
  std::string derivative_of = "";  // of a backward entry
};

void check_entry(const NonFiniteEntry& found, const Planted& planted) {
  CHECK(found.kind == planted.kind);
  CHECK(found.operation == planted.operation);
  CHECK(found.call == planted.call);
  CHECK(found.where.line() == planted.line);
  CHECK(found.element == planted.element);
  CHECK(found.backward == !planted.derivative_of.empty());
  CHECK(found.derivative_of == planted.derivative_of);
}

WhyNan checked(const Tensor& tensor, const Planted& planted) {
  const WhyNan why = why_nan(tensor);
  INFO(why);
  CHECK_FALSE(why.finite);
  check_entry(why.origin, planted);
  return why;
}

const auto operation = NonFiniteEntry::Kind::operation;

}  // namespace

TEST_CASE("why_nan: the logarithm of 0, which a mean spreads", "[why_nan]") {
  const Parameter p(tensor({1.0, 2, 0, 4}));
  const unsigned made = line() + 1;
  const Tensor loss = mean(log(p) * 0);
  CHECK(std::isnan(loss.item()));
  const WhyNan why = checked(loss, {operation, "log", "log", made, {2}});
  CHECK(why.origin.value == -infinity);
  CHECK(why.origin.operands.at(0).at_element == 0.0);
  CHECK(why.origin.operands[0].range.least == 0);
  CHECK(why.origin.operands[0].range.most == 4);
  CHECK(why.became_nan.value().operation == "mul");
  CHECK(why.to_string() == "log at why_nan_test.cpp:" + std::to_string(made) +
                               " made -inf of finite numbers, first at [2] of [4] f32 (not finite: 1 of 4)\n"
                               "  from [4] f32, Parameter at why_nan_test.cpp:" +
                               std::to_string(made - 2) +
                               ": 0 there, range [0, 4]\n"
                               "then mul at why_nan_test.cpp:" +
                               std::to_string(made) +
                               " made NaN, first at [2] of [4] f32 (not finite: 1 of 4)\n"
                               "  from [4] f32 of log at why_nan_test.cpp:" +
                               std::to_string(made) +
                               ": -inf there, range [0, 1.38629], 1 infinite\n"
                               "  from [4] f32, number at why_nan_test.cpp:" +
                               std::to_string(made) + ": 0 there, range 0");
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

TEST_CASE("why_nan: 0 / 0", "[why_nan]") {
  const Tensor x = tensor({{1.0, 0}, {0, 2}}), y = tensor({{1.0, 1}, {0, 0}});
  const unsigned made = line() + 1;
  const Tensor z = x / y;
  const WhyNan why = checked(z, {operation, "div", "div", made, {1, 0}});
  CHECK(std::isnan(why.origin.value));
  CHECK(why.origin.operands.at(0).at_element == 0.0);
  CHECK(why.origin.operands.at(1).at_element == 0.0);
  CHECK(std::isnan(z.to_vector()[2]));
}

TEST_CASE("why_nan: infinity minus infinity", "[why_nan]") {
  const Tensor score = tensor({0.0, infinity, 1});
  const unsigned made = line() + 1;
  const Tensor shifted = score - max(score);
  const WhyNan why = checked(shifted, {NonFiniteEntry::Kind::data, "leaf", "leaf", made - 2, {1}});
  check_entry(why.became_nan.value(), {operation, "sub", "sub", made, {1}});
  CHECK(why.became_nan->operands.at(1).at_element == infinity);
}

TEST_CASE("why_nan: an exponential that overflows", "[why_nan]") {
  const Parameter p(tensor({1.0, 89, 88}));
  const unsigned made = line() + 1;
  const Tensor loss = sum(exp(p));
  CHECK(loss.item() == infinity);
  const WhyNan why = checked(loss, {operation, "exp", "exp", made, {1}});
  CHECK(why.origin.operands.at(0).at_element == 89.0);
  CHECK_FALSE(why.became_nan.has_value());
}

TEST_CASE("why_nan: a softmax by hand, without the maximum", "[why_nan]") {
  const Parameter logits(tensor({{1.0, 2}, {100, 3}}));
  const unsigned made = line() + 1;
  const Tensor e = exp(logits.value());
  const Tensor p = e / sum(e, 1, keep_dims);
  CHECK(std::isnan(p.to_vector()[2]));
  const WhyNan why = checked(p, {operation, "exp", "exp", made, {1, 0}});
  check_entry(why.became_nan.value(), {operation, "div", "div", made + 1, {1, 0}});
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
        "it is a gradient, taken at why_nan_test.cpp:" + std::to_string(made + 1) +
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

TEST_CASE("why_nan: the arc cosine beyond 1", "[why_nan]") {
  const Tensor a = tensor({0.5, 1.0000001}), b = tensor({1.0, 1});
  const unsigned made = line() + 1;
  const Tensor angle = mean(acos(a * b));
  CHECK(std::isnan(angle.item()));
  // An untracked Tensor that was evaluated has no history.
  const WhyNan why = why_nan(angle);
  CHECK(why.origin.kind == NonFiniteEntry::Kind::gone);
  CHECK(why.note == "an untracked value lets go of what it was computed from when it is evaluated; ask before that");
  const Tensor pending = acos(a * b);
  checked(pending, {operation, "acos", "acos", made + 6, {1}});
}

TEST_CASE("why_nan: a pole of lgamma", "[why_nan]") {
  const Parameter p(tensor({2.0, -3}));
  const unsigned made = line() + 1;
  const Tensor loss = sum(lgamma(p));
  CHECK(loss.item() == infinity);
  const WhyNan why = why_nan(loss);
  INFO(why);
  CHECK(why.origin.call == "lgamma");
  CHECK(why.origin.where.line() == made);
  CHECK(why.origin.element == std::vector<std::int64_t>{1});
}

TEST_CASE("why_nan: a division by the standard deviation of a constant", "[why_nan]") {
  const Parameter p(tensor({{1.0, 2}, {3, 3}}));
  const Tensor centred = p - mean(p, 1, keep_dims);
  const unsigned made = line() + 1;
  const Tensor normal = centred / stddev(p, 1, 1, keep_dims);
  const Tensor loss = sum(square(normal));
  CHECK(std::isnan(loss.item()));
  const WhyNan why = checked(loss, {operation, "div", "div", made, {1, 0}});
  CHECK(why.origin.operands.at(1).operation == "broadcast_to");
  CHECK(why.origin.operands[1].at_element == 0.0);
}

TEST_CASE("why_nan: a cross entropy by hand, of the logarithm of a softmax", "[why_nan]") {
  const Parameter logits(tensor({{0.0, 200}, {1, 2}}));
  const unsigned made = line() + 1;
  const Tensor scores = log(softmax(logits.value(), 1));
  const Tensor loss = -mean(gather(scores, 1, tensor({{0}, {1}})));
  CHECK(loss.item() == infinity);
  checked(loss, {operation, "log", "log", made, {0, 0}});
  const Tensor gradient = grad(loss, logits);
  CHECK(std::isnan(gradient.to_vector()[0]));
  const WhyNan why = why_nan(gradient);
  INFO(why);
  CHECK(why.origin.where.line() == made);
  CHECK(why.origin.derivative_of == "log");
}

TEST_CASE("why_nan: squares that overflow in float32", "[why_nan]") {
  const Parameter p(tensor({1e10, 2e19}));
  const unsigned made = line() + 1;
  const Tensor loss = sqrt(sum(p * p));
  CHECK(loss.item() == infinity);
  CHECK(checked(loss, {operation, "mul", "mul", made, {1}}).origin.operands.at(0).range.most == Approx(2e19));
}

TEST_CASE("why_nan: a product over a long axis", "[why_nan]") {
  const Parameter p(full({200}, 2.0));
  const unsigned made = line() + 1;
  const Tensor products = cumprod(p, 0);
  CHECK(sum(products).item() == infinity);
  const WhyNan why = checked(products, {operation, "mul", "cumprod", made, {127}});
  CHECK(why.origin.count == 73);
}

TEST_CASE("why_nan: a matrix product that overflows", "[why_nan]") {
  const Parameter a(full({2, 3}, 1e20));
  const Tensor b = full({3, 2}, 1e19);
  const unsigned made = line() + 1;
  const Tensor product = matmul(a, b);
  CHECK(sum(product).item() == infinity);
  const WhyNan why = checked(product, {operation, "matmul", "matmul", made, {0, 0}});
  CHECK_FALSE(why.origin.operands.at(0).at_element.has_value());
}

TEST_CASE("why_nan: NaN in the data", "[why_nan]") {
  const unsigned made = line() + 1;
  const Tensor x = tensor({{1.0, 2, 3}, {4, nan, nan}});
  const nn::Linear layer(3, 2);
  const Tensor loss = mean(relu(layer(x)));
  CHECK(std::isnan(loss.item()));
  const WhyNan why = checked(loss, {NonFiniteEntry::Kind::data, "leaf", "leaf", made, {1, 1}});
  CHECK(why.to_string() == "the data made at why_nan_test.cpp:" + std::to_string(made) +
                               " holds NaN, first at [1, 1] of [2, 3] f32 (not finite: 2 of 6)");
}

TEST_CASE("why_nan: NaN in a Parameter", "[why_nan]") {
  const unsigned made = line() + 1;
  Parameter weight(tensor({1.0, nan}));
  weight.set_name("scale");
  const Tensor loss = sum(weight * 2);
  CHECK(std::isnan(loss.item()));
  const WhyNan why = checked(loss, {NonFiniteEntry::Kind::parameter, "leaf", "leaf", made, {1}});
  CHECK(why.to_string() == "Parameter scale [2] f32, set at why_nan_test.cpp:" + std::to_string(made) +
                               ", holds NaN, first at [1] (not finite: 1 of 2)");
}

TEST_CASE("why_nan: a Parameter after an update, whose gradient was not finite", "[why_nan]") {
  Parameter p(ones({3}));
  const unsigned made = line() + 1;
  const Tensor loss = sum(exp(p * 100));
  optim::Optimizer optimizer({p}, optim::sgd(0.1));
  optimizer.step({grad(loss, p)});
  CHECK(p.value().to_vector()[0] == -infinity);
  const WhyNan why = checked(p, {operation, "exp", "exp", made, {0}});
  CHECK(why.note == "before it was assigned at why_nan_test.cpp:" + std::to_string(made + 2) +
                        ", [3] f32 was finite, in 1, and its gradient, taken at why_nan_test.cpp:" +
                        std::to_string(made + 2) + ", was not");
}

TEST_CASE("why_nan: a Parameter that the update itself made infinite", "[why_nan]") {
  Parameter p(full({2}, 3.0));
  const Tensor loss = sum(p * p);
  const unsigned step = line() + 1;
  p.assign(p - grad(loss, p) * 1e38);
  const WhyNan why = checked(p, {NonFiniteEntry::Kind::parameter, "leaf", "leaf", step, {0}});
  CHECK(why.note == "before it was assigned at why_nan_test.cpp:" + std::to_string(step) +
                        ", [2] f32 was finite, in 3, and its gradient, taken at why_nan_test.cpp:" +
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

TEST_CASE("why_nan: what a branch leaves out has no part in it", "[why_nan]") {
  const Parameter x(tensor({0.0, 1})), y(tensor({1.0, -1}));
  const Tensor hidden = log(x.value());
  const unsigned made = line() + 1;
  const Tensor root = sqrt(y.value());
  const Tensor chosen = where(tensor({false, false}), hidden, root);
  checked(chosen, {operation, "sqrt", "sqrt", made, {1}});
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

TEST_CASE("why_nan of a long chain takes no stack", "[why_nan]") {
  const Parameter p(ones({1}));
  Tensor x = p;
  for (int i = 0; i < 100000; ++i) x = x * 1.001;
  const WhyNan why = why_nan(x);
  CHECK_FALSE(why.finite);
  CHECK(why.origin.operation == "mul");
}

TEST_CASE("why_nan refuses what it cannot look at", "[why_nan]") {
  throws<GraphError>("why_nan: an undefined Tensor").by([] { return why_nan(Tensor()); });
}

}  // namespace xgrad
