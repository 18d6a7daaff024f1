#include "nn/functional_call.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/throws.hpp"

namespace xgrad::functional_call_test {
namespace {

using List = std::vector<Tensor>;

struct Network : nn::Module {
  nn::Linear hidden, output;
  explicit Network(Rng rng = Rng(1)) : hidden(2, 3, {.dtype = float64}, rng), output(3, 1, {.dtype = float64}, rng) {}
  Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
  void visit(nn::Visitor& visitor) override {
    visitor("hidden", hidden);
    visitor("output", output);
  }
};

Tensor formula(const List& w, const Tensor& x) {
  return matmul(tanh(matmul(x, transpose(w[0])) + w[1]), transpose(w[2])) + w[3];
}

List like(const Network& network, std::uint64_t seed) {
  Rng rng(seed);
  List list;
  for (const Parameter& parameter : network.parameters()) list.push_back(normal(parameter.shape(), rng, 0, 1, float64));
  return list;
}

const Tensor x = tensor({{0.5, -1.0}, {2.0, 0.25}, {-0.5, 1.5}}, float64), y = tensor({{1.0}, {0.0}, {-1.0}}, float64);

TEST_CASE("a model computes with other Tensors in place of its Parameters, and afterwards as before") {
  Network network;
  const List w = like(network, 2);
  const Tensor before = network(x);
  CHECK_THAT(nn::functional_call(network, w, x), AllClose(formula(w, x)));
  CHECK(network(x).to_vector() == before.to_vector());
  CHECK_THAT(nn::functional_call(network, {w[0], w[1], w[2], w[3]}, x), AllClose(formula(w, x)));
  CHECK_THAT(nn::functional_call(std::as_const(network), network.parameters(), x), AllClose(before));
  const auto named = network.named_parameters();
  for (std::size_t i = 0; i < named.size(); ++i)
    CHECK(Parameter::holder(named[i].parameter.value()) == named[i].parameter);
}

TEST_CASE("by name, Parameters that are not named stay") {
  Network network;
  const Tensor b = tensor({1.0, 2.0, 3.0}, float64);
  List w;
  for (const Parameter& parameter : network.parameters()) w.push_back(parameter);
  w[1] = b;
  CHECK_THAT(nn::functional_call(network, {{"hidden.bias", b}}, x), AllClose(formula(w, x)));
  w[3] = tensor({5.0}, float64);
  CHECK_THAT(nn::functional_call(network, {{"output.bias", w[3]}, {"hidden.bias", b}}, x), AllClose(formula(w, x)));
}

TEST_CASE("derivatives by the parameters of a model, of every kind") {
  Network network;
  const auto loss = [&](const List& w, const Tensor& inputs, const Tensor& targets) {
    return nn::mse_loss(nn::functional_call(network, w, inputs), targets);
  };
  const auto of_weights = [&](const List& w) { return loss(w, x, y); };
  const auto by_formula = [&](const List& w) { return nn::mse_loss(formula(w, x), y); };
  const List w = like(network, 3), directions = like(network, 4);

  const auto [value, gradients] = value_and_grad(loss, argnums<0>)(network.parameters(), x, y);
  const Tensor usual = nn::mse_loss(network(x), y);
  const List usual_gradients = grad(usual, network.parameters());
  CHECK(value.item() == usual.item());
  for (std::size_t i = 0; i < 4; ++i) CHECK_THAT(gradients[i], AllClose(usual_gradients[i]));

  CHECK_THAT(of_weights, DifferentiatesCorrectly(w).order(2));
  const List product = hvp(of_weights, w, directions), expected = hvp(by_formula, w, directions);
  for (std::size_t i = 0; i < 4; ++i) CHECK_THAT(product[i], AllClose(expected[i]));
  CHECK_THAT(jvp(of_weights, network.parameters(), directions).second,
             AllClose(sum(usual_gradients[0] * directions[0]) + sum(usual_gradients[1] * directions[1]) +
                      sum(usual_gradients[2] * directions[2]) + sum(usual_gradients[3] * directions[3])));

  // The gradient of each sample's loss, as the rows of a Jacobian.
  const auto each = [&](const List& t) { return sum(square(nn::functional_call(network, t, x) - y), -1); };
  const List rows = jacobian(each)(w);
  for (std::int64_t sample = 0; sample < 3; ++sample) {
    const auto one = [&](const List& t) {
      return sum(square(formula(t, x(slice(sample, sample + 1))) - y(slice(sample, sample + 1))));
    };
    const List alone = grad(one)(w);
    for (std::size_t i = 0; i < 4; ++i) CHECK_THAT(rows[i](sample), AllClose(alone[i]));
  }
  CHECK(hessian(of_weights)(w)[0][2].shape() == Shape{3, 2, 1, 3});
  CHECK_FALSE(network.parameters()[0].gradient().defined());
}

TEST_CASE("frozen and tied Parameters, and steps that are differentiated through") {
  Network network;
  network.set_trainable(false);
  const List w = like(network, 5);
  const auto of_weights = [&](const List& t) { return sum(nn::functional_call(network, t, x)); };
  CHECK_THAT(grad(of_weights)(w)[3], AllClose(tensor({3.0}, float64)));
  CHECK_FALSE(network.parameters()[0].trainable());
  network.set_trainable(true);

  network.output = nn::Linear(3, 1, {.dtype = float64});
  nn::Sequential tied(network.hidden, network.hidden);
  CHECK(tied.parameters().size() == 2);

  // The loss after one step of descent, by the weights before it.
  const auto after_step = [&](const List& t) {
    List next = t;
    const List slopes = grad([&](const List& s) { return nn::mse_loss(nn::functional_call(network, s, x), y); })(t);
    for (std::size_t i = 0; i < t.size(); ++i) next[i] = t[i] - 0.1 * slopes[i];
    return nn::mse_loss(nn::functional_call(network, next, x), y);
  };
  CHECK_THAT(after_step, DifferentiatesCorrectly(w));
}

TEST_CASE("random streams go on, and an exception or an assignment inside is no loss") {
  nn::Sequential model(nn::Linear(2, 3), nn::Dropout(0.5, Rng(7)));
  const Tensor first = nn::functional_call(model, model.parameters(), ones({4, 2})),
               second = nn::functional_call(model, model.parameters(), ones({4, 2}));
  CHECK(first.to_vector() != second.to_vector());

  Network network;
  const auto before = network.parameters()[0].value().to_vector();
  CHECK_THROWS_AS(nn::functional_call(network, like(network, 6), zeros({3, 5}, float64)), ShapeError);
  CHECK(network.parameters()[0].value().to_vector() == before);

  struct Assigning : nn::Module {
    Parameter p{ones({})}, q{ones({})};
    Tensor operator()(const Tensor& t) {
      q.assign(p * 3);
      return p * t;
    }
    void visit(nn::Visitor& visitor) override {
      visitor("p", p);
      visitor("q", q);
    }
  } assigning;
  CHECK(nn::functional_call(assigning, {tensor(2.0), tensor(5.0)}, tensor(10.0)).item() == 20);
  CHECK(assigning.p.item() == 1);
  CHECK(assigning.q.item() == 6);
}

TEST_CASE("Tensors that do not fit are refused, by the name of the Parameter, and nothing has changed") {
  Network network;
  List w = like(network, 8);
  throws<ValueError>("functional_call: 1 Tensors for 4 Parameters").by([&] {
    return nn::functional_call(network, List{x}, x);
  });
  std::swap(w[0], w[2]);
  throws<ShapeError>("functional_call: hidden.weight is [3, 2] f64, its Tensor [1, 3] f64").by([&] {
    return nn::functional_call(network, w, x);
  });
  throws<DTypeError>("functional_call: output.bias is [1] f64, its Tensor [1] f32").by([&] {
    return nn::functional_call(network, {{"output.bias", zeros({1})}}, x);
  });
  throws<GraphError>("functional_call: the Tensor for output.bias is undefined").by([&] {
    return nn::functional_call(network, {{"output.bias", Tensor()}}, x);
  });
  throws<ValueError>("functional_call: no Parameter is named bias").by([&] {
    return nn::functional_call(network, {{"bias", zeros({1})}}, x);
  });
  const Tensor b = zeros({1}, float64);
  throws<ValueError>("functional_call: output.bias is given twice").by([&] {
    return nn::functional_call(network, {{"output.bias", b}, {"output.bias", b}}, x);
  });
}

}  // namespace
}  // namespace xgrad::functional_call_test
