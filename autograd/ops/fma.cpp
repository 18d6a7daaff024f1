#include "autograd/ops/families.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad {

namespace {

struct Fma : Operation<Fma> {  // y = a b + c, rounded once
  static constexpr auto id = "fma";

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_domain(Domain::floating, id, inputs[0], where);
    check_dtypes(id, inputs[0], inputs[1], where);
    check_dtypes(id, inputs[0], inputs[2], where);
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return input == 2 ? g : g * inputs[1 - input];
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::fma(inputs[0], inputs[1], inputs[2], y);
  }
  Lowering lower() const override { return {Lowering::Kind::elementwise, Instruction::fma}; }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

}  // namespace

Tensor fma(const Operand& a, const Operand& b, const Operand& c) {
  const Location& place = a.where();
  if (a.is_number() && b.is_number() && !c.is_number()) return fma(Operand(a.tensor_like(c.tensor()), place), b, c);
  auto [x, y] = broadcast_together(Fma::id, a, b);
  auto [product, z] = broadcast_together(Fma::id, Operand(x, place), c);
  const Tensor factor = broadcast_to(Operand(y, place), z.shape());
  return record(place, Fma{}, std::move(product), factor, std::move(z));
}

}  // namespace xgrad
