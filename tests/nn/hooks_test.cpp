#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

namespace hooks_test {

using namespace xgrad;

namespace {

/// A module without a Call.
struct Plain : nn::Module {
  nn::Linear inner{2, 2};
  Tensor operator()(const Tensor& x) const { return inner(x) * 2; }
  void visit(nn::Visitor& visitor) override { visitor("inner", inner); }
};
/// The same with one.
struct Called : nn::Module {
  nn::Linear inner{2, 2};
  Tensor operator()(const Operand& x) const {
    const nn::Call call(*this, "Called", x.where());
    return call.result(inner(x) * 2);
  }
  void visit(nn::Visitor& visitor) override { visitor("inner", inner); }
};
struct Model : nn::Module {
  Plain plain;
  Called called;
  nn::Sequential steps{Plain(), Called(), relu, nn::Dropout(0.5, Rng(1))};
  Tensor operator()(const Tensor& x) const { return steps(called(plain(x))); }
  void visit(nn::Visitor& visitor) override {
    visitor("plain", plain), visitor("called", called), visitor("steps", steps);
  }
};

using Names = std::vector<std::string>;
nn::Hook note(Names& names) {
  return [&names](const std::string& name, const Tensor&) {
    names.push_back(name);
    return Tensor();
  };
}

const Tensor x = tensor({{1.0, -2.0}, {0.5, 3.0}});

}  // namespace

TEST_CASE("a hook is called with the name and result of each module of the library, and of those in containers") {
  Model model;
  Names names;
  model.add_hook("*", note(names));
  model(x);
  // Nothing calls the hooks of `plain` and of the model: their operators have no Call, and no container calls them.
  CHECK(names == Names{"plain.inner", "called.inner", "called", "steps.0.inner", "steps.0", "steps.1.inner", "steps.1",
                       "steps.3", "steps"});
}

TEST_CASE("a hook finds its modules by pattern, and can be removed") {
  Model model;
  Names names;
  const auto inner = model.add_hook("*.inner", note(names));
  const auto dropout = model.add_hook("steps.?", note(names));
  model(x);
  CHECK(names ==
        Names{"plain.inner", "called.inner", "steps.0.inner", "steps.0", "steps.1.inner", "steps.1", "steps.3"});
  names.clear();
  model.remove_hook(inner);
  model(x);
  CHECK(names == Names{"steps.0", "steps.1", "steps.3"});
  model.remove_hook(dropout);
  names.clear();
  model(x);
  CHECK(names.empty());
  CHECK_THROWS_AS(model.remove_hook(dropout), ValueError);
  CHECK_THROWS_WITH(model.add_hook("step", note(names)), Catch::Contains("no module is named like step"));
  CHECK_THROWS_AS(model.add_hook("*", nullptr), ValueError);
}

TEST_CASE("a hook may replace the result, derivatives included, and the next one sees what it made of it") {
  nn::Linear layer(2, 3);
  const Tensor plain = layer(x);
  layer.add_hook("*", [](const std::string&, const Tensor& y) { return 3 * y; });
  layer.add_hook("*", [](const std::string&, const Tensor& y) { return y + 1; });
  const Tensor y = layer(x);
  CHECK(y.to_vector() == (3 * plain + 1).to_vector());
  CHECK(grad(sum(y), Tensor(layer.bias)).to_vector() == std::vector<double>{6, 6, 6});
}

TEST_CASE("a hook whose error ends the call leaves the next call as it would be") {
  nn::Sequential model(nn::Linear(2, 2), relu);
  const auto number =
      model.add_hook("0", [](const std::string&, const Tensor&) -> Tensor { throw ValueError("stop"); });
  CHECK_THROWS_AS(model(x), ValueError);
  CHECK_THROWS_AS(model(x), ValueError);
  model.remove_hook(number);
  Names names;
  model.add_hook("*", note(names));
  model(x);
  CHECK(names == Names{"0", ""});
}

TEST_CASE("what a hook calls itself calls no hooks, and it may remove itself") {
  nn::Linear layer(2, 2);
  std::int64_t number = 0, calls = 0;
  number = layer.add_hook("*", [&](const std::string&, const Tensor&) {
    ++calls;
    const Tensor again = layer(x);
    layer.remove_hook(number);
    return again;
  });
  layer(x);
  layer(x);
  CHECK(calls == 1);
}

namespace {
/// Calls the layer that it derives from twice.
struct Twice : nn::Linear {
  using nn::Linear::Linear;
  Tensor operator()(const Operand& in) const { return 2 * nn::Linear::operator()(nn::Linear::operator()(in)); }
};
/// The same with a Call.
struct CalledTwice : Twice {
  using Twice::Twice;
  Tensor operator()(const Operand& in) const {
    const nn::Call call(*this, "CalledTwice", in.where());
    return call.result(Twice::operator()(in));
  }
};
}  // namespace

TEST_CASE("a hook sees the result of a class that derives from a layer once, and not what it computes of") {
  nn::Sequential model(Twice(2, 2), CalledTwice(2, 2));
  std::vector<Tensor> seen;
  model.add_hook("?", [&](const std::string&, const Tensor& y) {
    seen.push_back(y);
    return Tensor();
  });
  const Tensor y = model(x);
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].to_vector() == y.to_vector());
  const CalledTwice& second = model.step<CalledTwice>(1);
  const Tensor z = second(x);
  REQUIRE(seen.size() == 3);
  CHECK(seen[2].to_vector() == z.to_vector());
  CHECK(nn::summary(model, x).lines[2].outputs.size() == 1);
  CHECK(seen[0].to_vector() != y.to_vector());
}

