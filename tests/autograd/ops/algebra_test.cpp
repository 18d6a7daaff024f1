// What derivative rules must satisfy whatever they compute: linearity, transposition, symmetry.

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "tests/catalogue.hpp"

namespace xgrad::catalogue::algebra_test {
namespace {

/// A case as a function of one of its floating inputs.
struct Slot {
  const Case& sample;
  std::vector<Tensor> inputs;
  std::size_t k;

  Tensor operator()(const Tensor& x) const {
    std::vector<Tensor> at = inputs;
    at[k] = x;
    return sample.function(at);
  }
};

// Calls `body` for every floating input of every case that gives a floating result.
template <class Body>
void for_each_slot(int variants, Body body) {
  for (const Row& row : rows()) {
    if (!row.gives_float) continue;
    for (const Case& sample : row.cases)
      for (int variant = 0; variant < variants; ++variant) {
        const std::vector<Tensor> inputs = sample.make_inputs(variant);
        for (std::size_t k = 0; k < inputs.size(); ++k) {
          if (!is_floating(inputs[k].dtype())) continue;
          INFO(row.primitive << " input " << k << " variant " << variant);
          body(Slot{sample, inputs, k}, inputs[k], static_cast<std::uint64_t>(variant));
        }
      }
  }
}

Tensor product(const Tensor& a, const Tensor& b) { return cast(a, float64) * cast(b, float64); }
double inner(const Tensor& a, const Tensor& b) { return sum(product(a, b)).item(); }
double inner_of_sizes(const Tensor& a, const Tensor& b) { return sum(abs(product(a, b))).item(); }
double gap(const Tensor& a, const Tensor& b) { return a.numel() == 0 ? 0 : max(abs(a - b)).item(); }
double size(const Tensor& a) { return a.numel() == 0 ? 0 : max(abs(a)).item(); }

TEST_CASE("<v, jvp(u)> = <vjp(v), u>") {
  for_each_slot(20, [](const Slot& f, const Tensor& x, std::uint64_t seed) {
    const Tensor u = numbers_like(x, seed + 1);
    const auto [y, tangent] = jvp(f, x, u);
    const Tensor v = numbers_like(y, seed + 2);
    const Tensor cotangent = vjp(f, x).second(v);
    CHECK(tangent.shape() == y.shape());
    CHECK(std::abs(inner(v, tangent) - inner(cotangent, u)) <=
          1e-13 * (inner_of_sizes(v, tangent) + inner_of_sizes(cotangent, u)));
  });
}

TEST_CASE("a vjp is linear in its cotangent, and exactly zero for zero") {
  for_each_slot(4, [](const Slot& f, const Tensor& x, std::uint64_t seed) {
    const auto [y, pull] = vjp(f, x);
    const Tensor v = numbers_like(y, seed + 1), w = numbers_like(y, seed + 2);
    const Tensor together = pull(2 * v - 3 * w), apart = 2 * pull(v) - 3 * pull(w);
    CHECK(gap(together, apart) <= 1e-14 * std::max(1.0, 2 * size(pull(v)) + 3 * size(pull(w))));
    CHECK(size(pull(zeros_like(y))) == 0);
  });
}

TEST_CASE("second derivatives are symmetric") {
  for_each_slot(2, [](const Slot& f, const Tensor& x, std::uint64_t seed) {
    const Tensor c = numbers_like(f(x), seed), u = numbers_like(x, seed + 1), v = numbers_like(x, seed + 2);
    const auto loss = [&](const Tensor& t) { return sum(f(t) * c); };
    const Tensor hu = hvp(loss, x, u), hv = hvp(loss, x, v);
    CHECK(std::abs(inner(v, hu) - inner(u, hv)) <= 1e-12 * (1 + inner_of_sizes(v, hu) + inner_of_sizes(u, hv)));
  });
}

TEST_CASE("an operand that is used several times gets the sum of its cotangents, exactly") {
  const Tensor x = track(tensor({{0.5, -1.25}, {2, 0.75}}, float64)), value = stop_gradient(x);
  const auto gradient = [&](const Tensor& y) { return grad(sum(y), x).to_vector(); };
  CHECK(gradient(x + x) == std::vector<double>(4, 2));
  CHECK(gradient(x - x) == std::vector<double>(4, 0));
  CHECK(gradient(x * x) == (2 * value).to_vector());
  CHECK(gradient(x / x) == std::vector<double>(4, 0));
  CHECK(gradient(x * x * x) == (value * value + (value + value) * value).to_vector());
  CHECK(gradient(maximum(x, x)) == std::vector<double>(4, 1));
  CHECK(gradient(where(x > 0, x, x)) == std::vector<double>(4, 1));
  CHECK(gradient(concat({x, x, x}, 1)) == std::vector<double>(4, 3));
  const Tensor one = ones_like(value);
  CHECK(gradient(matmul(x, x)) == (matmul(one, transpose(value)) + matmul(transpose(value), one)).to_vector());
  Tensor many = x;
  for (int i = 1; i < 1000; ++i) many = many + x;
  CHECK(gradient(many) == std::vector<double>(4, 1000));
  CHECK(gradient(concat(std::vector<Tensor>(1000, x))) == std::vector<double>(4, 1000));
}

TEST_CASE("binary primitives with one Tensor on both sides") {
  for (const char* id : {"add", "sub", "mul", "div", "pow", "maximum", "minimum", "atan2"}) {
    INFO(id);
    const Case& sample = row(id).cases[2];
    const Tensor x = sample.make_inputs()[0];
    const Tensor a = track(x), b = track(x), c = track(x);
    const auto apart = grad(sum(sample.function({a, b})), std::vector<Tensor>{a, b});
    const Tensor together = grad(sum(sample.function({c, c})), c);
    CHECK(together.to_vector() == (apart[0] + apart[1]).to_vector());
  }
}

}  // namespace
}  // namespace xgrad::catalogue::algebra_test
