// Which entries are taken for one: those of primitives made outside, whose arguments may be described or not.

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/ops/families.hpp"

namespace xgrad::sameness_test {
namespace {

template <class Self>
struct Scaling : Operation<Self> {  // y = k x
  double k;
  explicit Scaling(double factor) : k(factor) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const {
    return record(Location::current(), this->self(), g);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    ++runs;
    for (std::int64_t i = 0; i < y.numel(); ++i) y.as<double>()[i] = k * inputs[0].as<double>()[i];
  }
  static inline int runs = 0;
};

struct Described : Scaling<Described> {
  static constexpr auto id = "custom_described_scaling";
  using Scaling::Scaling;
  void describe(Fields& fields) const override { fields("k", k); }
};
struct Alone : Scaling<Alone> {
  static constexpr auto id = "custom_scaling_alone";
  static constexpr bool mergeable = false;
  using Scaling::Scaling;
};

template <class P>
Tensor scaled(double k, const Tensor& x) {
  return record(Location::current(), P(k), x);
}

/// The sum of two multiples, its derivative, and how often the kernel ran for them.
template <class P>
std::vector<double> two_multiples(double a, double b) {
  const Tensor x = track(tensor({1.0, 10.0}, float64));
  const Tensor y = scaled<P>(a, x) + scaled<P>(b, x);
  const Tensor g = grad(sum(y), x);
  P::runs = 0;
  evaluate(std::vector<Tensor>{y, g});
  return {y.to_vector()[0], y.to_vector()[1], g.to_vector()[0], double(P::runs)};
}

struct CustomGather : Operation<CustomGather> {  // along an axis that nobody is told
  static constexpr auto id = "custom_gather";
  static constexpr bool mergeable = false;
  std::int64_t axis;
  explicit CustomGather(std::int64_t along) : axis(along) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[1].shape(), inputs[0].dtype()};
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    const std::int64_t columns = inputs[0].shape[1];
    for (std::int64_t i = 0; i < y.numel(); ++i) {
      const std::int64_t at = inputs[1].as<std::int64_t>()[i];
      y.as<double>()[i] = inputs[0].as<double>()[axis == 1 ? i * columns + at : at * columns];
    }
  }
  Lowering lower() const override { return {.kind = Lowering::Kind::gather, .axis = axis}; }
};

struct Shift : Elementwise1<Shift> {  // y = x + k where it is not planned: as whole numbers
  static constexpr auto id = "custom_shift";
  static constexpr auto instruction = Instruction::neg;
  static constexpr Domain domain = Domain::numeric;
  std::int64_t k;
  explicit Shift(std::int64_t by) : k(by) {}
  Tensor vjp(const Tensor& g, const Tensor&, const Tensor&) const { return g; }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    for (std::int64_t i = 0; i < y.numel(); ++i) y.as<std::int64_t>()[i] = inputs[0].as<std::int64_t>()[i] + k;
  }
  void describe(Fields& fields) const override { fields("k", k); }
};

struct Level : Operation<Level> {  // what every element is
  static constexpr auto id = "custom_level";
  std::int64_t value;
  explicit Level(std::int64_t level) : value(level) {}
  Signature infer(std::span<const Tensor>, const Location&) const override { return {Shape{2}, int64}; }
  void run(std::span<const View>, const View& y, const Location&) const override {
    for (auto& element : y.span<std::int64_t>()) element = value;
  }
  Lowering lower() const override { return {.kind = Lowering::Kind::constant, .value = static_cast<double>(value)}; }
  void describe(Fields&) const override {}  // that is what the lowering says
};

}  // namespace

TEST_CASE("primitives with different arguments are different values, in one tape and in the next", "[sameness]") {
  for (int round = 0; round < 2; ++round) {
    CHECK(two_multiples<Described>(2, 3) == std::vector<double>{5, 50, 5, 4});
    CHECK(two_multiples<Alone>(2, 3) == std::vector<double>{5, 50, 5, 4});
    CHECK(two_multiples<Alone>(4, 5) == std::vector<double>{9, 90, 9, 4});
    CHECK(two_multiples<Described>(4, 5) == std::vector<double>{9, 90, 9, 4});
  }
}

TEST_CASE("equal ones are computed once, if they can be known to be equal", "[sameness]") {
  const double runs = engine() == "fused" ? 2 : 4;  // of the reference engine none is another's
  CHECK(two_multiples<Described>(2, 2) == std::vector<double>{4, 40, 4, runs});
  CHECK(two_multiples<Alone>(2, 2) == std::vector<double>{4, 40, 4, 4});
  // The plan for two equal ones is no plan for others.
  CHECK(two_multiples<Described>(2, 7) == std::vector<double>{9, 90, 9, 4});
  CHECK(two_multiples<Alone>(2, 7) == std::vector<double>{9, 90, 9, 4});
}

TEST_CASE("what a plan knows of a primitive that is not described is part of its key", "[sameness]") {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}, float64), index = tensor({{1}, {0}});
  const auto gathered = [&](std::int64_t axis) {
    return (record(Location::current(), CustomGather(axis), x * 10, index) + 1).to_vector();
  };
  for (int round = 0; round < 2; ++round) {
    CHECK(gathered(1) == std::vector<double>{21, 31});
    CHECK(gathered(0) == std::vector<double>{31, 11});
  }
}

TEST_CASE("arguments of elementwise primitives are part of the key, too", "[sameness]") {
  const Tensor x = tensor({1, 2});
  const auto shifted = [&](std::int64_t a, std::int64_t b) {
    return (record(Location::current(), Shift(a), x) * record(Location::current(), Shift(b), x)).to_vector();
  };
  CHECK(shifted(1, 1) == std::vector<double>{4, 9});
  CHECK(shifted(1, 2) == std::vector<double>{6, 12});
}

TEST_CASE("constants are one where their value says so", "[sameness]") {
  const auto sum_of = [](std::int64_t a, std::int64_t b) {
    return (record(Location::current(), Level(a)) * 10 + record(Location::current(), Level(b))).to_vector();
  };
  CHECK(sum_of(1, 1) == std::vector<double>{11, 11});
  CHECK(sum_of(1, 2) == std::vector<double>{12, 12});
}

TEST_CASE("a copy of an entry for a checkpoint keeps what is known of its primitive", "[sameness]") {
  const Tensor x = tensor({1.0, 10.0}, float64);
  const auto f = [](const Tensor& t) {
    return sum(checkpoint([](const Tensor& u) { return scaled<Alone>(2, u) * scaled<Alone>(3, u); }, t));
  };
  CHECK(grad(f)(x).to_vector() == std::vector<double>{12, 120});
}

}  // namespace xgrad::sameness_test
