// Layers that are cast take and give what they are cast to.

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

namespace cast_test {

using namespace xgrad;

namespace {

const Tensor& of(const Tensor& y) { return y; }
const Tensor& of(const nn::RecurrentOutput& y) { return y.output; }
const Tensor& of(const nn::RecurrentState& y) { return y.h; }

template <class M, class... Inputs>
void check_cast(M module, const Inputs&... inputs) {
  INFO(module.type_name());
  module.eval();
  const auto before = of(module(inputs...)).to_vector();
  nn::to(module, float64);
  for (const Parameter& parameter : module.parameters()) CHECK(parameter.dtype() == float64);
  const auto wide = [](const Tensor& x) { return is_floating(x.dtype()) ? cast(x, float64) : x; };
  const auto after = of(module(wide(inputs)...)).to_vector();
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i] == Approx(before[i]).epsilon(1e-4).margin(1e-5));
  module.train();
  const auto y = module(wide(inputs)...);
  CHECK(of(y).dtype() == float64);
  if (!module.parameters().empty())
    for (const Tensor& gradient : grad(sum(of(y)), module.parameters())) CHECK(gradient.dtype() == float64);
  nn::to(module, float32);
  module.eval();
  CHECK(of(module(inputs...)).dtype() == float32);
}

}  // namespace

TEST_CASE("layers that are cast to float64 take and give float64, and come back") {
  const Tensor x = ones({2, 2}), image = uniform({2, 3, 4, 4}, default_rng());
  check_cast(nn::Linear(2, 3), x);
  check_cast(nn::Bilinear(2, 2, 3), x, x);
  check_cast(nn::Embedding(2, 3, {.padding_index = 0, .max_norm = 1.0}), tensor({{0, 1}}));
  check_cast(nn::EmbeddingBag(2, 3, {.padding_index = 0}), tensor({{0, 1}}));
  check_cast(nn::weight_norm(nn::Linear(2, 3)), x);
  check_cast(nn::spectral_norm(nn::Linear(2, 3)), x);
  check_cast(nn::PReLU(), x);
  check_cast(nn::Conv2d(3, 4, 3), image);
  check_cast(nn::ConvTranspose2d(3, 4, 3), image);
  check_cast(nn::BatchNorm2d(3), image);
  check_cast(nn::InstanceNorm2d(3, {.affine = true, .track_running_stats = true}), image);
  check_cast(nn::LayerNorm({4, 4}), image);
  check_cast(nn::RMSNorm({4}), image);
  check_cast(nn::GroupNorm(1, 3), image);
}

TEST_CASE("layers for sequences that are cast to float64 take and give float64, and come back") {
  const Tensor sequence = uniform({3, 2, 4}, default_rng()), step = ones({2, 4});
  check_cast(nn::RNN(4, 3), sequence);
  check_cast(nn::LSTM(4, 3, {.proj_size = 2}), sequence);
  check_cast(nn::GRU(4, 3), sequence);
  check_cast(nn::RNNCell(4, 3), step);
  check_cast(nn::LSTMCell(4, 3), step);
  check_cast(nn::GRUCell(4, 3), step);
  check_cast(nn::MultiHeadAttention(4, 2), sequence, sequence, sequence);
  check_cast(nn::TransformerEncoderLayer(4, 2), sequence);
  check_cast(nn::TransformerDecoderLayer(4, 2), sequence, sequence);
  check_cast(nn::LanguageModel(7, {.features = 4, .heads = 2, .num_layers = 1, .longest = 4}), tensor({{1, 2}}));
}

}  // namespace cast_test
