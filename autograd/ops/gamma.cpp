#include "autograd/ops/gamma.hpp"

#include <numbers>

#include "autograd/ops/families.hpp"

namespace xgrad {

namespace {

// A function of each element without an instruction of the engine.
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

}  // namespace

Tensor lgamma(const Operand& x) { return record(x.where(), Lgamma{}, x.tensor()); }

Tensor digamma(const Operand& x) { return polygamma(0, x); }

Tensor polygamma(std::int64_t n, const Operand& x) {
  check<ValueError>(n >= 0 && n <= 100, x.where(), "polygamma: the order is ", n, ", not in 0 to 100");
  return record(x.where(), Polygamma(n), x.tensor());
}

Tensor erfinv(const Operand& x) { return record(x.where(), Erfinv{}, x.tensor()); }

}  // namespace xgrad
