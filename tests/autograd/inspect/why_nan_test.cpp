// Where NaN and infinity come from in values: planted cases.

#include "autograd/inspect/why_nan.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "tests/autograd/inspect/planted.hpp"
#include "tests/throws.hpp"

namespace xgrad::why_nan_test {
namespace {
constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
}

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
  const WhyNan why = checked(products, {operation, "cumprod", "cumprod", made, {127}});
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

TEST_CASE("why_nan: what a branch leaves out has no part in it", "[why_nan]") {
  const Parameter x(tensor({0.0, 1})), y(tensor({1.0, -1}));
  const Tensor hidden = log(x.value());
  const unsigned made = line() + 1;
  const Tensor root = sqrt(y.value());
  const Tensor chosen = where(tensor({false, false}), hidden, root);
  checked(chosen, {operation, "sqrt", "sqrt", made, {1}});
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

}  // namespace xgrad::why_nan_test
