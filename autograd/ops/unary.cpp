#include <numbers>

#include "autograd/ops/families.hpp"

namespace xgrad {

namespace {

struct Neg : Elementwise1<Neg> {  // y = -x
  static constexpr auto id = "neg";
  static constexpr auto instruction = Instruction::neg;
  static constexpr Domain domain = Domain::numeric;
  static constexpr bool keeps_zero = true;
  Tensor vjp(const Tensor& g, const Tensor&, const Tensor&) const { return -g; }
};

struct Exp : Elementwise1<Exp> {  // y = e^x
  static constexpr auto id = "exp";
  static constexpr auto instruction = Instruction::exp;
  Tensor vjp(const Tensor& g, const Tensor&, const Tensor& y) const { return g * y; }
};

struct Log : Elementwise1<Log> {  // y = log x
  static constexpr auto id = "log";
  static constexpr auto instruction = Instruction::log;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return g / x; }
};

struct Log2 : Elementwise1<Log2> {  // y = log x / log 2
  static constexpr auto id = "log2";
  static constexpr auto instruction = Instruction::log2;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return std::numbers::log2e * g / x; }
};

struct Log1p : Elementwise1<Log1p> {  // y = log(1 + x)
  static constexpr auto id = "log1p";
  static constexpr auto instruction = Instruction::log1p;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return g / (1 + x); }
};

struct Expm1 : Elementwise1<Expm1> {  // y = e^x - 1
  static constexpr auto id = "expm1";
  static constexpr auto instruction = Instruction::expm1;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return g * exp(x); }  // y + 1 cancels for x << 0
};

struct Sqrt : Elementwise1<Sqrt> {  // y = sqrt x
  static constexpr auto id = "sqrt";
  static constexpr auto instruction = Instruction::sqrt;
  Tensor vjp(const Tensor& g, const Tensor&, const Tensor& y) const { return 0.5 * g / y; }
};

struct Sin : Elementwise1<Sin> {  // y = sin x
  static constexpr auto id = "sin";
  static constexpr auto instruction = Instruction::sin;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return g * cos(x); }
};

struct Cos : Elementwise1<Cos> {  // y = cos x
  static constexpr auto id = "cos";
  static constexpr auto instruction = Instruction::cos;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return -g * sin(x); }
};

struct Tan : Elementwise1<Tan> {  // y = tan x
  static constexpr auto id = "tan";
  static constexpr auto instruction = Instruction::tan;
  Tensor vjp(const Tensor& g, const Tensor&, const Tensor& y) const { return g * (1 + y * y); }
};

struct Sinh : Elementwise1<Sinh> {  // y = (e^x - e^-x) / 2
  static constexpr auto id = "sinh";
  static constexpr auto instruction = Instruction::sinh;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return g * cosh(x); }
};

struct Cosh : Elementwise1<Cosh> {  // y = (e^x + e^-x) / 2
  static constexpr auto id = "cosh";
  static constexpr auto instruction = Instruction::cosh;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return g * sinh(x); }
};

struct Tanh : Elementwise1<Tanh> {  // y = tanh x
  static constexpr auto id = "tanh";
  static constexpr auto instruction = Instruction::tanh;
  Tensor vjp(const Tensor& g, const Tensor&, const Tensor& y) const { return g * (1 - y * y); }
};

struct Asin : Elementwise1<Asin> {  // y = arcsin x
  static constexpr auto id = "asin";
  static constexpr auto instruction = Instruction::asin;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return g / sqrt((1 - x) * (1 + x)); }
};

struct Acos : Elementwise1<Acos> {  // y = arccos x
  static constexpr auto id = "acos";
  static constexpr auto instruction = Instruction::acos;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return -g / sqrt((1 - x) * (1 + x)); }
};

struct Atan : Elementwise1<Atan> {  // y = arctan x
  static constexpr auto id = "atan";
  static constexpr auto instruction = Instruction::atan;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return g / (1 + x * x); }
};

struct Gaussian : Elementwise1<Gaussian> {  // y = e^(-x^2)
  static constexpr auto id = "gaussian";
  static constexpr auto instruction = Instruction::gaussian;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor& y) const { return g * (-2 * (x * y)); }
};

struct Erfc : Elementwise1<Erfc> {  // y = 1 - erf x
  static constexpr auto id = "erfc";
  static constexpr auto instruction = Instruction::erfc;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const {
    return g * (-2 * std::numbers::inv_sqrtpi * gaussian(x));
  }
};

