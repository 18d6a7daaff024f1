// weight_norm, spectral_norm, and rules of one's own.

#include "nn/reparametrised.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/nn/positive.hpp"
#include "tests/throws.hpp"

namespace reparametrised_test {

using namespace xgrad;
using Catch::Contains;

namespace {

using Names = std::vector<std::string>;
using Values = std::vector<double>;
const Tensor x = tensor({{1.0, -2.0, 0.5}, {0.25, 3.0, -1.0}}, float64);
constexpr nn::LinearOptions f64{.dtype = float64};

Names names(const nn::Module& module) {
  Names found;
  for (const auto& item : module.state()) found.push_back(item.name);
  return found;
}

Tensor state(const nn::Module& module, const std::string& name) {
  for (const auto& item : module.state())
    if (item.name == name) return item.value;
  FAIL("no state " << name);
  return {};
}

}  // namespace

TEST_CASE("with weight_norm a layer starts as it was, with PyTorch's names for its state") {
  nn::Linear plain(3, 2, f64);
  nn::WeightNorm<nn::Linear> layer = nn::weight_norm(nn::clone(plain));
  CHECK(names(layer) == Names{"weight_v", "bias", "weight_g"});
  CHECK(state(layer, "weight_g").shape() == Shape{2, 1});
  CHECK_THAT(layer(x), AllClose(plain(x), 1e-14, 1e-14));
  CHECK(layer.parameters().size() == 3);
  CHECK(layer.to_string() == "weight_norm of Linear: 10 parameters  weight_v [2, 3], bias [2], weight_g [2, 1]");
  CHECK(layer.wrapped().weight.value().to_vector() == plain.weight.value().to_vector());
  const auto all = nn::weight_norm(nn::clone(plain), {.axis = {}});
  CHECK(state(all, "weight_g").shape() == Shape{});
  CHECK_THAT(all(x), AllClose(plain(x), 1e-14, 1e-14));
  const auto columns = nn::weight_norm(nn::clone(plain), {.axis = -1});
  CHECK(state(columns, "weight_g").shape() == Shape{1, 3});
  CHECK_THAT(columns(x), AllClose(plain(x), 1e-14, 1e-14));
}

TEST_CASE("weight_norm computes with g v / |v|, and derivatives flow to both") {
  nn::WeightNorm<nn::Linear> layer = nn::weight_norm(nn::Linear(3, 2, f64));
  const Tensor g = tensor({{2.0}, {-0.5}}, float64), v = tensor({{3.0, 0.0, 4.0}, {1.0, 2.0, 2.0}}, float64),
               bias = tensor({0.5, 1.0}, float64);
  const Tensor w = tensor({{6.0 / 5, 0.0, 8.0 / 5}, {-0.5 / 3, -1.0 / 3, -1.0 / 3}}, float64);
  layer.load_state({{"weight_g", g}, {"weight_v", v}, {"bias", bias}});
  CHECK_THAT(layer.effective(), AllClose(w, 1e-15, 1e-15));
  CHECK_THAT(layer(x), AllClose(matmul(x, transpose(w)) + bias, 1e-14, 1e-14));
  const auto f = [&](const Tensor& a, const Tensor& b, const Tensor& c, const Tensor& input) {
    return tanh(nn::functional_call(layer, {{"weight_v", a}, {"bias", b}, {"weight_g", c}}, input));
  };
  CHECK_THAT(f, DifferentiatesCorrectly({v, bias, g, x}).order(2));
  const auto gradients = grad(sum(square(layer(x))), layer.parameters());
  CHECK(gradients.size() == 3);
  // The direction has no derivative along itself.
  CHECK(max(abs(sum(gradients[0] * v, 1))).item() < 1e-13);
}

TEST_CASE("an Optimizer trains g and v, and what is folded computes the same without them") {
  nn::Sequential model(nn::weight_norm(nn::Linear(3, 4, f64)), xgrad::tanh, nn::spectral_norm(nn::Linear(4, 1, f64)));
  optim::Optimizer optimizer(model.named_parameters(), optim::adam(0.05));
  const auto loss = [&] { return mean(square(model(x) - 1)); };
  const double before = loss().item();
  for (int i = 0; i < 30; ++i) optimizer.step(grad(loss(), model.parameters()));
  CHECK(loss().item() < 0.5 * before);
  CHECK(names(model) ==
        Names{"0.weight_v", "0.bias", "0.weight_g", "2.weight_orig", "2.bias", "2.weight_u", "2.weight_v"});
  model.eval();
  const auto& first = model.step<nn::WeightNorm<nn::Linear>>(0);
  const nn::Linear plain = first.folded();
  CHECK_THAT(plain(x), AllClose(first(x), 1e-14, 1e-14));
  CHECK(names(plain) == Names{"weight", "bias"});
  CHECK_FALSE(plain.bias == first.wrapped().bias);
}

TEST_CASE("spectral_norm divides by the largest singular value, that the power method finds") {
  nn::Linear plain(3, 4, f64);
  nn::SpectralNorm<nn::Linear> layer = nn::spectral_norm(nn::clone(plain));
  CHECK(names(layer) == Names{"weight_orig", "bias", "weight_u", "weight_v"});
  CHECK(layer.parameters().size() == 2);
  CHECK(names(layer)[2] == layer.named_buffers()[0].name);
  CHECK(norm(state(layer, "weight_u")).item() == Approx(1));
  CHECK(state(layer, "weight_u").shape() == Shape{4});
  CHECK(state(layer, "weight_v").shape() == Shape{3});
  for (int i = 0; i < 300; ++i) layer(x);
  const double sigma = max(svdvals(plain.weight)).item();
  CHECK_THAT(layer.effective(), AllClose(plain.weight / sigma, 1e-8, 1e-8));
  CHECK_THAT(layer(x), AllClose(matmul(x, transpose(plain.weight)) / sigma + plain.bias, 1e-8, 1e-8));
}

TEST_CASE("spectral_norm takes the steps of the power method in training only") {
  nn::Linear plain(3, 2, f64);
  nn::SpectralNorm<nn::Linear> layer = nn::spectral_norm(nn::clone(plain), {.iterations = 2});
  Tensor u = state(layer, "weight_u"), v = state(layer, "weight_v");
  layer.eval();
  const double before = sum(u * matmul(plain.weight, v)).item();
  CHECK_THAT(layer(x), AllClose(matmul(x, transpose(plain.weight / before)) + plain.bias, 1e-13, 1e-13));
  CHECK(state(layer, "weight_u").to_vector() == u.to_vector());
  layer.train();
  for (int i = 0; i < 2; ++i) {
    v = matmul(transpose(plain.weight), u);
    v = v / norm(v);
    u = matmul(plain.weight, v);
    u = u / norm(u);
  }
  const Tensor sigma = sum(u * matmul(plain.weight, v));
  CHECK_THAT(layer(x), AllClose(matmul(x, transpose(plain.weight / sigma)) + plain.bias, 1e-13, 1e-13));
  CHECK_THAT(state(layer, "weight_u"), AllClose(u, 1e-14, 1e-14));
  CHECK_THAT(state(layer, "weight_v"), AllClose(v, 1e-14, 1e-14));
  CHECK_FALSE(state(layer, "weight_u").tracked());
}

TEST_CASE("derivatives of spectral_norm flow through sigma, with u and v as constants") {
  nn::SpectralNorm<nn::Linear> layer = nn::spectral_norm(nn::Linear(3, 2, f64));
  layer(x);
  layer.eval();
  const Tensor w = layer.wrapped().weight, bias = layer.wrapped().bias;
  const auto f = [&](const Tensor& a, const Tensor& b, const Tensor& input) {
    return tanh(nn::functional_call(layer, {a, b}, input));
  };
  CHECK_THAT(f, DifferentiatesCorrectly({w, bias, x}).order(2));
}

TEST_CASE("the rows of spectral_norm's matrix lie along any axis") {
  struct Kernel : nn::Module {
    Parameter weight{uniform({2, 3, 2, 2}, default_rng(), -1, 1, float64)};
    Tensor operator()(const Tensor& input) const { return input * sum(weight); }
    void visit(nn::Visitor& visitor) override { visitor("weight", weight); }
  };
  const auto layer = nn::spectral_norm(Kernel(), {.axis = 1});
  CHECK(state(layer, "weight_u").shape() == Shape{3});
  CHECK(state(layer, "weight_v").shape() == Shape{8});
  CHECK(layer(x).shape() == x.shape());
}

TEST_CASE("spectral_norm's rows are the channels of the result, of a transposed convolution, too") {
  const auto plain = nn::spectral_norm(nn::Conv1d(2, 3, 4));
  CHECK(state(plain, "weight_u").shape() == Shape{3});
  CHECK(state(plain, "weight_v").shape() == Shape{2 * 4});
  const auto transposed = nn::spectral_norm(nn::ConvTranspose1d(2, 3, 4));
  CHECK(state(transposed, "weight_u").shape() == Shape{3});
  CHECK(state(transposed, "weight_v").shape() == Shape{2 * 4});
  const auto other = nn::spectral_norm(nn::ConvTranspose1d(2, 3, 4), {.axis = 0});
  CHECK(state(other, "weight_u").shape() == Shape{2});
}

TEST_CASE("any Parameter of any module can be wrapped, twice, and by a rule of one's own") {
  nn::Sequential inner(nn::Linear(3, 2, f64), relu, nn::Linear(2, 2, f64));
  const auto deep = nn::weight_norm(inner, {.name = "2.weight"});
  CHECK(names(deep) == Names{"0.weight", "0.bias", "2.weight_v", "2.bias", "2.weight_g"});
  CHECK_THAT(deep(x), AllClose(inner(x), 1e-14, 1e-14));
  const auto twice = nn::weight_norm(nn::weight_norm(nn::clone(inner), {.name = "0.weight"}), {.name = "2.weight"});
  CHECK(names(twice) == Names{"0.weight_v", "0.bias", "2.weight_v", "2.bias", "0.weight_g", "2.weight_g"});
  CHECK_THAT(twice(x), AllClose(inner(x), 1e-14, 1e-14));
  const nn::Reparametrised<nn::Linear, Positive> positive(nn::Linear(3, 2, f64));
  CHECK(names(positive) == Names{"weight_raw", "bias"});
  const nn::Linear& raw = positive.wrapped();
  CHECK(positive(x).to_vector() == (matmul(x, transpose(softplus(raw.weight))) + raw.bias).to_vector());
}

TEST_CASE("modules with other call operators are wrapped, too") {
  struct Two : nn::Module {
    Parameter weight{ones({2, 3}, float64)};
    std::pair<Tensor, int> operator()(const Tensor& a, const Tensor& b, int n) { return {a * weight + b, n + 1}; }
    void visit(nn::Visitor& visitor) override { visitor("weight", weight); }
  };
  const auto two = nn::weight_norm(Two(), {.axis = {}});
  const auto [y, n] = two(x, x, 3);
  CHECK(n == 4);
  CHECK_THAT(y, AllClose(2 * x, 1e-14, 1e-14));
  CHECK(grad(sum(y), two.parameters()).size() == 2);
}

TEST_CASE("clones, freezing, casts, training mode and hooks reach a wrapped module") {
  auto layer = nn::weight_norm(nn::Sequential(nn::Linear(3, 2), nn::Dropout(0.5, Rng(1))), {.name = "0.weight"});
  const auto cloned = nn::clone(layer);
  for (std::size_t i = 0; i < 3; ++i) CHECK_FALSE(cloned.parameters()[i] == layer.parameters()[i]);
  layer.eval();
  CHECK_FALSE(layer.wrapped().step<nn::Dropout>(1).training());
  CHECK(cloned.wrapped().training());
  nn::to(layer, float64);
  CHECK(layer(x).dtype() == float64);
  layer.set_trainable("*_g", false);
  CHECK(layer.trainable_parameters().size() == 2);
  Names called;
  layer.add_hook("*", [&](const std::string& name, const Tensor&) {
    called.push_back(name);
    return Tensor();
  });
  layer(x);
  CHECK(called == Names{"0", "1", ""});
  const nn::Summary summary = nn::summary(layer, x);
  CHECK(summary.lines[0].multiply_adds == 12);
  CHECK(summary.lines[0].parameters == 10);
}

TEST_CASE("what cannot be wrapped is an error, and errors inside point at the caller") {
  throws<ValueError>("weight_norm: Linear has no Parameter named weigth").by([] {
    nn::weight_norm(nn::Linear(3, 2), {.name = "weigth"});
  });
  throws<ValueError>("spectral_norm: Linear has no Parameter named bias").by([] {
    nn::spectral_norm(nn::Linear(3, 2, {.bias = false}), {.name = "bias"});
  });
  CHECK_THROWS_AS(nn::weight_norm(nn::Linear(3, 2), {.axis = 2}), AxisError);
  CHECK_THROWS_AS(nn::spectral_norm(nn::Linear(3, 2), {.axis = 2}), AxisError);
  CHECK_THROWS_AS(nn::spectral_norm(nn::Linear(3, 2), {.iterations = 0}), ValueError);
  CHECK_THROWS_AS(nn::spectral_norm(nn::Linear(3, 2), {.eps = 0}), ValueError);
  const auto layer = nn::weight_norm(nn::Linear(3, 2));
  const Parameter weight = layer.wrapped().weight;
  const Tensor before = weight;
  CHECK_THROWS_WITH(layer(zeros({2, 4})),
                    Contains("weight_norm: Linear: the input") && Contains("reparametrised_test"));
  CHECK(weight.value().entry() == before.entry());
}

}  // namespace reparametrised_test
