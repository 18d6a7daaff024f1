// The random primitives. Their numbers are a function of where a stream stands, so that they can be computed again.

#include <cmath>
#include <limits>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

/// Elements drawn from a stream of random numbers. Self gives `id`, `names` of the two numbers a and b, and `kernel`.
template <class Self>
struct Random : Operation<Self> {
  const Shape* shape;  // the caller's, while recording; the entry keeps the shape
  RandomState state;
  double a, b;
  DType dtype;
  Random(const Shape& shape_, RandomState state_, double a_, double b_, DType dtype_)
      : shape(&shape_), state(state_), a(a_), b(b_), dtype(dtype_) {}

  Signature infer(std::span<const Tensor>, const Location&) const override { return {*shape, dtype}; }
  void run(std::span<const View>, const View& y, const Location&) const override { Self::kernel(state, a, b, y); }
  void describe(Fields& fields) const override {
    fields(Self::names[0], a);
    fields(Self::names[1], b);
    fields("key", static_cast<std::int64_t>(state.key));
    fields("counter", static_cast<std::int64_t>(state.counter));
  }
};

struct Uniform : Random<Uniform> {  // y ~ U[low, high)
  static constexpr auto id = "uniform";
  static constexpr const char* names[] = {"low", "high"};
  static constexpr auto kernel = kernels::uniform;
  using Random::Random;
};

struct Normal : Random<Normal> {  // y ~ N(mean, deviation^2)
  static constexpr auto id = "normal";
  static constexpr const char* names[] = {"mean", "deviation"};
  static constexpr auto kernel = kernels::normal;
  using Random::Random;
};

// One block of the stream for every two elements.
template <class P>
Tensor draw(const Shape& shape, Rng& rng, double a, double b, DType dtype, const Location& where) {
  check<DTypeError>(is_floating(dtype), where, P::id, ": the dtype must be floating, not ", dtype);
  check_shape(shape, item_size(dtype), P::id, where);
  const auto count = static_cast<std::uint64_t>(shape.numel());
  return record(where, P(shape, rng.reserve(count / 2 + count % 2), a, b, dtype));
}

double largest(DType dtype) {
  return dtype == float32 ? double{std::numeric_limits<float>::max()} : std::numeric_limits<double>::max();
}

}  // namespace

Tensor uniform(const Shape& shape, Rng& rng, double low, double high, DType dtype, const Location& where) {
  const double most = largest(dtype);
  check<ValueError>(low <= high && low >= -most && high <= most && high - low <= most, where, "uniform: there are no ",
                    dtype, " numbers to draw from [", low, ", ", high, ")");
  return draw<Uniform>(shape, rng, low, high, dtype, where);
}

Tensor normal(const Shape& shape, Rng& rng, double mean, double deviation, DType dtype, const Location& where) {
  check<ValueError>(std::isfinite(mean) && std::isfinite(deviation) && deviation >= 0, where,
                    "normal: there is no normal distribution with mean ", mean, " and deviation ", deviation);
  return draw<Normal>(shape, rng, mean, deviation, dtype, where);
}

}  // namespace xgrad
