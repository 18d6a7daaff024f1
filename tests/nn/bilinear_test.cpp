#include "nn/bilinear.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/nn.hpp"
#include "tests/throws.hpp"

namespace bilinear_test {

using namespace xgrad;

namespace {
constexpr nn::BilinearOptions f64{.dtype = float64};
Tensor random(const Shape& shape) { return uniform(shape, default_rng(), -1, 1, float64); }

std::vector<double> by_loops(const nn::Bilinear& layer, const Tensor& x1, const Tensor& x2) {
  const auto w = layer.weight.value().to_vector(), b = layer.bias.value().to_vector(), a = x1.to_vector(),
             c = x2.to_vector();
  const std::size_t outputs = b.size(), first = static_cast<std::size_t>(x1.size(-1)),
                    second = static_cast<std::size_t>(x2.size(-1));
  std::vector<double> y;
  for (std::size_t n = 0; n < a.size() / first; ++n)
    for (std::size_t o = 0; o < outputs; ++o) {
      double sum = b[o];
      for (std::size_t i = 0; i < first; ++i)
        for (std::size_t j = 0; j < second; ++j)
          sum += a[n * first + i] * w[(o * first + i) * second + j] * c[n * second + j];
      y.push_back(sum);
    }
  return y;
}
}  // namespace

TEST_CASE("Bilinear is the sum over both inputs, whatever the axes before") {
  const nn::Bilinear layer(3, 2, 4, f64);
  CHECK(layer.weight.shape() == Shape{4, 3, 2});
  CHECK(layer.state()[0].name == "weight");
  CHECK(layer.state()[1].name == "bias");
  for (const std::vector<std::int64_t>& batch : {std::vector<std::int64_t>{5}, {1}, {2, 3}, {}}) {
    std::vector<std::int64_t> one = batch, two = batch, out = batch;
    one.push_back(3), two.push_back(2), out.push_back(4);
    const Tensor x1 = random(Shape(one)), x2 = random(Shape(two)), y = layer(x1, x2);
    CHECK(y.shape() == Shape(out));
    CHECK_THAT(y, AllClose(reshape(tensor(by_loops(layer, x1, x2), float64), y.shape()), 1e-14, 1e-14));
  }
  CHECK(layer(zeros({0, 3}, float64), zeros({0, 2}, float64)).shape() == Shape{0, 4});
  const nn::Bilinear plain(3, 2, 4, {.bias = false});
  CHECK(plain.parameters().size() == 1);
  CHECK(plain(zeros({2, 3}), ones({2, 2})).to_vector() == std::vector<double>(8, 0));
  CHECK(max(abs(nn::Bilinear(25, 2, 40).weight)).item() <= 0.2);
}

TEST_CASE("Bilinear has derivatives of every order by inputs and weights") {
  nn::Bilinear layer(3, 2, 2, f64);
  const auto f = [&](const Tensor& w, const Tensor& b, const Tensor& x1, const Tensor& x2) {
    return tanh(nn::functional_call(layer, {w, b}, x1, x2));
  };
  CHECK_THAT(f, DifferentiatesCorrectly({layer.weight, layer.bias, random({3, 3}), random({3, 2})}).order(2));
}

TEST_CASE("inputs that do not fit a Bilinear are errors") {
  throws<ValueError>("Bilinear: needs positive sizes, got 3 and 0 inputs and 1 outputs").by([] {
    nn::Bilinear(3, 0, 1);
  });
  const nn::Bilinear layer(3, 2, 4);
  throws<ShapeError>("Bilinear: the inputs are [5, 3] f32 and [4, 2] f32, the weight [4, 3, 2] f32").by([&] {
    layer(zeros({5, 3}), zeros({4, 2}));
  });
  CHECK_THROWS_AS(layer(zeros({5, 3}), zeros({5, 3})), ShapeError);
  CHECK_THROWS_AS(layer(zeros({3}), zeros({1, 2})), ShapeError);
  CHECK_THROWS_AS(layer(zeros({}), zeros({})), ShapeError);
  CHECK_THROWS_AS(layer(zeros({3}, float64), zeros({2})), DTypeError);
}

}  // namespace bilinear_test