TEST_CASE("a clone has hooks of its own, the same ones") {
  nn::Sequential model(nn::Linear(2, 2), relu);
  Names names;
  const auto number = model.add_hook("0", note(names));
  nn::Sequential cloned = nn::clone(model);
  model.remove_hook(number);
  model(x);
  CHECK(names.empty());
  cloned(x);
  CHECK(names == Names{"0"});
  cloned.remove_hook(number);
  cloned(x);
  CHECK(names.size() == 1);
}

namespace {
/// Whether a hook that is added to this module sees, and can replace, what it gives.
template <class M, class... Inputs>
void check_hook(M module, const Inputs&... inputs) {
  INFO(module.type_name());
  int calls = 0;
  module.add_hook("", [&](const std::string&, const Tensor&) {
    ++calls;
    return tensor({42.0});
  });
  const auto found = module(inputs...);
  if constexpr (std::is_convertible_v<decltype(found), Tensor>)
    CHECK(found.item() == 42);
  else if constexpr (requires { found.output; })
    CHECK(found.output.item() == 42);
  else
    CHECK(found.h.item() == 42);
  CHECK(calls == 1);
}
}  // namespace

TEST_CASE("every layer calls its hooks, once") {
  const Tensor words = tensor({{0, 1}}), image = ones({2, 3, 4, 4});
  check_hook(nn::Linear(2, 3), x);
  check_hook(nn::Bilinear(2, 2, 3), x, x);
  check_hook(nn::Embedding(2, 3), words);
  check_hook(nn::EmbeddingBag(2, 3), words);
  check_hook(nn::Identity(), x);
  check_hook(nn::Lambda(relu), x);
  check_hook(nn::Sequential(relu), x);
  check_hook(nn::Residual(relu), x);
  check_hook(nn::Parallel({.join = nn::Join::sum}, relu), x);
  check_hook(nn::Dropout(), x);
  check_hook(nn::Dropout1d(), ones({2, 3, 4}));
  check_hook(nn::Dropout2d(), image);
  check_hook(nn::Dropout3d(), ones({2, 3, 4, 4, 1}));
  check_hook(nn::AlphaDropout(), x);
  check_hook(nn::FeatureAlphaDropout(), image);
  check_hook(nn::weight_norm(nn::Linear(2, 3)), x);
  check_hook(nn::spectral_norm(nn::Linear(2, 3)), x);
  check_hook(nn::PReLU(), x);
  check_hook(nn::RReLU(), x);
}

TEST_CASE("every layer for images calls its hooks, once") {
  const Tensor image = ones({2, 3, 4, 4});
  check_hook(nn::Conv2d(3, 4, 3), image);
  check_hook(nn::ConvTranspose2d(3, 4, 3), image);
  check_hook(nn::BatchNorm2d(3), image);
  check_hook(nn::InstanceNorm2d(3), image);
  check_hook(nn::LayerNorm({4, 4}), image);
  check_hook(nn::RMSNorm({4}), image);
  check_hook(nn::GroupNorm(1, 3), image);
  check_hook(nn::MaxPool2d(2), image);
  check_hook(nn::AvgPool2d(2), image);
  check_hook(nn::LpPool2d(2, 2), image);
  check_hook(nn::AdaptiveAvgPool2d(2), image);
  check_hook(nn::AdaptiveMaxPool2d(2), image);
  check_hook(nn::Flatten(), image);
  check_hook(nn::Unflatten(1, {3, 1}), image);
  check_hook(nn::Upsample({.scale = 2}), image);
  check_hook(nn::PixelShuffle(1), image);
  check_hook(nn::PixelUnshuffle(2), image);
  check_hook(nn::ChannelShuffle(3), image);
}

TEST_CASE("every layer for sequences calls its hooks, once") {
  const Tensor sequence = ones({3, 2, 4}), step = ones({2, 4});
  check_hook(nn::RNN(4, 3), sequence);
  check_hook(nn::LSTM(4, 3), sequence);
  check_hook(nn::weight_norm(nn::LSTM(4, 3), {.name = "weight_hh_l0"}), sequence);
  check_hook(nn::weight_norm(nn::weight_norm(nn::LSTM(4, 3), {.name = "weight_hh_l0"}), {.name = "weight_ih_l0"}),
             sequence);
  check_hook(nn::weight_norm(nn::LSTMCell(4, 3), {.name = "weight_hh"}), step);
  check_hook(nn::GRU(4, 3), sequence);
  check_hook(nn::RNNCell(4, 3), step);
  check_hook(nn::LSTMCell(4, 3), step);
  check_hook(nn::GRUCell(4, 3), step);
  check_hook(nn::MultiHeadAttention(4, 2), sequence, sequence, sequence);
  check_hook(nn::TransformerEncoderLayer(4, 2), sequence);
  check_hook(nn::TransformerDecoderLayer(4, 2), sequence, sequence);
  check_hook(nn::TransformerEncoder(4, 2, 1), sequence);
  check_hook(nn::TransformerDecoder(4, 2, 1), sequence, sequence);
  check_hook(nn::LearnedPositions(5, 4), sequence, 0);
  check_hook(nn::LanguageModel(7, {.features = 4, .heads = 2, .num_layers = 1, .longest = 4}), tensor({{1, 2}}));
}

}  // namespace hooks_test
