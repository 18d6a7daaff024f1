// The primitives, as docs/operations.md has them. One that is missing here fails a test by its name.

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const char* const elementwise_group = "Elementwise";
const char* const statistics = "Reductions and statistics";
const char* const movement = "Movement and arrangement";
const char* const indices = "Indices and masks";
const char* const products = "Products";
const char* const windows = "Windows, convolution and pooling";
const char* const order = "Order and scans";
const char* const linalg = "Linear algebra";
const char* const creation = "Making Tensors, random numbers";
const char* const tape = "The tape";

std::vector<Equation> elementwise_equations() {
  const char* const group = elementwise_group;
  return {
      {"neg", group, "neg(x), -x", "−x"},
      {"exp", group, "exp(x)", "eˣ"},
      {"log", group, "log(x)", "the natural logarithm"},
      {"log2", group, "log2(x)", "log x / log 2"},
      {"log1p", group, "log1p(x)", "log(1 + x)"},
      {"expm1", group, "expm1(x)", "eˣ − 1"},
      {"sqrt", group, "sqrt(x)", "√x"},
      {"sin", group, "sin(x)", "sin x"},
      {"cos", group, "cos(x)", "cos x"},
      {"tan", group, "tan(x)", "sin x / cos x"},
      {"sinh", group, "sinh(x)", "(eˣ − e⁻ˣ) / 2"},
      {"cosh", group, "cosh(x)", "(eˣ + e⁻ˣ) / 2"},
      {"tanh", group, "tanh(x)", "sinh x / cosh x"},
      {"asin", group, "asin(x)", "y in [−π/2, π/2] with sin y = x"},
      {"acos", group, "acos(x)", "y in [0, π] with cos y = x"},
      {"atan", group, "atan(x)", "y in (−π/2, π/2) with tan y = x"},
      {"gaussian", group, "gaussian(x)", "exp(−x²)"},
      {"erf", group, "erf(x)", "2/√π ∫₀ˣ exp(−t²) dt"},
      {"erfc", group, "erfc(x)", "1 − erf(x)"},
      {"erfinv", group, "erfinv(x)", "y with erf(y) = x"},
      {"lgamma", group, "lgamma(x)", "log |Γ(x)|"},
      {"polygamma", group, "polygamma(n, x)", "the n-th derivative of Γ′(x) / Γ(x)"},
      {"gammainc", group, "gammainc(a, x)", "P(a, x) = ∫₀ˣ t^(a − 1) exp(−t) dt / Γ(a)"},
      {"gamma_shape_derivative", group, "(in the derivative of gammainc)", "−(∂ⁿ P(a, exp y) / ∂aⁿ) / (∂P / ∂y)"},
      {"abs", group, "abs(x)", "|x|"},
      {"sign", group, "sign(x)", "−1, 0 or 1"},
      {"floor", group, "floor(x)", "the largest whole number ≤ x"},
      {"ceil", group, "ceil(x)", "the smallest whole number ≥ x"},
      {"round", group, "round(x)", "the nearest whole number, halves to even"},
      {"trunc", group, "trunc(x)", "x without what is behind the point"},
      {"cast", group, "cast(x, dtype)", "x in another dtype"},
      {"add", group, "add(a, b), a + b", "a + b"},
      {"sub", group, "sub(a, b), a - b", "a − b"},
      {"mul", group, "mul(a, b), a * b", "a b"},
      {"div", group, "div(a, b), a / b", "a / b; of int64, cut towards 0"},
      {"fmod", group, "fmod(a, b)", "a − b trunc(a / b), exactly"},
      {"pow", group, "pow(a, b)", "aᵇ"},
      {"maximum", group, "maximum(a, b)", "the larger one"},
      {"minimum", group, "minimum(a, b)", "the smaller one"},
      {"atan2", group, "atan2(y, x)", "the angle of the point (x, y) in (−π, π]"},
      {"fma", group, "fma(a, b, c)", "a b + c, rounded once"},
      {"where", group, "where(condition, a, b)", "a where the condition holds, else b"},
      {"equal", group, "equal(a, b), a == b", "a = b"},
      {"not_equal", group, "not_equal(a, b), a != b", "a ≠ b"},
      {"less", group, "less(a, b), a < b", "a < b"},
      {"less_equal", group, "less_equal(a, b), a <= b", "a ≤ b"},
      {"greater", group, "greater(a, b), a > b", "a > b"},
      {"greater_equal", group, "greater_equal(a, b), a >= b", "a ≥ b"},
      {"logical_and", group, "logical_and(a, b)", "a and b"},
      {"logical_or", group, "logical_or(a, b)", "a or b"},
      {"logical_xor", group, "logical_xor(a, b)", "either a or b"},
      {"logical_not", group, "logical_not(x), !x", "not x"},
      {"bitwise_and", group, "bitwise_and(a, b), a & b", "a and b, bit by bit"},
      {"bitwise_or", group, "bitwise_or(a, b), a | b", "a or b, bit by bit"},
      {"bitwise_xor", group, "bitwise_xor(a, b), a ^ b", "either a or b, bit by bit"},
      {"left_shift", group, "left_shift(a, b)", "a 2ᵇ"},
      {"right_shift", group, "right_shift(a, b)", "⌊a / 2ᵇ⌋"},
  };
}

}  // namespace

