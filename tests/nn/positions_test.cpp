#include "nn/positions.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "tests/nn/module_gradients.hpp"
#include "tests/throws.hpp"

namespace xgrad::positions_test {
namespace {

using Numbers = std::vector<double>;

TEST_CASE("sinusoidal positions are right far from the beginning, in float32, too") {
  const Tensor far = nn::sinusoidal_positions(1, 4, {.first = 1'000'003});
  const Numbers got = far.to_vector(),
                expected{std::sin(1000003.0), std::cos(1000003.0), std::sin(10000.03), std::cos(10000.03)};
  for (std::size_t i = 0; i < 4; ++i) CHECK(got[i] == Approx(expected[i]).margin(1e-6));
  CHECK(far.dtype() == float32);
}

TEST_CASE("products of turned vectors depend on how far they are apart alone") {
  Rng rng(1);
  const Tensor q = normal({1, 6}, rng, 0, 1, float64), k = normal({1, 6}, rng, 0, 1, float64);
  for (const auto pairs : {nn::RotaryPairs::neighbours, nn::RotaryPairs::halves}) {
    const auto product = [&](std::int64_t i, std::int64_t j) {
      return sum(nn::rotary(q, {.first = i, .pairs = pairs}) * nn::rotary(k, {.first = j, .pairs = pairs})).item();
    };
    CHECK(product(7, 3) == Approx(product(4, 0)).epsilon(1e-13));
    CHECK(product(7, 3) != Approx(product(7, 2)));
    CHECK(product(0, 0) == Approx(sum(q * k).item()).epsilon(1e-14));
  }
}

TEST_CASE("rotary goes on where it is told") {
  Rng rng(2);
  const Tensor x = normal({2, 5, 4}, rng, 0, 1, float64);
  CHECK(nn::rotary(x)(all, slice(3, 5)).to_vector() == nn::rotary(x(all, slice(3, 5)), {.first = 3}).to_vector());
}

TEST_CASE("learned positions add rows of their weight, and learn them") {
  Rng rng(3);
  nn::LearnedPositions positions(5, 2, {.dtype = float64}, rng);
  const Tensor x = normal({2, 3, 2}, rng, 0, 1, float64);
  const Tensor got = positions(x, 1);
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::int64_t j = 0; j < 2; ++j)
      CHECK(got(1, i, j).item() == x(1, i, j).item() + positions.weight.value()(i + 1, j).item());
  check_module_gradients(positions, {x}, [&](const std::vector<Tensor>& xs) { return positions(xs[0], 2); });
  CHECK(positions.state()[0].name == "weight");
  throws<ValueError>("LearnedPositions: 3 places from 3 on are more than 5").by([&] { positions(x, 3); });
  throws<ShapeError>("LearnedPositions: the input [2, 3] f64 has no axis for places before one of size 2").by([&] {
    positions(ones({2, 3}, float64));
  });
  throws<ValueError>("LearnedPositions: needs positive sizes, got 0 places and 2 features").by([] {
    nn::LearnedPositions(0, 2);
  });
}

}  // namespace
}  // namespace xgrad::positions_test
