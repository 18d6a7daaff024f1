#include "autograd/ops/families.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad {

namespace {

struct Where : Operation<Where> {  // y = c ? a : b
  static constexpr auto id = "where";

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check<DTypeError>(inputs[0].dtype() == boolean, where, "where: the condition must be bool, got ",
                      xgrad::describe(inputs[0]));
    check<DTypeError>(inputs[1].dtype() == inputs[2].dtype(), where,
                      "where: dtypes differ: ", xgrad::describe(inputs[1]), " and ", xgrad::describe(inputs[2]),
                      " (cast one of them)");
    return {inputs[1].shape(), inputs[1].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    if (input == 0) return {};
    return input == 1 ? where(inputs[0], g, 0) : where(inputs[0], 0, g);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::where(inputs[0], inputs[1], inputs[2], y);
  }
  Lowering lower() const override { return {Lowering::Kind::elementwise, Instruction::where, true}; }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

}  // namespace

Tensor where(const Operand& condition, const Operand& a, const Operand& b) {
  const Location& place = condition.where();
  auto [lhs, rhs] = broadcast_together("where", a, b);
  Tensor mask = condition.tensor();
  const Shape shape = broadcast_shapes(mask.shape(), lhs.shape(), "where", place);
  const auto fit = [&](Tensor x) { return broadcast_to(Operand(x, place), shape); };
  return record(place, Where{}, fit(std::move(mask)), fit(std::move(lhs)), fit(std::move(rhs)));
}

}  // namespace xgrad