struct Erf : Elementwise1<Erf> {  // y = 2/sqrt(pi) integral_0^x exp(-t^2) dt
  static constexpr auto id = "erf";
  static constexpr auto instruction = Instruction::erf;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const {
    return g * (2 * std::numbers::inv_sqrtpi * gaussian(x));
  }
};

struct Abs : Elementwise1<Abs> {  // y = |x|
  static constexpr auto id = "abs";
  static constexpr auto instruction = Instruction::abs;
  static constexpr Domain domain = Domain::numeric;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return g * sign(x); }
};

// Constant pieces: their derivative is 0.
template <class Self>
struct Stepwise : Elementwise1<Self> {
  static constexpr Domain domain = Domain::numeric;
  Tensor vjp(const Tensor&, const Tensor&, const Tensor&) const { return {}; }
};

struct Sign : Stepwise<Sign> {  // y = x / |x|, 0 at 0
  static constexpr auto id = "sign";
  static constexpr auto instruction = Instruction::sign;
};
struct Floor : Stepwise<Floor> {
  static constexpr auto id = "floor";
  static constexpr auto instruction = Instruction::floor;
};
struct Ceil : Stepwise<Ceil> {
  static constexpr auto id = "ceil";
  static constexpr auto instruction = Instruction::ceil;
};
struct Round : Stepwise<Round> {
  static constexpr auto id = "round";
  static constexpr auto instruction = Instruction::round;
};
struct Trunc : Stepwise<Trunc> {
  static constexpr auto id = "trunc";
  static constexpr auto instruction = Instruction::trunc;
};
struct LogicalNot : Stepwise<LogicalNot> {
  static constexpr auto id = "logical_not";
  static constexpr auto instruction = Instruction::logical_not;
  static constexpr Domain domain = Domain::logical;
};

struct Cast : Elementwise1<Cast> {  // y = x as another dtype
  static constexpr auto id = "cast";
  static constexpr auto instruction = Instruction::cast;
  static constexpr Domain domain = Domain::any;
  static constexpr bool keeps_zero = true;
  DType to;
  explicit Cast(DType dtype) : to(dtype) {}

  Signature infer(std::span<const Tensor> inputs, const Location&) const override { return {inputs[0].shape(), to}; }
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return cast(g, x.dtype()); }
  void run(std::span<const View> inputs, const View& y, const Location&) const override { kernels::cast(inputs[0], y); }
  void describe(Fields& fields) const override { fields("dtype", static_cast<std::int64_t>(to)); }
};

}  // namespace

Tensor neg(const Operand& x) { return record_unary<Neg>(x); }
Tensor exp(const Operand& x) { return record_unary<Exp>(x); }
Tensor log(const Operand& x) { return record_unary<Log>(x); }
Tensor log2(const Operand& x) { return record_unary<Log2>(x); }
Tensor log1p(const Operand& x) { return record_unary<Log1p>(x); }
Tensor expm1(const Operand& x) { return record_unary<Expm1>(x); }
Tensor sqrt(const Operand& x) { return record_unary<Sqrt>(x); }
Tensor sin(const Operand& x) { return record_unary<Sin>(x); }
Tensor cos(const Operand& x) { return record_unary<Cos>(x); }
Tensor tan(const Operand& x) { return record_unary<Tan>(x); }
Tensor sinh(const Operand& x) { return record_unary<Sinh>(x); }
Tensor cosh(const Operand& x) { return record_unary<Cosh>(x); }
Tensor tanh(const Operand& x) { return record_unary<Tanh>(x); }
Tensor asin(const Operand& x) { return record_unary<Asin>(x); }
Tensor acos(const Operand& x) { return record_unary<Acos>(x); }
Tensor atan(const Operand& x) { return record_unary<Atan>(x); }
Tensor gaussian(const Operand& x) { return record_unary<Gaussian>(x); }
Tensor erfc(const Operand& x) { return record_unary<Erfc>(x); }
Tensor erf(const Operand& x) { return record_unary<Erf>(x); }
Tensor abs(const Operand& x) { return record_unary<Abs>(x); }
Tensor sign(const Operand& x) { return record_unary<Sign>(x); }
Tensor floor(const Operand& x) { return record_unary<Floor>(x); }
Tensor ceil(const Operand& x) { return record_unary<Ceil>(x); }
Tensor round(const Operand& x) { return record_unary<Round>(x); }
Tensor trunc(const Operand& x) { return record_unary<Trunc>(x); }
Tensor logical_not(const Operand& x) { return record_unary<LogicalNot>(x); }

Tensor cast(const Operand& x, DType dtype) {
  const Tensor input = x.tensor();
  return input.dtype() == dtype ? input : record(x.where(), Cast(dtype), input);
}

}  // namespace xgrad
