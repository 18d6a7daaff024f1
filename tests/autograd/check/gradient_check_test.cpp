#include "autograd/check/gradient_check.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "autograd/transform/mutation.hpp"
#include "tests/throws.hpp"

namespace xgrad::gradient_check_test {
namespace {

Tensor f64(const Literal& values) { return tensor(values, float64); }

const char* spoiled = "";
double factor = 1;
Tensor spoil(const Entry& entry, std::size_t, const Tensor& cotangent) {
  return std::strcmp(entry.primitive->name(), spoiled) == 0 ? cotangent * factor : cotangent;
}
// Derivative rules of one primitive are off by a factor while it lives.
struct Spoiled {
  Spoiled(const char* name, double by) {
    spoiled = name;
    factor = by;
    detail::mutation = spoil;
  }
  ~Spoiled() { detail::mutation = nullptr; }
};

Tensor layer(const Tensor& x, const Tensor& w) { return tanh(matmul(x, w)) + sum(x * x); }

TEST_CASE("a right function passes to the third order") {
  const auto report = check_gradient(layer, {f64({{0.5, -1.25}}), f64({{0.25}, {0.75}})}, {.order = 3});
  INFO(report.text());
  CHECK(report.verdict == Verdict::pass);
  CHECK(report.order >= 1);
}

TEST_CASE("a rule that is off by one part in a million fails, and is blamed with its line") {
  const Spoiled rule("exp", 1 + 1e-6);
  int line = 0;
  const auto f = [&](const Tensor& x) {
    const Tensor y = sin(x);
    line = __LINE__ + 1;
    return log(exp(y) + 1);
  };
  const auto report = check_gradient(f, {f64({0.5, 1.5, -0.25})});
  INFO(report.text());
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.primitive == "exp");
  CHECK(static_cast<int>(report.where.line()) == line);
  CHECK(report.input == 0);
  CHECK(report.index.size() == 1);
  CHECK(report.analytic / report.numeric == Approx(1 + 1e-6).epsilon(1e-8));
  CHECK(report.error_estimate < 1e-9);
  const std::string place = "gradient_check_test.cpp:" + std::to_string(line);
  CHECK(report.text().find("to blame: the rule of exp for its input 0, recorded at " + place) != std::string::npos);
}

TEST_CASE("an input with many elements is checked in random directions") {
  Rng rng(3);
  const Tensor x = normal({10, 10}, rng, 0, 1, float64);
  const auto f = [](const Tensor& t) { return cumsum(cos(t), 0); };
  CHECK(check_gradient(f, {x}, {.order = 2}).verdict == Verdict::pass);
  const Spoiled rule("cumsum", 1 + 1e-6);
  const auto report = check_gradient(f, {x});
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.along_direction);
  CHECK(report.primitive == "cumsum");
}

// Right at first order; but the rule hides that it depends on x.
struct HalfHidden : Operation<HalfHidden> {
  static constexpr auto id = "custom_half_hidden";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return g * cos(stop_gradient(inputs[0]));
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    for (std::int64_t i = 0; i < y.numel(); ++i) y.as<double>()[i] = std::sin(inputs[0].as<double>()[i]);
  }
};

TEST_CASE("a rule that is right once and wrong twice is found at order 2") {
  const auto f = [](const Tensor& x) { return exp(record(Location::current(), HalfHidden{}, x)); };
  CHECK(check_gradient(f, {f64({0.5})}).verdict == Verdict::pass);
  const auto report = check_gradient(f, {f64({0.5})}, {.order = 2});
  INFO(report.text());
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.order == 2);
  CHECK(report.primitive == "custom_half_hidden");
}

TEST_CASE("a stop_gradient in the function fails, without a rule to blame") {
  const auto report = check_gradient([](const Tensor& x) { return x * stop_gradient(x); }, {f64({0.5})});
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.primitive.empty());
  CHECK(report.text().find("stop_gradient") != std::string::npos);
}

