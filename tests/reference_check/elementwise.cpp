// Families arith, elementwise, activation and softmax.

#include <limits>

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/activations.hpp"
#include "tests/reference_check/call.hpp"

namespace xgrad::reference {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// f(input, the input or number `name`)
template <class F>
Tensors with(const Call& call, const char* name, F&& f) {
  if (call.has(name)) return {f(Operand(call[name]))};
  return {f(Operand(call.args.number(name)))};
}

Tensors clamp_rule(const Call& call) {
  const Tensor& x = call["input"];
  if (call.has("min") || call.has("max")) {
    const Tensor low = call.has("min") ? call["min"] : full_like(x, -infinity);
    const Tensor high = call.has("max") ? call["max"] : full_like(x, infinity);
    return {clamp(x, low, high)};
  }
  const double low = call.args.number("min", -infinity), high = call.args.number("max", infinity);
  if (low > high) return {where(x == x, high, stop_gradient(x))};  // as the reference has it: the upper bound wins
  return {clamp(x, low, high)};
}

Tensors gelu_rule(const Call& call) {
  const std::string form = call.args.text("approximate", "none");
  if (form != "none" && form != "tanh") throw FormatError("args.approximate must be none or tanh, it is " + form);
  return {gelu(call["input"], form == "tanh" ? Gelu::tanh : Gelu::exact)};
}

void add_arithmetic(Rules& rules) {
  rules["add"] = [](const Call& call) {
    const double alpha = call.args.number("alpha", 1);
    return with(call, "other", [&](const Operand& other) {
      if (other.is_number()) return add(call["input"], alpha * other.number());
      return add(call["input"], alpha == 1 ? other.tensor() : mul(other, alpha));
    });
  };
  rules["sub"] = [](const Call& call) {
    const double alpha = call.args.number("alpha", 1);
    return with(call, "other", [&](const Operand& other) {
      if (other.is_number()) return sub(call["input"], alpha * other.number());
      return sub(call["input"], alpha == 1 ? other.tensor() : mul(other, alpha));
    });
  };
  const auto binary = [&](const char* name, const char* second, Tensor (*function)(const Operand&, const Operand&)) {
    rules[name] = [second, function](const Call& call) {
      return with(call, second, [&](const Operand& other) { return function(call["input"], other); });
    };
  };
  binary("mul", "other", mul);
  binary("div", "other", div);
  binary("pow", "exponent", pow);
  binary("maximum", "other", maximum);
  binary("minimum", "other", minimum);
  binary("atan2", "other", atan2);
  rules["rpow"] = [](const Call& call) {
    return with(call, "other", [&](const Operand& base) { return pow(base, call["input"]); });
  };
}

void add_unary(Rules& rules) {
  const std::pair<const char*, Tensor (*)(const Operand&)> functions[] = {{"exp", exp},
                                                                          {"log", log},
                                                                          {"log1p", log1p},
                                                                          {"expm1", expm1},
                                                                          {"sqrt", sqrt},
                                                                          {"sin", sin},
                                                                          {"cos", cos},
                                                                          {"rsqrt", rsqrt},
                                                                          {"sigmoid", sigmoid},
                                                                          {"tan", tan},
                                                                          {"tanh", tanh},
                                                                          {"sinh", sinh},
                                                                          {"cosh", cosh},
                                                                          {"atan", atan},
                                                                          {"erf", erf},
                                                                          {"asin", asin},
                                                                          {"acos", acos},
                                                                          {"log2", log2},
                                                                          {"log10", log10},
                                                                          {"exp2", exp2},
                                                                          {"erfc", erfc},
                                                                          {"neg", neg},
                                                                          {"square", square},
                                                                          {"abs", abs},
                                                                          {"reciprocal", reciprocal},
                                                                          {"sign", sign},
                                                                          {"relu", relu},
                                                                          {"silu", silu},
                                                                          {"logsigmoid", logsigmoid}};
  for (const auto& [name, function] : functions)
    rules[name] = [function = function](const Call& call) { return Tensors{function(call["input"])}; };
}

void add_parametrised(Rules& rules) {
  rules["clamp"] = clamp_rule;
  rules["gelu"] = gelu_rule;
  rules["leaky_relu"] = [](const Call& call) {
    return Tensors{leaky_relu(call["input"], call.args.number("negative_slope", 0.01))};
  };
  rules["elu"] = [](const Call& call) { return Tensors{elu(call["input"], call.args.number("alpha", 1))}; };
  rules["softplus"] = [](const Call& call) {
    return Tensors{softplus(call["input"], call.args.number("beta", 1), call.args.number("threshold", 20))};
  };
  rules["softmax"] = lifted([](const Call& call) { return Tensors{softmax(call["input"], call.axis())}; });
  rules["log_softmax"] = lifted([](const Call& call) { return Tensors{log_softmax(call["input"], call.axis())}; });
  rules["logsumexp"] =
      lifted([](const Call& call) { return Tensors{logsumexp(call["input"], call.axes(), call.keep())}; });
}

}  // namespace

void add_elementwise(Rules& rules) {
  add_arithmetic(rules);
  add_unary(rules);
  add_parametrised(rules);
}

}  // namespace xgrad::reference