const std::vector<Equation>& equations() {
  static const std::vector<Equation> all = [] {
    std::vector<Equation> list = elementwise_equations();
    const std::vector<Equation> others{
        {"sum", statistics, "sum(x, axes, keep)", "Σ xᵢ"},
        {"prod", statistics, "prod(x, axes, keep)", "Π xᵢ"},
        {"max", statistics, "max(x, axes, keep)", "the largest xᵢ"},
        {"min", statistics, "min(x, axes, keep)", "the smallest xᵢ"},
        {"argmax", statistics, "argmax(x, axis, keep)", "the first i whose xᵢ is largest"},
        {"argmin", statistics, "argmin(x, axis, keep)", "the first i whose xᵢ is smallest"},
        {"reshape", movement, "reshape(x, shape)", "the same elements under another shape"},
        {"permute", movement, "permute(x, order)", "axis i of y is axis orderᵢ of x"},
        {"broadcast_to", movement, "broadcast_to(x, shape)", "axes of size 1 repeated"},
        {"slice", movement, "slice(x, axis, start, stop, step)", "yᵢ = x at start + i step"},
        {"pad", movement, "pad(x, axis, before, after, value, interior)",
         "elements of a value around an axis and between its elements"},
        {"flip", movement, "flip(x, axes)", "yᵢ = x at n − 1 − i"},
        {"concat", movement, "concat(tensors, axis)", "one behind the other along an axis"},
        {"gather", indices, "gather(x, axis, index)", "y[i][j] = x[index[i][j]][j]"},
        {"scatter_add", indices, "scatter_add(x, axis, index, source)",
         "y = x, then y[index[i][j]][j] += source[i][j]"},
        {"one_hot", indices, "one_hot(index, classes, dtype)", "y[..., i] = 1 where the index is i, else 0"},
        {"scatter_argmax", indices, "(in scatter and scatter_reduce)",
         "of the elements that go to an index, the place of the last largest"},
        {"matmul", products, "matmul(a, b)", "yᵢⱼ = Σₖ aᵢₖ bₖⱼ"},
        {"unfold", windows, "unfold(x, {{axis, size, stride, dilation, before, after}, ...}, value)",
         "y[..., i, ..., k] = x[..., i stride + k dilation − before, ...]"},
        {"fold", windows, "fold(x, shape, {{axis, size, stride, dilation, before, after}, ...})",
         "the transpose of unfold: Σ of the copies of each element"},
        {"argsort", order, "argsort(x, axis, descending)", "the indices that would sort an axis; stable"},
        {"cumsum", order, "cumsum(x, axis, reverse)", "yᵢ = x₀ + ... + xᵢ"},
        {"cumprod", order, "cumprod(x, axis)", "yᵢ = x₀ ··· xᵢ"},
        {"cummax", order, "cummax(x, axis)", "yᵢ = max(x₀, ..., xᵢ)"},
        {"cummin", order, "cummin(x, axis)", "yᵢ = min(x₀, ..., xᵢ)"},
        {"logcumsumexp", order, "logcumsumexp(x, axis)", "yᵢ = log(exp x₀ + ... + exp xᵢ)"},
        {"product_of_others", order, "product_of_others(x, axis)", "yᵢ = Π xⱼ, j ≠ i"},
        {"linear_recurrence", order, "linear_recurrence(a, b, axis)", "hᵢ = aᵢ hᵢ₋₁ + bᵢ, h₀ = b₀"},
        {"cholesky", linalg, "cholesky(x)", "L, lower triangular, with L Lᵀ = (x + xᵀ) / 2"},
        {"triangular_solve", linalg, "triangular_solve(a, b, options)", "y with a y = b, a triangular"},
        {"solve", linalg, "solve(a, b)", "y with a y = b"},
        {"det", linalg, "det(a)", "the determinant"},
        {"logabsdet", linalg, "slogdet(a).logarithm", "log |det a|"},
        {"det_sign", linalg, "slogdet(a).sign", "the sign of det a"},
        {"cofactors", linalg, "(in the derivative of det)", "∂ det a / ∂ aᵢⱼ"},
        {"orthonormal", linalg, "qr(x).q", "q with qᵀ q = 1, for which qᵀ x is upper triangular"},
        {"pinv", linalg, "pinv(x, rtol)", "y with x y x = x, y x y = y, both x y and y x symmetric"},
        {"eigh", linalg, "(in eigh and eigvalsh)", "values and vectors of a matrix at once"},
        {"eigenvalues", linalg, "eigh(x).values", "λᵢ with (x + xᵀ) / 2 vᵢ = λᵢ vᵢ, ascending"},
        {"eigenvectors", linalg, "eigh(x).vectors", "vᵢ with (x + xᵀ) / 2 vᵢ = λᵢ vᵢ, orthonormal"},
        {"reciprocal_gaps", linalg, "(in the derivatives of eigh and svd)", "1 / (λᵢ − λⱼ), 0 for i = j"},
        {"svd", linalg, "(in svd and svdvals)", "values and vectors of a matrix at once"},
        {"singular_values", linalg, "svd(x).s", "σᵢ with x vᵢ = σᵢ uᵢ, descending"},
        {"singular_vectors", linalg, "svd(x).u, svd(x).vh", "orthonormal uᵢ and vᵢ with x vᵢ = σᵢ uᵢ"},
        {"matrix_exp", linalg, "matrix_exp(x)", "Σₖ xᵏ / k!"},
        {"full", creation, "full(shape, value, dtype)", "one number everywhere"},
        {"uniform", creation, "uniform(shape, rng, low, high, dtype)", "uniform in [low, high)"},
        {"normal", creation, "normal(shape, rng, mean, deviation, dtype)", "normally distributed"},
        {"randint", creation, "randint(shape, rng, low, high)", "whole numbers in [low, high)"},
        {"bernoulli", creation, "bernoulli(p, rng)", "true with probability p"},
        {"categorical", creation, "categorical(logits, rng, axis)", "i with probability softmax(logits)ᵢ"},
        {"above", creation, "(in the parameters of draws)", "x, found to be above a bound"},
        {"gamma_draw", creation, "(in gamma, beta, dirichlet, ...)", "with density x^(a − 1) exp(−x) / Γ(a)"},
        {"gamma_quantile", creation, "(in the derivative of these)", "y(a) at which P(a, y) stays what it is"},
        {"poisson_draw", creation, "(in poisson)", "k with probability rateᵏ exp(−rate) / k!"},
        {"truncated_normal_draw", creation, "(in truncated_normal)", "Φ⁻¹((1 − u) Φ(low) + u Φ(high))"},
        {"draw_without_replacement", creation, "(in multinomial)", "the indices of the largest logits + Gumbel noise"},
        {"leaf", tape, "tensor(values, dtype)", "given numbers"},
        {"identity", tape, "track(x)", "x, as a variable to differentiate by"},
        {"named_value", tape, "name_value(x, name)", "x, which has a name"},
        {"change_cotangent", tape, "change_cotangent(x, change)", "x, whose cotangent g becomes change(g)"},
        {"scale_gradient", tape, "scale_gradient(x, factor)", "x, whose cotangent g becomes factor g"},
    };
    list.insert(list.end(), others.begin(), others.end());
    return list;
  }();
  return all;
}

}  // namespace xgrad::catalogue
