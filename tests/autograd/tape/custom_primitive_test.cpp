// Primitives made outside the library.

#include <array>
#include <catch2/catch.hpp>
#include <stdexcept>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "autograd/tape/slab.hpp"
#include "tests/throws.hpp"

namespace xgrad::custom_primitive_test {
namespace {

template <class Self>
struct Cube : Operation<Self> {  // y = x^3
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    for (std::int64_t i = 0; i < y.numel(); ++i) {
      const double x = inputs[0].as<double>()[i];
      y.as<double>()[i] = x * x * x;
    }
  }
};

struct GoodCube : Cube<GoodCube> {
  static constexpr auto id = "custom_cube";
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return g * 3 * inputs[0] * inputs[0];
  }
};
struct RulelessCube : Cube<RulelessCube> {
  static constexpr auto id = "custom_without_vjp";
};
struct WrongShape : Cube<WrongShape> {
  static constexpr auto id = "custom_wrong_shape";
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const { return sum(g); }
};
struct WrongDType : Cube<WrongDType> {
  static constexpr auto id = "custom_wrong_dtype";
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const { return cast(g, float32); }
};
struct Big : Cube<Big> {  // too big to be held in an entry
  static constexpr auto id = "custom_big";
  static constexpr bool mergeable = false;
  std::array<double, 20> factors{};
  std::vector<int> more = std::vector<int>(100, 3);
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return g * more[50] * inputs[0] * inputs[0];
  }
};
struct Failing : Cube<Failing> {
  static constexpr auto id = "custom_failing";
  bool in_run, in_vjp;
  Failing(bool run_fails, bool vjp_fails) : in_run(run_fails), in_vjp(vjp_fails) {}
  void describe(Fields& fields) const override {
    fields("in_run", in_run);
    fields("in_vjp", in_vjp);
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    if (in_vjp) throw std::runtime_error("vjp failed");
    return g * 3 * inputs[0] * inputs[0];
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    if (in_run) throw std::runtime_error("run failed");
    Cube::run(inputs, y, where);
  }
};
struct NotANumber : Cube<NotANumber> {
  static constexpr auto id = "custom_nan";
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const { return g * 0 / 0; }
};

template <class P>
Tensor apply(P primitive, const Operand& x) {
  return record(x.where(), std::move(primitive), x.tensor());
}

Tensor x2() { return track(tensor({0.5, -2.0}, float64)); }

TEST_CASE("a primitive made outside has values and all orders of derivatives") {
  const auto cube = [](const Tensor& x) { return apply(GoodCube{}, x); };
  CHECK(cube(x2()).to_vector() == std::vector<double>{0.125, -8});
  const auto report = check_gradient(cube, {tensor({0.5, -2.0}, float64)}, {.order = 3});
  INFO(report.text());
  CHECK(report);
}

TEST_CASE("a primitive without a rule is fine until a derivative is asked for") {
  CHECK(apply(RulelessCube{}, tensor({2.0}, float64)).item() == 8);
  const Tensor x = x2();
  throws<GraphError>("custom_without_vjp: a derivative is asked for, but it has no vjp").by([&] {
    return apply(RulelessCube{}, x);
  });
  const NoGrad untracked;
  CHECK(apply(RulelessCube{}, x).to_vector() == std::vector<double>{0.125, -8});
}

TEST_CASE("a kernel that takes its elements for those of another dtype is refused") {
  const Tensor narrow = apply(GoodCube{}, tensor({0.5, -2.0, 3.0}));  // its kernel is of float64
  try {
    evaluate(narrow);
    FAIL("nothing was thrown");
  } catch (const DTypeError& error) {
    CHECK(std::string(error.what()) ==
          "custom_cube: elements of f64 are asked for, but those of [3] f32 are there, at custom_primitive_test.cpp:" +
              std::to_string(__LINE__ - 7));
  }
  CHECK_FALSE(narrow.evaluated());
  const Shape shape{2};
  float elements[2] = {1, 2};
  const View view{elements, shape, float32};
  CHECK(view.as<float>() == elements);
  CHECK(view.span<const float>()[1] == 2);
  throws<DTypeError>("elements of i64 are asked for, but those of [2] f32 are there").by([&] {
    view.as<std::int64_t>();
  });
  throws<DTypeError>("elements of bool are asked for, but those of [2] f32 are there").by([&] {
    return view.span<const bool>();
  });
}

TEST_CASE("a rule that gives the wrong shape or dtype is named") {
  const Tensor x = x2(), shape = sum(apply(WrongShape{}, x));
  try {
    grad(shape, x);
    FAIL("nothing was thrown");
  } catch (const ShapeError& error) {
    CHECK(std::string(error.what()) ==
          "custom_wrong_shape: the vjp for input 0 gives [] f64 for [2] f64, at custom_primitive_test.cpp:" +
              std::to_string(__LINE__ - 7));
  }
  const Tensor dtype = sum(apply(WrongDType{}, x));
  CHECK_THROWS_AS(grad(dtype, x), DTypeError);
}

TEST_CASE("a primitive too big for an entry is held outside, copied and freed") {
  const std::int64_t before = live_entries();
  {
    const auto f = [](const Tensor& x) { return sum(apply(Big{}, x)); };
    const auto again = [&](const Tensor& x) { return checkpoint(f, x); };
    const Tensor x = tensor({0.5, -2.0}, float64);
    CHECK(grad(f)(x).to_vector() == std::vector<double>{0.75, 12});
    CHECK(grad(again)(x).to_vector() == std::vector<double>{0.75, 12});
    const Tensor dropped = apply(Big{}, x);
  }
  CHECK(live_entries() == before);
}

TEST_CASE("an exception in run or vjp leaves gradients alone, and the next step works") {
  const Parameter w(tensor({0.5, -2.0}, float64));
  backward(sum(w * w));
  const std::vector<double> before = w.gradient().to_vector();
  const std::int64_t entries = live_entries();
  for (int round = 0; round < 3; ++round) {
    CHECK_THROWS_AS(backward(sum(w * apply(Failing(false, true), w))), std::runtime_error);
    {
      const Tensor bad = sum(exp(apply(Failing(true, false), w * 2)));
      CHECK_THROWS_AS(bad.item(), std::runtime_error);
      CHECK_FALSE(bad.evaluated());
      CHECK_THROWS_AS(bad.item(), std::runtime_error);  // still pending
    }
    CHECK(w.gradient().to_vector() == before);
    CHECK(live_entries() == entries);
  }
  backward(sum(apply(Failing(false, false), w)));
  CHECK(w.gradient().to_vector() == std::vector<double>{1 + 0.75, -4 + 12});
}

TEST_CASE("a rule that gives NaN passes, and is found by check_finite") {
  const Tensor x = x2();
  const Tensor y = apply(NotANumber{}, x);
  const Tensor gradient = grad(sum(y), x);
  CHECK(std::isnan(gradient.to_vector()[0]));
  const Tensor again = grad(sum(y), x);
  try {
    check_finite(again);
    FAIL("nothing was thrown");
  } catch (const ValueError& error) {
    CHECK(error.where().line() == __LINE__ - 8);
  }
}

}  // namespace
}  // namespace xgrad::custom_primitive_test
