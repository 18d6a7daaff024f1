// float32 against float64, at the same numbers.

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/apart.hpp"
#include "tests/catalogue.hpp"

namespace xgrad::catalogue::float32_test {
namespace {

// The largest error of float32 elements, in units in the last place of max(|expected|, floor).
double worst_error(const Tensor& got, const Tensor& expected, double floor) {
  REQUIRE(got.dtype() == float32);
  REQUIRE(got.shape() == expected.shape());
  const auto a = got.to_vector(), b = expected.to_vector();
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const float scale = static_cast<float>(std::max({std::abs(b[i]), floor, 1e-37}));
    worst = std::max(worst, apart(a[i], b[i]) / double{std::nextafter(scale, INFINITY) - scale});
  }
  return worst;
}

TEST_CASE("float32 values are within 4 ulp of float64, gradients within 16") {
  for (const Row& row : rows()) {
    if (!row.gives_float || row.cases[0].inputs.empty()) continue;
    // Sums are as exact as their terms; and tanh' = 1 - y y loses digits where y is near 1, because y was rounded: it
    // is exact relative to 1, not to itself.
    const double value_floor = row.scalar ? 0 : 1, gradient_floor = row.scalar && row.primitive != "tanh" ? 0 : 1;
    for (const Case& sample : row.cases)
      for (int variant = 0; variant < 20; ++variant) {
        const std::vector<Tensor> inputs = sample.make_inputs(variant), narrow = to_float32(inputs);
        const Pulled wide = pull(sample, inputs), got = pull(sample, narrow);
        INFO(row.primitive << " variant " << variant);
        CHECK(worst_error(got.value, wide.value, value_floor) <= 4);
        for (std::size_t i = 0; i < inputs.size(); ++i)
          if (wide.cotangents[i].defined())
            CHECK(worst_error(got.cotangents[i], wide.cotangents[i], gradient_floor) <= 16);
      }
  }
}

TEST_CASE("float32 second derivatives agree with float64") {
  for (const Row& row : rows()) {
    if (!row.gives_float || row.cases[0].inputs.empty()) continue;
    for (const Case& sample : row.cases) {
      const std::vector<Tensor> inputs = sample.make_inputs();
      for (std::size_t k = 0; k < inputs.size(); ++k) {
        if (!is_floating(inputs[k].dtype())) continue;
        const auto product = [&](std::vector<Tensor> at) {
          const Tensor x = at[k];
          const auto loss = [&](const Tensor& t) {
            at[k] = t;
            const Tensor y = sample.function(at);
            return sum(y * numbers_like(y, 3));
          };
          return hvp(loss, x, numbers_like(x, 4));
        };
        INFO(row.primitive << " input " << k);
        CHECK(worst_error(product(to_float32(inputs)), product(inputs), 1) <= 64);
      }
    }
  }
}

}  // namespace
}  // namespace xgrad::catalogue::float32_test
