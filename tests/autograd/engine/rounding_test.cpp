// A value has the same bits whoever reads or holds it: every elementwise value is rounded as it is written, and the
// order of a sum follows from its shape and axes.

#include <bit>
#include <cmath>

#include "tests/autograd/engine/agreement.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace xgrad::rounding_test {
namespace {

using fused::testing::InTier;

const std::vector<std::string> tiers = {"interpreted", "compiled", "compile-at-once"};

template <class Check>
void in_every_tier(const Check& check) {
  for (const std::string& name : tiers)
    for (const DType dtype : {float32, float64})
      // Vectors of a number, narrow rows, and rows that machine code takes.
      for (const std::int64_t size : {1, 7, 200}) {
        const InTier tier(name);
        INFO(name << ", " << xgrad::name(dtype) << ", " << size << " elements");
        check(dtype, size);
      }
}

bool same_bits(const Values& a, const Values& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](double u, double v) {
      return std::bit_cast<std::uint64_t>(u) == std::bit_cast<std::uint64_t>(v) || (std::isnan(u) && std::isnan(v));
    });
  });
}

/// The roots evaluated together, each by itself from a tape of its own, and as they are recorded.
void check_same_bits(const std::function<Roots()>& record) {
  const Values together = compute(engine().c_str(), record);
  Values alone, eager;
  for (std::size_t i = 0; i < together.size(); ++i) {
    const Tensor root = record()[i];
    alone.push_back(root.to_vector());
  }
  {
    const EagerScope scope;
    for (const Tensor& root : record()) eager.push_back(root.to_vector());
  }
  CHECK(same_bits(alone, together));
  CHECK(same_bits(eager, together));
}

TEST_CASE("what cancels exactly is zero", "[rounding]") {
  in_every_tier([](DType dtype, std::int64_t size) {
    const auto is_zero = [](const Tensor& x) {
      for (const double value : x.to_vector()) CHECK(value == 0);
    };
    const Tensor x = full({size}, 0.1, dtype), y = full({size}, 0.1, dtype), z = full({size}, 0.3, dtype);
    is_zero(x * x - y * y);
    is_zero(sqrt(x * x - y * y));
    is_zero(x * z - z * y);  // one component of the cross product of equal vectors
    // A double root.
    const Tensor a = full({size}, 0.1, dtype), b = full({size}, 0.2, dtype), c = full({size}, 0.1, dtype);
    is_zero(b * b - 4.0 * (a * c));
    const Tensor large = full({size}, dtype == float32 ? 1e10 : 1e150, dtype), larger = large * large;
    is_zero(larger * 1e5 - larger * 1e5);
    // The deviation of equal numbers.
    const Tensor equal = full({size, 7}, 0.1, dtype);
    const Tensor spread = mean(equal * equal, 1) - mean(equal, 1) * mean(equal, 1);
    for (const double value : sqrt(maximum(spread, 0.0)).to_vector()) CHECK(value < 1e-4);
    for (const double value : (x * z + x).to_vector())
      CHECK(value == (dtype == float32 ? static_cast<double>(0.1f * 0.3f + 0.1f) : 0.1 * 0.3 + 0.1));
  });
}

TEST_CASE("seven equal numbers have no deviation, whatever the shape of their mean", "[rounding]") {
  const Tensor c = full({7}, 0.1, float32);
  const double deviation = sqrt(mean(c * c) - mean(c) * mean(c)).item<double>();
  CHECK(!std::isnan(deviation));
}

TEST_CASE("fma rounds once, a product and a sum twice", "[rounding]") {
  in_every_tier([](DType dtype, std::int64_t size) {
    const double tiny = dtype == float32 ? 0x1p-23 : 0x1p-52;
    const Tensor x = full({size}, 1 + tiny, dtype), minus = full({size}, -1 - 2 * tiny, dtype);
    for (const double value : fma(x, x, minus).to_vector()) CHECK(value == tiny * tiny);
    for (const double value : (x * x + minus).to_vector()) CHECK(value == 0);
  });
}

TEST_CASE("fma broadcasts, takes numbers and differentiates", "[rounding]") {
  const Tensor a = track(tensor({{1.5, -2.0}, {0.5, 3.0}}, float64)), b = track(tensor({2.0, 4.0}, float64)),
               c = track(tensor({{1.0}, {10.0}}, float64));
  const Tensor y = fma(a, b, c);
  CHECK(y.to_vector() == std::vector<double>{4, -7, 11, 22});
  const auto g = grad(sum(y), {a, b, c});
  CHECK(g[0].to_vector() == std::vector<double>{2, 4, 2, 4});
  CHECK(g[1].to_vector() == std::vector<double>{2, 1});
  CHECK(g[2].to_vector() == std::vector<double>{2, 2});
  CHECK(fma(b, 2, 1).to_vector() == std::vector<double>{5, 9});
  CHECK(fma(2, b, 1.5).dtype() == float64);
  CHECK(fma(2, 3, b).to_vector() == std::vector<double>{8, 10});
  CHECK_THROWS_AS(fma(b, b, ones({2}, float32)), DTypeError);
  CHECK_THROWS_AS(fma(b, b, ones({3}, float64)), ShapeError);
}

