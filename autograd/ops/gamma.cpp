#include "autograd/ops/gamma.hpp"

#include <cstring>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/densities.hpp"
#include "autograd/ops/families.hpp"

namespace xgrad {

namespace {

// An elementwise function that has no instruction of the engine.
template <class Self>
struct Special : Operation<Self> {
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_domain(Domain::floating, Self::id, inputs[0], where);
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor batched(const Examples& examples) const override { return record_spread(this->self(), examples); }
};

struct Lgamma : Special<Lgamma> {  // y = log |Gamma(x)|
  static constexpr auto id = "lgamma";
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return g * digamma(inputs[0]);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::lgamma(inputs[0], y);
  }
};

struct Polygamma : Special<Polygamma> {  // y = d^n / dx^n digamma(x)
  static constexpr auto id = "polygamma";
  std::int64_t n;
  explicit Polygamma(std::int64_t order) : n(order) {}
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return g * polygamma(n + 1, inputs[0]);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::polygamma(n, inputs[0], y);
  }
  void describe(Fields& fields) const override { fields("n", n); }
};

struct Erfinv : Special<Erfinv> {  // erf(y) = x
  static constexpr auto id = "erfinv";
  // sqrt(pi) / 2 e^(y^2)
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor& y) const {
    return g * (0.5 / std::numbers::inv_sqrtpi * exp(y * y));
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::erfinv(inputs[0], y);
  }
};

struct IncompleteGamma : Operation<IncompleteGamma> {  // y = P(a, x) or 1 - P(a, x)
  static constexpr auto id = "gammainc";
  bool upper;
  explicit IncompleteGamma(bool upper_) : upper(upper_) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_dtypes(id, inputs[0], inputs[1], where);
    check_domain(Domain::floating, id, inputs[0], where);
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    const Tensor &a = inputs[0], &x = inputs[1], signed_g = upper ? -g : g;
    if (input == 1) {
      const Tensor finite = logical_not(x == std::numeric_limits<double>::infinity());
      return signed_g * where(finite, exp(log_density::gamma(where(finite, x, 1), a, 1)), 0);
    }
    // At the ends of x, P does not depend on a.
    const Tensor inside = logical_and(x > 0, isfinite(x)), at = where(inside, x, 1), y = log(at);
    const Tensor q = exp(log_density::gamma(at, a, 1) + y);
    return signed_g * where(inside, -q * detail::gamma_shape_derivative(1, a, y), 0);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::incomplete_gamma(upper, inputs[0], inputs[1], y);
  }
  void describe(Fields& fields) const override { fields("upper", upper); }
};

// q^(n) / q for q = x^a e^-x / Gamma(a) and its n-th derivative by a, where l = log x - psi(a): by the recursion of
// the complete polynomials of Bell.
Tensor relative_derivative(std::int64_t n, const Tensor& a, const Tensor& l) {
  std::vector<Tensor> b{ones_like(l)};
  for (std::int64_t k = 1; k <= n; ++k) {
    Tensor next = l * b.back();
    double binomial = 1;
    for (std::int64_t i = 1; i < k; ++i) {
      binomial *= static_cast<double>(k - i) / static_cast<double>(i);
      next = next - binomial * polygamma(i, a) * b[static_cast<std::size_t>(k - 1 - i)];
    }
    b.push_back(next);
  }
  return b.back();
}

// H_n(a, y) = -P^(n) / q, with the n-th derivative of P by a and with q at x = e^y.
struct GammaShapeDerivative : Operation<GammaShapeDerivative> {
  static constexpr auto id = "gamma_shape_derivative";
  std::int64_t n;
  explicit GammaShapeDerivative(std::int64_t order) : n(order) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_dtypes(id, inputs[0], inputs[1], where);
    check_domain(Domain::floating, id, inputs[0], where);
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& h) const {
    const Tensor &a = inputs[0], &y = inputs[1], l = y - digamma(a);
    if (input == 0) return g * (detail::gamma_shape_derivative(n + 1, a, y) - l * h);
    return g * (-relative_derivative(n, a, l) - h * (a - exp(y)));
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::gamma_shape_derivative(n, inputs[0], inputs[1], y);
  }
  void describe(Fields& fields) const override { fields("n", n); }
};

// y, as a function of a that keeps P(a, y) constant: dy / da = y H_1(a, log y).
struct GammaQuantile : Operation<GammaQuantile> {
  static constexpr auto id = "gamma_quantile";
  bool logarithm;  // whether y is the logarithm of that number
  explicit GammaQuantile(bool logarithm_) : logarithm(logarithm_) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_dtypes(id, inputs[0], inputs[1], where);
    check_domain(Domain::floating, id, inputs[0], where);
    return {inputs[1].shape(), inputs[1].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    if (input == 1) return g;
    if (logarithm) return g * detail::gamma_shape_derivative(1, inputs[0], y);
    const Tensor positive = y > 0, z = where(positive, y, 1);  // 0 has underflowed
    return g * where(positive, z * detail::gamma_shape_derivative(1, inputs[0], log(z)), 0);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    std::memcpy(y.data, inputs[1].data, static_cast<std::size_t>(y.numel()) * item_size(y.dtype));
  }
  void describe(Fields& fields) const override { fields("logarithm", logarithm); }
};

Tensor incomplete_gamma(const char* call, bool upper, const Operand& a, const Operand& x) {
  const CallScope scope(call, a.where());
  auto [shape, at] = broadcast_together(call, a, x);
  return record(a.where(), IncompleteGamma(upper), std::move(shape), std::move(at));
}

}  // namespace

Tensor lgamma(const Operand& x) { return record(x.where(), Lgamma{}, x.tensor()); }

Tensor digamma(const Operand& x) {
  const CallScope scope("digamma", x.where());
  return polygamma(0, x);
}

Tensor polygamma(std::int64_t n, const Operand& x) {
  check<ValueError>(n >= 0 && n <= 100, x.where(), "polygamma: the order is ", n, ", not in 0 to 100");
  return record(x.where(), Polygamma(n), x.tensor());
}

Tensor erfinv(const Operand& x) { return record(x.where(), Erfinv{}, x.tensor()); }

Tensor gammainc(const Operand& a, const Operand& x) { return incomplete_gamma("gammainc", false, a, x); }
Tensor gammaincc(const Operand& a, const Operand& x) { return incomplete_gamma("gammaincc", true, a, x); }

Tensor detail::gamma_shape_derivative(std::int64_t n, const Tensor& a, const Tensor& y) {
  check<ValueError>(n <= kernels::most_shape_derivatives, Location::current(), "gamma_shape_derivative: there are no ",
                    n, " derivatives by the shape");
  auto [shape, at] = broadcast_together("gamma_shape_derivative", a, y);
  return record(Location::current(), GammaShapeDerivative(n), std::move(shape), std::move(at));
}

Tensor detail::gamma_quantile(const Tensor& a, const Tensor& y, bool logarithm) {
  auto [shape, at] = broadcast_together("gamma_quantile", a, y);
  return record(Location::current(), GammaQuantile(logarithm), std::move(shape), std::move(at));
}

}  // namespace xgrad
