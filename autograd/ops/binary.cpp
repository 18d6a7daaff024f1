#include <cmath>

#include <limits>

#include "autograd/ops/add_taken.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/operand_tensor.hpp"

namespace xgrad {

void check_value(double value, DType dtype, const char* operation, const Location& where) {
  const bool is_one = dtype == boolean ? value == 0 || value == 1
                                       : std::abs(value) < 9223372036854775808.0 && value == std::floor(value);
  check<ValueError>(is_floating(dtype) || is_one, where, operation, ": ", value, " is not a number of ", dtype);
}

void refuse_dtype(Domain domain, const char* operation, const Tensor& x, const Location& where) {
  constexpr const char* wanted[] = {"a floating dtype", "numbers", "bool", "anything"};
  fail<DTypeError>(where, operation, ": needs ", wanted[static_cast<int>(domain)], ", got ", describe(x),
                   domain == Domain::numeric ? " (cast makes numbers of it; |, & and ^ join masks)" : "");
}
void refuse_dtypes(const char* operation, const Tensor& a, const Tensor& b, const Location& where) {
  fail<DTypeError>(where, operation, ": dtypes differ: lhs ", describe(a), ", rhs ", describe(b),
                   " (cast one of them)");
}

namespace {

// A mask as zeros and ones of the dtype of `other`; int64 beside a whole number, float32 beside one with a point.
Tensor numbers_beside(const Operand& mask, const Operand& other) {
  const DType dtype = other.is_whole_number() ? int64 : other.is_number() ? float32 : other.tensor().dtype();
  return cast(mask, dtype);
}

std::pair<Tensor, Tensor> of_one_dtype(const Operand& a, const Operand& b) {
  if (is_mask(a) == is_mask(b)) return tensors_of(a, b);
  if (is_mask(a)) return tensors_of(Operand(numbers_beside(a, b), a.where()), b);
  return tensors_of(a, Operand(numbers_beside(b, a), b.where()));
}

}  // namespace

std::pair<Tensor, Tensor> broadcast_together(const char* operation, const Operand& a, const Operand& b) {
  auto [lhs, rhs] = of_one_dtype(a, b);
  const Location& where = a.where();
  if (!(lhs.shape() == rhs.shape())) {
    const Shape shape = broadcast_shapes(lhs.shape(), rhs.shape(), operation, where);
    lhs = broadcast_to(Operand(lhs, where), shape);
    rhs = broadcast_to(Operand(rhs, where), shape);
  }
  return {std::move(lhs), std::move(rhs)};
}

namespace {

struct Add : Elementwise2<Add> {  // y = a + b
  static constexpr auto id = "add";
  static constexpr auto instruction = Instruction::add;
  static constexpr Domain domain = Domain::numeric;
  static constexpr bool keeps_zero = true;
  Tensor lhs_vjp(const Tensor& g, const Tensor&, const Tensor&, const Tensor&) const { return g; }
  Tensor rhs_vjp(const Tensor& g, const Tensor&, const Tensor&, const Tensor&) const { return g; }
};

struct Sub : Elementwise2<Sub> {  // y = a - b
  static constexpr auto id = "sub";
  static constexpr auto instruction = Instruction::sub;
  static constexpr Domain domain = Domain::numeric;
  static constexpr bool keeps_zero = true;
  Tensor lhs_vjp(const Tensor& g, const Tensor&, const Tensor&, const Tensor&) const { return g; }
  Tensor rhs_vjp(const Tensor& g, const Tensor&, const Tensor&, const Tensor&) const { return -g; }
};

struct Mul : Elementwise2<Mul> {  // y = a b
  static constexpr auto id = "mul";
  static constexpr auto instruction = Instruction::mul;
  static constexpr Domain domain = Domain::numeric;
  Tensor lhs_vjp(const Tensor& g, const Tensor&, const Tensor& b, const Tensor&) const { return g * b; }
  Tensor rhs_vjp(const Tensor& g, const Tensor& a, const Tensor&, const Tensor&) const { return g * a; }
};

struct Div : Elementwise2<Div> {  // y = a / b
  static constexpr auto id = "div";
  static constexpr auto instruction = Instruction::div;
  static constexpr Domain domain = Domain::numeric;
  Tensor lhs_vjp(const Tensor& g, const Tensor&, const Tensor& b, const Tensor&) const { return g / b; }
  Tensor rhs_vjp(const Tensor& g, const Tensor&, const Tensor& b, const Tensor& y) const { return -(g / b) * y; }
};

struct Pow : Elementwise2<Pow> {  // y = a^b
  static constexpr auto id = "pow";
  static constexpr auto instruction = Instruction::pow;
  static constexpr Domain domain = Domain::numeric;
  Tensor lhs_vjp(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor&) const {
    return g * where(b == 0, 0, b * pow(a, b - 1));
  }
  Tensor rhs_vjp(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& y) const {
    return g * where(logical_and(a == 0, b >= 0), 0, y * log(a));
  }
};

// The cotangent of the side that wins a comparison: half of it for a tie, NaN where either side is.
Tensor to_the_larger(const Tensor& g, const Tensor& a, const Tensor& b) {
  return where(a > b, g, where(a < b, 0, where(a == b, 0.5 * g, std::numeric_limits<double>::quiet_NaN())));
}

struct Maximum : Elementwise2<Maximum> {  // y = max(a, b)
  static constexpr auto id = "maximum";
  static constexpr auto instruction = Instruction::maximum;
  static constexpr Domain domain = Domain::numeric;
  Tensor lhs_vjp(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor&) const {
    return to_the_larger(g, a, b);
  }
  Tensor rhs_vjp(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor&) const {
    return to_the_larger(g, b, a);
  }
};

struct Minimum : Elementwise2<Minimum> {  // y = min(a, b)
  static constexpr auto id = "minimum";
  static constexpr auto instruction = Instruction::minimum;
  static constexpr Domain domain = Domain::numeric;
  Tensor lhs_vjp(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor&) const {
    return to_the_larger(g, b, a);
  }
  Tensor rhs_vjp(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor&) const {
    return to_the_larger(g, a, b);
  }
};

struct Atan2 : Elementwise2<Atan2> {  // angle of the point (b, a)
  static constexpr auto id = "atan2";
  static constexpr auto instruction = Instruction::atan2;
  Tensor lhs_vjp(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor&) const { return along(g, b, a); }
  Tensor rhs_vjp(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor&) const { return -along(g, a, b); }