TEST_CASE("a carried value is read before a result is stored over it", "[rounding]") {
  using Function = std::function<Tensor(const Tensor&)>;
  const std::vector<Function> inner = {[](const Tensor& x) { return tanh(x); }, [](const Tensor& x) { return exp(x); },
                                       [](const Tensor& x) { return sin(x); },
                                       [](const Tensor& x) { return 1 / (1 + exp(-x)); }};
  const std::vector<Function> outer = {
      [](const Tensor& y) { return y - mean(y, 1, keep_dims); },
      [](const Tensor& y) { return (y - mean(y, 1, keep_dims)) / sqrt(var(y, 1, 0, keep_dims) + 0.1); },
      [](const Tensor& y) { return y / (1 + sum(square(y), 1, keep_dims)); },
      [](const Tensor& y) { return log_softmax(y, 1); }, [](const Tensor& y) { return y - mean(y, 0, keep_dims); }};
  for (const std::string& tier_name : tiers)
    for (const DType dtype : {float32, float64})
      for (const std::int64_t columns : {2, 70})
        for (std::size_t i = 0; i < inner.size(); ++i)
          for (std::size_t o = 0; o < outer.size(); ++o)
            for (const Shape& shape : {Shape{}, Shape{columns}, Shape{1, columns}, Shape{3, 1}}) {
              const InTier tier(tier_name);
              INFO(tier_name << ", " << columns << " columns, inner " << i << ", outer " << o << ", gain "
                             << shape.ndim() << " axes, " << shape.numel() << " elements");
              const auto record = [&] {
                const Tensor a = track(cast(numbers({3, columns}, 1), dtype)),
                             b = track(cast(numbers(shape, 2) + 2.0, dtype));
                const Tensor loss = sum(square(outer[o](inner[i](a) * b)));
                return Roots(grad(loss, {a, b}));
              };
              CHECK(difference(compute("fused", record), compute("reference", record)) <
                    (dtype == float32 ? 2e-5 : 1e-12));
            }
}

TEST_CASE("the gain before a centred tanh has the gradient it should have", "[rounding]") {
  const Tensor a = track(tensor({{0.5, 1.0}, {0.25, -0.75}}, float64)), b = track(tensor(2.0, float64));
  const Tensor y = tanh(a) * b, loss = sum(square(y - mean(y, 1, keep_dims)));
  const auto g = grad(loss, {a, b});
  evaluate(g);
  double spread = 0;
  const double t[2][2] = {{std::tanh(0.5), std::tanh(1.0)}, {std::tanh(0.25), std::tanh(-0.75)}};
  for (const auto& row : t) spread += (row[0] - row[1]) * (row[0] - row[1]) / 2;
  CHECK(g[1].item<double>() == Approx(4 * spread).epsilon(1e-14));
}

TEST_CASE("the bits of a sum over everything do not depend on what else is computed", "[rounding]") {
  for (const DType dtype : {float32, float64})
    for (const Shape& shape : {Shape{5}, Shape{3000}, Shape{4, 3}, Shape{300, 10}, Shape{64, 100}, Shape{2, 3, 70},
                               Shape{7, 1, 40}, Shape{9, 20000}, Shape{2, 40000}, Shape{5003}, Shape{1, 1}}) {
      INFO(name(dtype) << ' ' << shape.ndim() << " axes, " << shape.numel() << " elements");
      const std::int64_t columns = shape.back();
      check_same_bits([&] {
        const Tensor x = track(cast(numbers(shape, 1), dtype)), gain = track(cast(numbers({columns}, 2), dtype));
        const Tensor y = tanh(x * gain), total = sum(y), z = y - mean(y, -1, keep_dims);
        Roots roots = {total, mean(square(y)), sum(square(z)), sum(y * y * gain), max(y)};
        for (const Tensor& g : grad(total * mean(square(z)) + roots[1], {x, gain})) roots.push_back(g);
        return roots;
      });
    }
}

TEST_CASE("the bits of a product's terms do not depend on who reads them", "[rounding]") {
  for (const DType dtype : {float32, float64})
    for (const std::int64_t size : {1, 9, 130}) {
      INFO(name(dtype) << ", " << size);
      check_same_bits([&] {
        const Tensor a = track(cast(numbers({size, size}, 1), dtype)), b = track(cast(numbers({size, size}, 2), dtype)),
                     c = track(cast(numbers({size}, 3), dtype));
        const Tensor p = a * b, s = p + c, d = c - a * b, product = matmul(tanh(s), b), t = a - 0.1 * product;
        Roots roots = {s, d, t, p, product, a * a - b * b, product * 0.3 + d, transpose(product) + a};
        for (const Tensor& g : grad(sum(s * d + t), {a, b, c})) roots.push_back(g);
        return roots;
      });
    }
}

}  // namespace
}  // namespace xgrad::rounding_test