TEST_CASE("a kink, a singularity and a NaN are inconclusive, never a pass") {
  const auto verdict = [](auto f, double x) { return check_gradient(f, {f64({x})}).verdict; };
  CHECK(verdict([](const Tensor& x) { return abs(x); }, 0) == Verdict::inconclusive);
  CHECK(verdict([](const Tensor& x) { return maximum(x, 0); }, 0) == Verdict::inconclusive);
  CHECK(verdict([](const Tensor& x) { return abs(x - 1e-9); }, 0) == Verdict::inconclusive);
  CHECK(verdict([](const Tensor& x) { return sqrt(x); }, 0) == Verdict::inconclusive);
  CHECK(verdict([](const Tensor& x) { return floor(x); }, 1) == Verdict::inconclusive);
  CHECK(verdict([](const Tensor& x) { return log(x); }, -1) == Verdict::inconclusive);
  CHECK(verdict([](const Tensor& x) { return where(x > 0, x * x, -x); }, 0) == Verdict::inconclusive);
  CHECK(verdict([](const Tensor& x) { return abs(x); }, 1e-2) == Verdict::pass);
  CHECK(verdict([](const Tensor& x) { return log(x); }, 1e-2) == Verdict::pass);
}

TEST_CASE("a NaN gradient of a finite function fails") {
  const auto f = [](const Tensor& x) { return sqrt(sum(x * x)) * 0 + sum(x * x); };
  CHECK(check_gradient(f, {f64({0, 0})}).verdict == Verdict::fail);
  const auto g = [](const Tensor& x) { return pow(x * x, 1.5); };
  CHECK(check_gradient(g, {f64({0.5})}).verdict == Verdict::pass);
  const auto h = [](const Tensor& x) { return where(x < 1, x * x, sqrt(sqrt(x * x) - 2) * 0); };
  CHECK(check_gradient(h, {f64({0.5})}).verdict == Verdict::pass);
}

TEST_CASE("float32 is refused unless asked for") {
  const auto f = [](const Tensor& x) { return sin(x); };
  throws<DTypeError>("check_gradient: input 0 is [2] f32; numeric derivatives need f64 (cast it, or set allow_float32)")
      .by([&] {
        return check_gradient(f, {tensor({0.5, 0.25})});
      });
  CHECK(check_gradient(f, {tensor({0.5, 0.25})}, {.allow_float32 = true}).verdict == Verdict::pass);
  const Spoiled rule("sin", 1.001);
  const auto report = check_gradient(f, {tensor({0.5, 0.25})}, {.allow_float32 = true});
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.primitive == "sin");
}

TEST_CASE("several inputs, inputs of whole numbers, empty inputs and Parameters") {
  const Tensor index = tensor({1, 0, 1});
  const auto f = [](const std::vector<Tensor>& x) { return gather(x[0], 0, x[1]) * sum(x[2]); };
  const auto report = check_gradient(f, {f64({0.5, 1.5}), index, f64({0.5})}, {.order = 2});
  INFO(report.text());
  CHECK(report.verdict == Verdict::pass);
  CHECK(check_gradient([](const Tensor& x) { return x * x; }, {zeros({0, 3}, float64)}).verdict == Verdict::pass);
  const Parameter w(f64({2, 3}));
  CHECK(check_gradient([&](const Tensor& x) { return x * w * w; }, {f64({0.5, 1.5})}).verdict == Verdict::pass);
  CHECK(check_gradient([&](const Tensor& x) { return x * w; }, {w}).verdict == Verdict::pass);
}

TEST_CASE("bad options are a ValueError") {
  const auto f = [](const Tensor& x) { return sin(x); };
  throws<ValueError>("check_gradient: the order 0 is not positive").by([&] {
    return check_gradient(f, {f64({0.5})}, {.order = 0});
  });
}

TEST_CASE("the verdict does not depend on tracking outside, and leaves no entries behind") {
  const Tensor x = f64({0.5, 0.25});
  {
    const NoGrad untracked;
    CHECK(check_gradient([](const Tensor& t) { return exp(t); }, {x}, {.order = 2}).verdict == Verdict::pass);
  }
  CHECK_THAT(layer, DifferentiatesCorrectly({f64({{0.5, -1.25}}), f64({{0.25}, {0.75}})}).order(2).seed(7));
  CHECK_FALSE(DifferentiatesCorrectly(x).match([](const Tensor& t) { return t * stop_gradient(t); }));
}

}  // namespace
}  // namespace xgrad::gradient_check_test
