#include "nn/language_model.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "autograd/autograd.hpp"
#include "nn/classification.hpp"
#include "optim/optim.hpp"
#include "tests/throws.hpp"

namespace xgrad::language_model_test {
namespace {

using Numbers = std::vector<double>;

nn::LanguageModelOptions small(double dropout = 0, DType dtype = float64) {
  return {.features = 8,
          .heads = 2,
          .num_layers = 2,
          .dim_feedforward = 8,
          .longest = 12,
          .dropout = dropout,
          .dtype = dtype};
}

void check_near(const Tensor& got, const Tensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  const Numbers a = got.to_vector(), b = expected.to_vector();
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(1e-13).epsilon(1e-11));
}

// So that logits differ from one token to the next.
void enlarge(nn::LanguageModel& model) {
  model.embedding.weight.assign(model.embedding.weight * 50);
  if (model.positions) model.positions->weight.assign(model.positions->weight * 50);
}

TEST_CASE("with a cache a language model gives the logits of the whole sequence, piece by piece") {
  Rng rng(1);
  nn::LanguageModel model(7, small(), rng);
  enlarge(model);
  const Tensor tokens = randint({3, 8}, rng, 0, 7);
  const Tensor whole = model(tokens);
  REQUIRE(whole.shape() == Shape{3, 8, 7});
  nn::LanguageModel::Cache cache;
  for (const auto& [begin, end] : {std::pair(0, 4), {4, 5}, {5, 8}}) {
    check_near(model(tokens(all, slice(begin, end)), cache), whole(all, slice(begin, end)));
    CHECK(cache.length() == end);
  }
  check_near(model(tokens(1)), whole(1));
}

TEST_CASE("with rotary positions, too, of which only distances count") {
  Rng rng(9);
  nn::LanguageModelOptions options = small();
  options.rotary = true;
  nn::LanguageModel model(7, options, rng);
  enlarge(model);
  for (const auto& entry : model.state()) CHECK(entry.name.find("positions") == std::string::npos);
  const Tensor tokens = randint({2, 6}, rng, 0, 7), whole = model(tokens);
  nn::LanguageModel::Cache cache;
  for (const auto& [begin, end] : {std::pair(0, 3), {3, 4}, {4, 6}})
    check_near(model(tokens(all, slice(begin, end)), cache), whole(all, slice(begin, end)));
  // The order counts, where it would not without positions.
  CHECK(model(tensor({1, 2, 3}))(2).to_vector() != model(tensor({2, 1, 3}))(2).to_vector());
  throws<ValueError>("TransformerEncoder: MultiHeadAttention: heads of 1 features have no pairs to be turned").by([] {
    nn::LanguageModel(5, {.features = 4, .heads = 4, .rotary = true});
  });
}

TEST_CASE("logits do not depend on what comes later") {
  Rng rng(2);
  nn::LanguageModel model(7, small(), rng);
  enlarge(model);
  const Tensor one = model(tensor({1, 2, 3, 4})), other = model(tensor({1, 2, 6, 0}));
  CHECK(one(slice(0, 2)).to_vector() == other(slice(0, 2)).to_vector());
  CHECK(one(2).to_vector() != other(2).to_vector());
}

TEST_CASE("greedy generation takes the largest logit of the whole sequence, each time") {
  Rng rng(3);
  nn::LanguageModel model(7, small(), rng);
  enlarge(model);
  Tensor tokens = tensor({{1, 2}, {5, 0}});
  const Tensor got = model.generate(tokens, 6, {.temperature = 0});
  for (int i = 0; i < 6; ++i) tokens = concat({tokens, unsqueeze(argmax(select(model(tokens), 1, -1)), 1)}, 1);
  CHECK(got.to_vector() == tokens.to_vector());
  CHECK(model.generate(tensor({1, 2}), 6, {.temperature = 0}).to_vector() == tokens(0).to_vector());
  CHECK(model.generate(tokens, 0).to_vector() == tokens.to_vector());
  CHECK_FALSE(got.tracked());
}

TEST_CASE("sampled generation draws by softmax, among the best alone if it is told to") {
  Rng rng(4);
  nn::LanguageModel model(5, small(), rng);
  enlarge(model);
  const Tensor prompts = broadcast_to(tensor({2}), {2000, 1});
  const Tensor logits = model(tensor({2}))(0);
  const Numbers p = softmax(logits / 0.5).to_vector();
  const auto counts = [&](const nn::GenerateOptions& options) {
    Numbers parts(5, 0);
    for (const double token : model.generate(prompts, 1, options, rng)(all, 1).to_vector())
      parts[static_cast<std::size_t>(token)] += 1.0 / 2000;
    return parts;
  };
  const Numbers drawn = counts({.temperature = 0.5});
  for (std::size_t i = 0; i < 5; ++i) CHECK(drawn[i] == Approx(p[i]).margin(0.05));
  const Numbers best = counts({.top_k = 2});
  const Numbers order = argsort(logits, -1, true).to_vector();
  for (std::size_t i = 0; i < 5; ++i) CHECK((best[static_cast<std::size_t>(order[i])] > 0) == (i < 2));
  Rng one(5), same(5);
  CHECK(model.generate(prompts, 3, {}, one).to_vector() == model.generate(prompts, 3, {}, same).to_vector());
}

TEST_CASE("a language model learns a sequence by heart") {
  Rng rng(6);
  nn::LanguageModel model(4, small(0, float32), rng);
  optim::Optimizer optimizer(model.parameters(), optim::adam(0.02));
  const Tensor text = tensor({0, 1, 2, 3, 2, 1, 0, 0, 3});
  for (int step = 0; step < 60; ++step) {
    const Tensor loss = nn::cross_entropy(model(text(slice(0, 8))), text(slice(1, 9)));
    optimizer.step(grad(loss, model.parameters()));
  }
  CHECK(model.generate(tensor({0}), 8, {.temperature = 0}).to_vector() == text.to_vector());
}

TEST_CASE("dropout of language models acts in training alone") {
  Rng rng(8);
  nn::LanguageModel model(5, small(0.5), rng);
  const Tensor tokens = tensor({1, 2, 3});
  CHECK(model(tokens).to_vector() != model(tokens).to_vector());
  model.eval();
  CHECK(model(tokens).to_vector() == model(tokens).to_vector());
}

TEST_CASE("the state of a language model has a name for each of its parts") {
  const nn::LanguageModel model(5, small());
  std::set<std::string> parts;
  for (const auto& entry : model.state()) parts.insert(entry.name.substr(0, entry.name.find('.')));
  CHECK(parts == std::set<std::string>{"embedding", "positions", "transformer", "output"});
}

TEST_CASE("language models refuse what does not fit") {
  nn::LanguageModel model(5, small());
  throws<DTypeError>("LanguageModel: tokens must be i64, got [3] f32").by([&] { model(ones({3})); });
  throws<ShapeError>("LanguageModel: tokens are [N, L] or [L], got [] i64").by([&] { model(tensor(1)); });
  throws<ValueError>("LanguageModel: 13 tokens are more than the longest, 12").by([&] { model(zeros({13}, int64)); });
  CHECK_THROWS_AS(model(tensor({5})), IndexError);
  throws<ValueError>("generate: needs a token to begin with, got [2, 0] i64").by([&] {
    return model.generate(zeros({2, 0}, int64), 1);
  });
  throws<ValueError>("generate: 10 tokens behind 3 are more than the longest, 12").by([&] {
    return model.generate(zeros({3}, int64), 10);
  });
  throws<ValueError>("generate: the temperature -1 or top_k 0 is below 0").by([&] {
    return model.generate(zeros({3}, int64), 1, {.temperature = -1});
  });
  CHECK_THROWS_AS(nn::LanguageModel(0), ValueError);
}

}  // namespace
}  // namespace xgrad::language_model_test
