#include "tests/catalogue.hpp"

namespace xgrad::catalogue {

namespace {

using Xs = std::vector<Tensor>;
using Scalar = std::function<Real(const std::vector<Real>&)>;

const std::vector<Shape> shapes{{}, {1}, {5}, {2, 1, 3}, {0}, {2, 0, 3}};

// The cases of an elementwise function: every shape, with the same range for all inputs or one for each.
std::vector<Case> cases_of(const std::function<Tensor(const Xs&)>& f, const std::vector<Input>& inputs,
                           const Scalar& scalar) {
  std::vector<Case> cases;
  for (const Shape& shape : shapes) {
    std::vector<Input> shaped = inputs;
    for (Input& input : shaped) input.shape = shape;
    cases.push_back({f, shaped, [scalar](const std::vector<Array>& xs) {
                       Array y{xs[0].shape, {}};
                       for (std::size_t i = 0; i < xs[0].elements.size(); ++i) {
                         std::vector<Real> at;
                         for (const Array& x : xs) at.push_back(x.elements[i]);
                         y.elements.push_back(scalar(at));
                       }
                       return y;
                     }});
  }
  return cases;
}

Row unary(const char* id, Tensor (*f)(const Operand&), double low, double high, Real (*scalar)(Real), int orders = 3) {
  const Scalar element = [scalar](const std::vector<Real>& x) { return scalar(x[0]); };
  return {id, cases_of([f](const Xs& x) { return f(x[0]); }, {{{}, low, high}}, element), orders, element};
}

Row binary(const char* id, Tensor (*f)(const Operand&, const Operand&), double low, double high,
           Real (*scalar)(Real, Real), int orders = 3) {
  const Scalar element = [scalar](const std::vector<Real>& x) { return scalar(x[0], x[1]); };
  return {id, cases_of([f](const Xs& x) { return f(x[0], x[1]); }, {{{}, low, high}, {{}, low, high}}, element), orders,
          element};
}

Row relation(const char* id, Tensor (*f)(const Operand&, const Operand&), Real (*scalar)(Real, Real)) {
  Row row = binary(id, f, -2, 2, scalar, 1);
  row.gives_float = false;
  return row;
}

Row logical(const char* id, Tensor (*f)(const Operand&, const Operand&), Real (*scalar)(Real, Real)) {
  Row row = relation(id, f, scalar);
  for (Case& sample : row.cases)
    for (Input& input : sample.inputs) input = {input.shape, 0, 2, boolean};
  return row;
}

using Whole = std::int64_t;

// Of int64 numbers.
Row whole(const char* id, Tensor (*f)(const Operand&, const Operand&), double low, double high,
          Whole (*scalar)(Whole, Whole)) {
  const Scalar element = [scalar](const std::vector<Real>& x) -> Real {
    return static_cast<Real>(scalar(static_cast<Whole>(x[0]), static_cast<Whole>(x[1])));
  };
  const Input input{{}, low, high, int64};
  return {id, cases_of([f](const Xs& x) { return f(x[0], x[1]); }, {input, input}, element), 1, element, false};
}

Real sign_of(Real x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

Row cast_row() {
  const Scalar same = [](const std::vector<Real>& x) { return x[0]; };
  // In this range numbers are exact in float32, and so are the steps of numeric derivatives.
  return {"cast", cases_of([](const Xs& x) { return cast(x[0], float32); }, {{{}, 0.5, 1}}, same), 3, same};
}

Row where_row() {
  const Scalar choose = [](const std::vector<Real>& x) { return x[0] != 0 ? x[1] : x[2]; };
  const auto f = [](const Xs& x) { return where(x[0], x[1], x[2]); };
  return {"where", cases_of(f, {{{}, 0, 2, boolean}, {{}, -2, 2}, {{}, -2, 2}}, choose), 3, choose};
}

Row fma_row() {
  const Scalar value = [](const std::vector<Real>& x) { return x[0] * x[1] + x[2]; };
  const auto f = [](const Xs& x) { return fma(x[0], x[1], x[2]); };
  return {"fma", cases_of(f, {{{}, -2, 2}, {{}, -2, 2}, {{}, -2, 2}}, value), 3, value};
}

Row logical_not_row() {
  Row row = unary(
      "logical_not", logical_not, 0, 2, [](Real x) -> Real { return x == 0; }, 1);
  for (Case& sample : row.cases) sample.inputs[0].dtype = boolean;
  row.gives_float = false;
  return row;
}

}  // namespace

std::vector<Row> unary_rows() {
  return {
      unary("neg", neg, -2, 2, [](Real x) { return -x; }),
      unary("exp", exp, -2, 2, [](Real x) { return std::exp(x); }),
      unary("log", log, 0.1, 3, [](Real x) { return std::log(x); }),
      unary("log2", log2, 0.1, 3, [](Real x) { return std::log2(x); }),
      unary("log1p", log1p, -0.9, 3, [](Real x) { return std::log1p(x); }),
      unary("expm1", expm1, -2, 2, [](Real x) { return std::expm1(x); }),
      unary("sqrt", sqrt, 0.1, 3, [](Real x) { return std::sqrt(x); }),
      unary("sin", sin, -4, 4, [](Real x) { return std::sin(x); }),
      unary("cos", cos, -4, 4, [](Real x) { return std::cos(x); }),
      unary("tan", tan, -1.2, 1.2, [](Real x) { return std::tan(x); }),
      unary("sinh", sinh, -2, 2, [](Real x) { return std::sinh(x); }),
      unary("cosh", cosh, -2, 2, [](Real x) { return std::cosh(x); }),
      unary("tanh", tanh, -3, 3, [](Real x) { return std::tanh(x); }),
      unary("asin", asin, -0.9, 0.9, [](Real x) { return std::asin(x); }),
      unary("acos", acos, -0.9, 0.9, [](Real x) { return std::acos(x); }),
      unary("atan", atan, -3, 3, [](Real x) { return std::atan(x); }),
      unary("gaussian", gaussian, -2, 2, [](Real x) { return std::exp(-x * x); }),
      unary("erfc", erfc, -2, 2, [](Real x) { return std::erfc(x); }),
      unary("erf", erf, -2, 2, [](Real x) { return std::erf(x); }),
      unary("abs", abs, -2, 2, [](Real x) { return std::abs(x); }),
      unary("sign", sign, -2, 2, sign_of),
      unary("floor", floor, -2.9, 2.9, [](Real x) { return std::floor(x); }),
      unary("ceil", ceil, -2.9, 2.9, [](Real x) { return std::ceil(x); }),
      unary("round", round, -2.9, 2.9, [](Real x) { return std::nearbyint(x); }),
      unary("trunc", trunc, -2.9, 2.9, [](Real x) { return std::trunc(x); }),
      cast_row(),
      logical_not_row(),
  };
}

std::vector<Row> binary_rows() {
  return {
      binary("add", add, -2, 2, [](Real a, Real b) { return a + b; }),
      binary("sub", sub, -2, 2, [](Real a, Real b) { return a - b; }),
      binary("mul", mul, -2, 2, [](Real a, Real b) { return a * b; }),
      binary("div", div, 0.5, 3, [](Real a, Real b) { return a / b; }),
      binary("pow", pow, 0.5, 3, [](Real a, Real b) { return std::pow(a, b); }),
      binary("maximum", maximum, -2, 2, [](Real a, Real b) { return a > b ? a : b; }),
      binary("minimum", minimum, -2, 2, [](Real a, Real b) { return a < b ? a : b; }),
      binary("atan2", atan2, 0.5, 3, [](Real a, Real b) { return std::atan2(a, b); }),
      binary("fmod", fmod, 0.5, 3, [](Real a, Real b) { return std::fmod(a, b); }),
      whole("bitwise_and", bitwise_and, -9, 9, [](Whole a, Whole b) { return a & b; }),
      whole("bitwise_or", bitwise_or, -9, 9, [](Whole a, Whole b) { return a | b; }),
      whole("bitwise_xor", bitwise_xor, -9, 9, [](Whole a, Whole b) { return a ^ b; }),
      whole("left_shift", left_shift, 0, 9, [](Whole a, Whole b) { return a << b; }),
      whole("right_shift", right_shift, 0, 9, [](Whole a, Whole b) { return a >> b; }),
      where_row(),
      fma_row(),
      relation("equal", equal, [](Real a, Real b) -> Real { return a == b; }),
      relation("not_equal", not_equal, [](Real a, Real b) -> Real { return a != b; }),
      relation("less", less, [](Real a, Real b) -> Real { return a < b; }),
      relation("less_equal", less_equal, [](Real a, Real b) -> Real { return a <= b; }),
      relation("greater", greater, [](Real a, Real b) -> Real { return a > b; }),
      relation("greater_equal", greater_equal, [](Real a, Real b) -> Real { return a >= b; }),
      logical("logical_and", logical_and, [](Real a, Real b) -> Real { return a != 0 && b != 0; }),
      logical("logical_or", logical_or, [](Real a, Real b) -> Real { return a != 0 || b != 0; }),
      logical("logical_xor", logical_xor, [](Real a, Real b) -> Real { return (a != 0) != (b != 0); }),
  };
}

}  // namespace xgrad::catalogue
