// The random primitives. Their numbers are a function of the stream's state, so that they can be computed again.

#include <cmath>
#include <limits>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

namespace {

// The random numbers of one example of a vmap. Each example has its own, so there is no value to read.
struct OfExample {
  bool is_one = Tape::current().tracing;
  void check_value(const char* call, const Location& where) const {
    check<GraphError>(!is_one || !Tape::current().tracing, where, call,
                      ": a value is asked of random numbers inside vmap, but each example draws its own");
  }
};

/// Elements drawn from a stream of random numbers. Self gives `id`, `names` of the two numbers a and b, and `kernel`.
template <class Self>
struct Random : Operation<Self> {
  const Shape* shape;  // the caller's, while recording; the entry keeps the shape
  RandomState state;
  double a, b;
  DType dtype;
  OfExample of_example{};
  Random(const Shape& shape_, RandomState state_, double a_, double b_, DType dtype_)
      : shape(&shape_), state(state_), a(a_), b(b_), dtype(dtype_) {}

  Signature infer(std::span<const Tensor>, const Location&) const override { return {*shape, dtype}; }
  void run(std::span<const View>, const View& y, const Location& where) const override {
    of_example.check_value(Self::id, where);
    Self::kernel(state, a, b, y);
  }
  Tensor batched(const Examples& examples) const override {
    const Shape all = examples.shape();
    Self drawn = this->self();
    drawn.shape = &all;
    drawn.of_example = {};
    return record(Location::current(), std::move(drawn));
  }
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

struct RandInt : Operation<RandInt> {  // y uniform among low, ..., low + range - 1
  static constexpr auto id = "randint";
  const Shape* shape;  // the caller's, while recording; the entry keeps the shape
  RandomState state;
  std::int64_t low;
  std::uint64_t range;
  OfExample of_example{};
  RandInt(const Shape& shape_, RandomState state_, std::int64_t low_, std::uint64_t range_)
      : shape(&shape_), state(state_), low(low_), range(range_) {}

  Signature infer(std::span<const Tensor>, const Location&) const override { return {*shape, int64}; }
  void run(std::span<const View>, const View& y, const Location& where) const override {
    of_example.check_value(id, where);
    kernels::randint(state, low, range, y);
  }
  Tensor batched(const Examples& examples) const override {
    return record(Location::current(), RandInt(examples.shape(), state, low, range));
  }
  void describe(Fields& fields) const override {
    fields("low", low);
    fields("range", static_cast<std::int64_t>(range));
    fields("key", static_cast<std::int64_t>(state.key));
    fields("counter", static_cast<std::int64_t>(state.counter));
  }
};

// These take the random numbers as an input, so that they are plain functions. They check their other inputs when they
// run.
struct Bernoulli : Operation<Bernoulli> {  // y = u < p
  static constexpr auto id = "bernoulli";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), boolean};
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::bernoulli(inputs[0], inputs[1], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

struct Categorical : Operation<Categorical> {  // along the last axis, on which u has as many numbers as are drawn
  static constexpr auto id = "categorical";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override { return {inputs[1].shape(), int64}; }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::categorical(inputs[0], inputs[1], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
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
  const double most = largest(dtype) / 16;  // no draw is 10 deviations away
  check<ValueError>(std::abs(mean) <= most && deviation <= most, where, "normal: ", dtype, " has no numbers for mean ",
                    mean, " and deviation ", deviation);
  return draw<Normal>(shape, rng, mean, deviation, dtype, where);
}

Tensor randint(const Shape& shape, Rng& rng, std::int64_t low, std::int64_t high, const Location& where) {
  check<ValueError>(low < high, where, "randint: there are no numbers in [", low, ", ", high, ")");
  check_shape(shape, item_size(int64), "randint", where);
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  return record(where, RandInt(shape, rng.reserve(static_cast<std::uint64_t>(shape.numel())), low, range));
}

Tensor bernoulli(const Shape& shape, Rng& rng, double p, const Location& where) {
  const CallScope scope("bernoulli", where);
  check<ValueError>(p >= 0 && p <= 1, where, "bernoulli: p = ", p, " is no probability");
  return uniform(shape, rng, 0, 1, float64, where) < p;
}

Tensor bernoulli(const Tensor& p, Rng& rng, const Location& where) {
  const CallScope scope("bernoulli", where);
  check<GraphError>(p.defined(), where, "bernoulli: p is an undefined Tensor");
  check_domain(Domain::floating, "bernoulli", p, where);
  return record(where, Bernoulli{}, p, uniform(p.shape(), rng, 0, 1, float64, where));
}

Tensor detail::categorical_draws(const Tensor& logits, const Tensor& u, const Location& where) {
  return record(where, Categorical{}, logits, u);
}

Tensor categorical(const Operand& logits, Rng& rng, std::int64_t axis) {
  const Location& where = logits.where();
  const CallScope scope("categorical", where);
  const Tensor input = logits.tensor();
  check_domain(Domain::floating, "categorical", input, where);
  axis = normalise_axis(axis, input.ndim(), "categorical", where);
  check<ValueError>(input.size(axis) > 0, where, "categorical: axis ", axis, " of ", describe(input),
                    " has no elements");
  const Tensor last = transpose(input, axis, -1);
  Shape rows = last.shape();
  rows[rows.ndim() - 1] = 1;
  const Tensor drawn = detail::categorical_draws(last, uniform(rows, rng, 0, 1, float64, where), where);
  return squeeze(transpose(drawn, axis, -1), axis);
}

}  // namespace xgrad
