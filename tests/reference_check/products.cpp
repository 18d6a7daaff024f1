// Families matmul, conv and pool: products, windows, and the diagonals and triangles of matrices.

#include "autograd/ops/ops.hpp"
#include "tests/reference_check/call.hpp"

namespace xgrad::reference {

namespace {

Tensors linear_rule(const Call& call) {
  const Tensor product = matmul(call["input"], transpose(call["weight"], 0, -1));
  return {call.has("bias") ? product + call["bias"] : product};
}

Tensors addmm_rule(const Call& call) {
  return {addmm(call["input"], call["mat1"], call["mat2"], call.args.number("beta", 1), call.args.number("alpha", 1))};
}

PerAxis per_axis(const Call& call, const std::string& name, std::int64_t usual) {
  return call.args.has(name) ? PerAxis(call.args.integers(name)) : PerAxis(usual);
}

ConvolutionOptions convolution_options(const Call& call) {
  const std::string border =
      call.args.has("padding") && !call.args.is_list("padding") && !call.args.is_number("padding")
          ? call.args.text("padding")
          : "";
  const Padding padding = border == "same"    ? Padding(Border::same)
                          : border == "valid" ? Padding(Border::valid)
                                              : Padding(per_axis(call, "padding", 0));
  return {per_axis(call, "stride", 1), padding, per_axis(call, "dilation", 1), call.args.integer("groups", 1)};
}

PoolingOptions pooling_options(const Call& call) {
  PoolingOptions options;
  if (call.args.has("stride")) options.stride = call.args.integers("stride");
  options.padding = per_axis(call, "padding", 0);
  options.dilation = per_axis(call, "dilation", 1);
  options.ceil_mode = call.args.flag("ceil_mode", false);
  options.count_include_pad = call.args.flag("count_include_pad", true);
  return options;
}

}  // namespace

void add_products(Rules& rules) {
  rules["matmul"] = [](const Call& call) { return Tensors{matmul(call["input"], call["other"])}; };
  rules["outer"] = [](const Call& call) { return Tensors{outer(call["input"], call["vec2"])}; };
  rules["linear"] = linear_rule;
  rules["conv1d"] = [](const Call& call) {
    return Tensors{conv1d(call["input"], call["weight"], call.optional("bias"), convolution_options(call))};
  };
  rules["conv2d"] = [](const Call& call) {
    return Tensors{conv2d(call["input"], call["weight"], call.optional("bias"), convolution_options(call))};
  };
  rules["max_pool2d"] = [](const Call& call) {
    return Tensors{max_pool2d(call["input"], call.args.integers("kernel_size"), pooling_options(call))};
  };
  rules["avg_pool2d"] = [](const Call& call) {
    return Tensors{avg_pool2d(call["input"], call.args.integers("kernel_size"), pooling_options(call))};
  };
  rules["addmm"] = addmm_rule;
  rules["cholesky"] = [](const Call& call) { return Tensors{cholesky(call["input"])}; };
  rules["inv"] = [](const Call& call) { return Tensors{inverse(call["input"])}; };
  rules["det"] = [](const Call& call) { return Tensors{det(call["A"])}; };
  rules["logabsdet"] = [](const Call& call) { return Tensors{slogdet(call["A"]).logarithm}; };
  rules["solve"] = [](const Call& call) { return Tensors{solve(call["A"], call["B"])}; };
  rules["solve_triangular"] = [](const Call& call) {
    return Tensors{
        triangular_solve(call["A"], call["B"],
                         {.upper = call.args.flag("upper", false), .unit = call.args.flag("unitriangular", false)})};
  };
  rules["trace"] = [](const Call& call) { return Tensors{trace(call["input"])}; };
  rules["diag"] = [](const Call& call) { return Tensors{diag(call["input"], call.args.integer("diagonal", 0))}; };
  rules["einsum"] = [](const Call& call) {
    return Tensors{einsum(call.args.text("equation", ""), call.list("operands"))};
  };
  rules["diagonal"] = [](const Call& call) {
    return Tensors{diagonal(call["input"], call.args.integer("offset", 0), call.args.integer("dim1", 0),
                            call.args.integer("dim2", 1))};
  };
  rules["triu"] = [](const Call& call) { return Tensors{triu(call["input"], call.args.integer("diagonal", 0))}; };
  rules["tril"] = [](const Call& call) { return Tensors{tril(call["input"], call.args.integer("diagonal", 0))}; };
}

}  // namespace xgrad::reference
