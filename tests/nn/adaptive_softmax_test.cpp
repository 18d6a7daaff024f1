#include "nn/adaptive_softmax.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "nn/nn.hpp"

namespace xgrad::adaptive_softmax_test {
namespace {

nn::AdaptiveLogSoftmaxWithLoss made() {
  Rng rng(3);
  return nn::AdaptiveLogSoftmaxWithLoss(6, 9, {3, 5}, {.div_value = 2, .head_bias = true, .dtype = float64}, rng);
}
Tensor examples() {
  Rng rng(5);
  return normal({7, 6}, rng, 0, 1, float64);
}
const std::vector<std::int64_t> classes{0, 8, 3, 2, 4, 5, 8};

// x W^T + b
std::vector<double> times(const nn::Linear& layer, const std::vector<double>& x) {
  const std::vector<double> w = layer.weight.value().to_vector();
  std::vector<double> y(w.size() / x.size(), 0);
  for (std::size_t o = 0; o < y.size(); ++o) {
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += w[o * x.size() + i] * x[i];
    if (layer.bias.defined()) y[o] += layer.bias.value().to_vector()[o];
  }
  return y;
}
double log_share(const std::vector<double>& logits, std::size_t i) {
  double sum = 0;
  for (const double z : logits) sum += std::exp(z);
  return logits[i] - std::log(sum);
}

TEST_CASE("the adaptive softmax is that of the head, and of a cluster inside its class") {
  const auto model = made();
  const Tensor x = examples();
  const std::vector<double> numbers = x.to_vector(), all = model.log_prob(x).to_vector();
  const std::vector<std::size_t> cutoffs{3, 5, 9};
  for (std::size_t n = 0; n < 7; ++n) {
    const std::vector<double> row(numbers.begin() + static_cast<std::ptrdiff_t>(6 * n),
                                  numbers.begin() + static_cast<std::ptrdiff_t>(6 * n + 6));
    const std::vector<double> head = times(model.head, row);
    REQUIRE(head.size() == 5);
    double total = 0;
    for (std::size_t c = 0; c < 9; ++c) {
      double expected = c < 3 ? log_share(head, c) : 0;
      if (c >= 3) {
        const std::size_t cluster = c < 5 ? 0 : 1;
        const std::vector<double> own = times(model.tail[cluster][1], times(model.tail[cluster][0], row));
        expected = log_share(head, 3 + cluster) + log_share(own, c - cutoffs[cluster]);
      }
      CHECK(all[9 * n + c] == Approx(expected).epsilon(1e-12));
      total += std::exp(all[9 * n + c]);
    }
    CHECK(total == Approx(1).epsilon(1e-12));
  }
  CHECK(model.predict(x).to_vector() == argmax(model.log_prob(x), 1).to_vector());
}

TEST_CASE("the adaptive loss is the same whether the classes are known when it is recorded or not") {
  const auto model = made();
  const Tensor x = track(examples()), known = tensor(classes);
  const Tensor late = max(stack({known, known}, 0), 0);
  REQUIRE_FALSE(late.evaluated());
  const auto [output, loss] = model(x, known);
  const auto [same_output, same_loss] = model(x, late);
  const std::vector<double> all = model.log_prob(x).to_vector();
  for (std::size_t n = 0; n < 7; ++n) {
    CHECK(output.to_vector()[n] == Approx(all[9 * n + static_cast<std::size_t>(classes[n])]).epsilon(1e-12));
    CHECK(same_output.to_vector()[n] == Approx(output.to_vector()[n]).epsilon(1e-12));
  }
  CHECK(loss.item() == Approx(same_loss.item()).epsilon(1e-12));
  const auto parameters = model.parameters();
  const auto g = grad(loss, parameters), h = grad(same_loss, parameters);
  for (std::size_t i = 0; i < g.size(); ++i) CHECK(max(abs(g[i] - h[i])).item() < 1e-14);
}

TEST_CASE("the adaptive loss has derivatives by its input and its weights, twice") {
  const auto model = made();
  std::vector<Tensor> inputs{examples()};
  for (const Parameter& parameter : model.parameters()) inputs.push_back(parameter.value());
  const auto loss = [&](const std::vector<Tensor>& in) {
    const std::vector<Tensor> weights(in.begin() + 1, in.end());
    return nn::functional_call(model, weights, in[0], tensor(classes)).loss;
  };
  CHECK(check_gradient(loss, inputs, {.order = 2}).verdict == Verdict::pass);
}

TEST_CASE("the adaptive softmax has PyTorch's names, and refuses what does not fit") {
  const auto model = made();
  std::vector<std::string> names;
  for (const auto& [name, parameter] : model.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"head.weight", "head.bias", "tail.0.0.weight", "tail.0.1.weight",
                                          "tail.1.0.weight", "tail.1.1.weight"});
  CHECK(model.tail[0][0].weight.shape() == Shape{3, 6});
  CHECK(model.tail[1][0].weight.shape() == Shape{1, 6});
  using Layer = nn::AdaptiveLogSoftmaxWithLoss;
  CHECK_THROWS_AS(Layer(6, 9, {}), ValueError);
  CHECK_THROWS_AS(Layer(6, 9, {0, 3}), ValueError);
  CHECK_THROWS_AS(Layer(6, 9, {3, 3}), ValueError);
  CHECK_THROWS_AS(Layer(6, 9, {3, 9}), ValueError);
  CHECK_THROWS_AS(Layer(0, 9, {3}), ValueError);
  CHECK_THROWS_AS(Layer(6, 9, {3}, {.div_value = 0}), ValueError);
  CHECK_THROWS_AS(model(examples(), tensor({0, 1})), ShapeError);
  CHECK_THROWS_AS(model(examples(), ones({7}, float64)), DTypeError);
  CHECK_THROWS_AS(model(examples(), tensor({0, 1, 2, 3, 4, 5, 9})), IndexError);
  CHECK_THROWS_AS(model(zeros({0, 6}, float64), zeros({0}, int64)), ValueError);
  CHECK_THROWS_AS(model.log_prob(ones({7, 5}, float64)), ShapeError);
}

}  // namespace
}  // namespace xgrad::adaptive_softmax_test