 private:
  // g u / (u^2 + v^2), scaled so that no square overflows; 0 at the origin and at infinity.
  static Tensor along(const Tensor& g, const Tensor& u, const Tensor& v) {
    const Tensor scale = stop_gradient(maximum(abs(u), abs(v)));
    const Tensor p = u / scale, q = v / scale;
    const Tensor outside = logical_or(scale == 0, scale == std::numeric_limits<double>::infinity());
    return g * where(outside, 0, p / (p * p + q * q) / scale);
  }
};

struct Equal : Relation<Equal> {
  static constexpr auto id = "equal";
  static constexpr auto instruction = Instruction::equal;
};
struct NotEqual : Relation<NotEqual> {
  static constexpr auto id = "not_equal";
  static constexpr auto instruction = Instruction::not_equal;
};
struct Less : Relation<Less> {
  static constexpr auto id = "less";
  static constexpr auto instruction = Instruction::less;
};
struct LessEqual : Relation<LessEqual> {
  static constexpr auto id = "less_equal";
  static constexpr auto instruction = Instruction::less_equal;
};
struct Greater : Relation<Greater> {
  static constexpr auto id = "greater";
  static constexpr auto instruction = Instruction::greater;
};
struct GreaterEqual : Relation<GreaterEqual> {
  static constexpr auto id = "greater_equal";
  static constexpr auto instruction = Instruction::greater_equal;
};
struct LogicalAnd : Relation<LogicalAnd> {
  static constexpr auto id = "logical_and";
  static constexpr auto instruction = Instruction::logical_and;
  static constexpr Domain domain = Domain::logical;
};
struct LogicalOr : Relation<LogicalOr> {
  static constexpr auto id = "logical_or";
  static constexpr auto instruction = Instruction::logical_or;
  static constexpr Domain domain = Domain::logical;
};
struct LogicalXor : Relation<LogicalXor> {
  static constexpr auto id = "logical_xor";
  static constexpr auto instruction = Instruction::logical_xor;
  static constexpr Domain domain = Domain::logical;
};

Tensor& put_onto(Tensor& a, Tensor result, const Operand& b, const char* sign) {
  check<ShapeError>(result.shape() == a.shape(), b.where(), sign, ": ", xgrad::describe(a), " would become ",
                    xgrad::describe(result));
  check<DTypeError>(result.dtype() == a.dtype(), b.where(), sign, ": ", xgrad::describe(a), " would become ",
                    xgrad::describe(result));
  return a = std::move(result);
}

}  // namespace

Tensor& operator+=(Tensor& a, const Operand& b) { return put_onto(a, add(Operand(a, b.where()), b), b, "+="); }
Tensor& operator-=(Tensor& a, const Operand& b) { return put_onto(a, sub(Operand(a, b.where()), b), b, "-="); }
Tensor& operator*=(Tensor& a, const Operand& b) { return put_onto(a, mul(Operand(a, b.where()), b), b, "*="); }
Tensor& operator/=(Tensor& a, const Operand& b) { return put_onto(a, div(Operand(a, b.where()), b), b, "/="); }

Tensor add(const Operand& a, const Operand& b) { return record_binary<Add>(a, b); }
Tensor add_taken(Tensor a, Tensor b, const Location& where) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return add(Operand(a, where), Operand(b, where));
  return record(where, Add{}, std::move(a), std::move(b));
}
Tensor sub(const Operand& a, const Operand& b) { return record_binary<Sub>(a, b); }
Tensor mul(const Operand& a, const Operand& b) {
  return is_mask(a) && is_mask(b) ? logical_and(a, b) : record_binary<Mul>(a, b);
}
Tensor div(const Operand& a, const Operand& b) { return record_binary<Div>(a, b); }
Tensor maximum(const Operand& a, const Operand& b) {
  return is_mask(a) && is_mask(b) ? logical_or(a, b) : record_binary<Maximum>(a, b);
}
Tensor minimum(const Operand& a, const Operand& b) {
  return is_mask(a) && is_mask(b) ? logical_and(a, b) : record_binary<Minimum>(a, b);
}
Tensor atan2(const Operand& y, const Operand& x) { return record_binary<Atan2>(y, x); }
Tensor equal(const Operand& a, const Operand& b) { return record_binary<Equal>(a, b); }
Tensor not_equal(const Operand& a, const Operand& b) { return record_binary<NotEqual>(a, b); }
Tensor less(const Operand& a, const Operand& b) { return record_binary<Less>(a, b); }
Tensor less_equal(const Operand& a, const Operand& b) { return record_binary<LessEqual>(a, b); }
Tensor greater(const Operand& a, const Operand& b) { return record_binary<Greater>(a, b); }
Tensor greater_equal(const Operand& a, const Operand& b) { return record_binary<GreaterEqual>(a, b); }
Tensor logical_and(const Operand& a, const Operand& b) { return record_binary<LogicalAnd>(a, b); }
Tensor logical_or(const Operand& a, const Operand& b) { return record_binary<LogicalOr>(a, b); }
Tensor logical_xor(const Operand& a, const Operand& b) { return record_binary<LogicalXor>(a, b); }

Tensor pow(const Operand& a, const Operand& b) {
  if (b.is_number() && b.number() == 2) return mul(a, a);  // the same value, with a simpler derivative
  return record_binary<Pow>(a, b);
}

}  // namespace xgrad
