// Family matmul: products, and the diagonals and triangles of matrices.

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

}  // namespace

void add_products(Rules& rules) {
  rules["matmul"] = [](const Call& call) { return Tensors{matmul(call["input"], call["other"])}; };
  rules["outer"] = [](const Call& call) { return Tensors{outer(call["input"], call["vec2"])}; };
  rules["linear"] = linear_rule;
  rules["addmm"] = addmm_rule;
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
