// Division with remainder, and bitwise operations of whole numbers.

#include "autograd/ops/compose.hpp"
#include "autograd/ops/families.hpp"

namespace xgrad {

namespace {

struct Fmod : Operation<Fmod> {  // y = a - b trunc(a / b)
  static constexpr auto id = "fmod";

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_dtypes(id, inputs[0], inputs[1], where);
    check_domain(Domain::numeric, id, inputs[0], where);
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    return input == 0 ? g : -g * round((inputs[0] - y) / inputs[1]);
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::fmod(inputs[0], inputs[1], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

// y = f(a, b) of int64, bit by bit. Self gives `id` and `function`.
template <class Self>
struct Bitwise : Operation<Self> {
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_dtypes(Self::id, inputs[0], inputs[1], where);
    check<DTypeError>(inputs[0].dtype() == int64, where, Self::id, ": needs int64", Self::joins_masks ? " or bool" : "",
                      ", got ", xgrad::describe(inputs[0]));
    return {inputs[0].shape(), int64};
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::bitwise(Self::function, inputs[0], inputs[1], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(this->self(), examples); }
};

struct BitwiseAnd : Bitwise<BitwiseAnd> {
  static constexpr auto id = "bitwise_and";
  static constexpr auto function = kernels::Bits::both;
  static constexpr bool joins_masks = true;
};
struct BitwiseOr : Bitwise<BitwiseOr> {
  static constexpr auto id = "bitwise_or";
  static constexpr auto function = kernels::Bits::either;
  static constexpr bool joins_masks = true;
};
struct BitwiseXor : Bitwise<BitwiseXor> {
  static constexpr auto id = "bitwise_xor";
  static constexpr auto function = kernels::Bits::one;
  static constexpr bool joins_masks = true;
};
struct LeftShift : Bitwise<LeftShift> {
  static constexpr auto id = "left_shift";
  static constexpr auto function = kernels::Bits::left;
  static constexpr bool joins_masks = false;
};
struct RightShift : Bitwise<RightShift> {
  static constexpr auto id = "right_shift";
  static constexpr auto function = kernels::Bits::right;
  static constexpr bool joins_masks = false;
};

// Both operands, their fmod, and whether the truncated quotient is above the floor.
struct Division {
  Tensor a, b, left;

  Division(const char* call, const Operand& dividend, const Operand& divisor) {
    std::tie(a, b) = broadcast_together(call, dividend, divisor);
    left = fmod(a, b);
  }
  Tensor is_above_floor() const { return logical_and(left != 0, (left < 0) != (b < 0)); }
};

}  // namespace

Tensor fmod(const Operand& a, const Operand& b) { return record_binary<Fmod>(a, b); }

Tensor remainder(const Operand& a, const Operand& b) {
  const CallScope scope("remainder", a.where());
  const Division division("remainder", a, b);
  return where(division.is_above_floor(), division.left + division.b, division.left);
}

// Without the remainder, the quotient is a whole number except for rounding.
Tensor floor_divide(const Operand& a, const Operand& b) {
  const CallScope scope("floor_divide", a.where());
  const Division division("floor_divide", a, b);
  Tensor quotient = (division.a - division.left) / division.b;
  if (is_floating(quotient.dtype())) quotient = where(division.b == 0, round(division.a / division.b), round(quotient));
  return quotient - division.is_above_floor();
}

Tensor bitwise_and(const Operand& a, const Operand& b) {
  return is_mask(a) && is_mask(b) ? logical_and(a, b) : record_binary<BitwiseAnd>(a, b);
}
Tensor bitwise_or(const Operand& a, const Operand& b) {
  return is_mask(a) && is_mask(b) ? logical_or(a, b) : record_binary<BitwiseOr>(a, b);
}
Tensor bitwise_xor(const Operand& a, const Operand& b) {
  return is_mask(a) && is_mask(b) ? logical_xor(a, b) : record_binary<BitwiseXor>(a, b);
}
Tensor bitwise_not(const Operand& x) {
  if (is_mask(x)) return logical_not(x);
  const CallScope scope("bitwise_not", x.where());
  return bitwise_xor(x, -1);
}
Tensor left_shift(const Operand& a, const Operand& b) { return record_binary<LeftShift>(a, b); }
Tensor right_shift(const Operand& a, const Operand& b) { return record_binary<RightShift>(a, b); }

}  // namespace xgrad
