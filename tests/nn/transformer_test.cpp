#include "nn/transformer.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "nn/recurrent.hpp"
#include "nn/summary.hpp"
#include "tests/nn/attention_loops.hpp"
#include "tests/throws.hpp"

namespace xgrad::transformer_test {
namespace {

using loops::Numbers;
using loops::Rows;

void check_near(const Numbers& got, const Numbers& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(expected[i]).margin(1e-13).epsilon(1e-11));
}
void check_near(const Tensor& got, const Tensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  check_near(got.to_vector(), expected.to_vector());
}

// Every weight as large as those of attention, so that none may be forgotten.
void draw_all(nn::Module& module, Rng& rng) {
  for (auto& [name, parameter] : module.named_parameters())
    parameter.assign(normal(parameter.shape(), rng, 0, 0.7, float64));
}

// ---- one example in plain loops -------------------------------------------------------------------------------------

Rows plus(const Rows& a, const Rows& b) {
  Rows sums = a;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t e = 0; e < a[i].size(); ++e) sums[i][e] += b[i][e];
  return sums;
}

Rows normalised(const nn::LayerNorm& norm, const Rows& xs) {
  const Numbers weight = norm.weight.value().to_vector(), bias = norm.bias.value().to_vector();
  Rows ys = xs;
  for (Numbers& y : ys) {
    double mean = 0, variance = 0;
    for (const double each : y) mean += each / static_cast<double>(y.size());
    for (const double each : y) variance += (each - mean) * (each - mean) / static_cast<double>(y.size());
    for (std::size_t e = 0; e < y.size(); ++e) y[e] = (y[e] - mean) / std::sqrt(variance + 1e-5) * weight[e] + bias[e];
  }
  return ys;
}

Rows attended(const nn::MultiHeadAttention& attention, const Rows& x, const Rows& memory, bool causal) {
  const auto projected = [&](std::int64_t which, const Rows& xs) {
    const auto size = static_cast<std::int64_t>(x[0].size());
    const auto rows = slice(which * size, (which + 1) * size);
    return loops::affine_rows(attention.in_proj_weight.value()(rows), attention.in_proj_bias.value()(rows), xs);
  };
  const Rows mixed = loops::heads_of(projected(0, x), projected(1, memory), projected(2, memory), 2,
                                     [causal](std::size_t i, std::size_t j) { return !causal || j <= i; });
  return loops::affine_rows(attention.out_proj.weight, attention.out_proj.bias, mixed);
}

double gelu_of(double x) { return x / 2 * std::erfc(-x / std::sqrt(2.0)); }

Rows fed(const nn::Linear& linear1, const nn::Linear& linear2, bool with_gelu, const Rows& x) {
  Rows hidden = loops::affine_rows(linear1.weight, linear1.bias, x);
  for (Numbers& row : hidden)
    for (double& each : row) each = with_gelu ? gelu_of(each) : std::max(each, 0.0);
  return loops::affine_rows(linear2.weight, linear2.bias, hidden);
}

template <class Part>
Rows with_part(const Rows& x, const nn::LayerNorm& norm, bool norm_first, const Part& part) {
  return norm_first ? plus(x, part(normalised(norm, x))) : normalised(norm, plus(x, part(x)));
}

Rows in_loops(const nn::TransformerEncoderLayer& layer, bool norm_first, bool with_gelu, const Rows& x, bool causal) {
  const Rows y =
      with_part(x, layer.norm1, norm_first, [&](const Rows& z) { return attended(layer.self_attn, z, z, causal); });
  return with_part(y, layer.norm2, norm_first,
                   [&](const Rows& z) { return fed(layer.linear1, layer.linear2, with_gelu, z); });
}
Rows in_loops(const nn::TransformerDecoderLayer& layer, bool norm_first, bool with_gelu, const Rows& x,
              const Rows& memory) {
  Rows y = with_part(x, layer.norm1, norm_first, [&](const Rows& z) { return attended(layer.self_attn, z, z, true); });
  y = with_part(y, layer.norm2, norm_first,
                [&](const Rows& z) { return attended(layer.multihead_attn, z, memory, false); });
  return with_part(y, layer.norm3, norm_first,
                   [&](const Rows& z) { return fed(layer.linear1, layer.linear2, with_gelu, z); });
}

nn::TransformerOptions options_of(bool norm_first, bool with_gelu) {
  nn::TransformerOptions options{
      .dim_feedforward = 3, .dropout = 0, .batch_first = true, .norm_first = norm_first, .dtype = float64};
  if (with_gelu) options.activation = gelu;
  return options;
}

// ---------------------------------------------------------------------------------------------------------------------

TEST_CASE("encoder and decoder layers are their plain loops, with the norm before or after, with relu and gelu") {
  Rng rng(1);
  const Tensor x = normal({2, 3, 4}, rng, 0, 1, float64), memory = normal({2, 5, 4}, rng, 0, 1, float64);
  for (const bool norm_first : {false, true})
    for (const bool with_gelu : {false, true}) {
      nn::TransformerEncoderLayer encoder(4, 2, options_of(norm_first, with_gelu), rng);
      nn::TransformerDecoderLayer decoder(4, 2, options_of(norm_first, with_gelu), rng);
      draw_all(encoder, rng);
      draw_all(decoder, rng);
      const Tensor y = encoder(x), earlier = encoder(x, {.causal = true}),
                   z = decoder(x, memory, {.self = {.causal = true}});
      for (std::int64_t n = 0; n < 2; ++n) {
        const Rows one = loops::rows_of(x(n)), known = loops::rows_of(memory(n));
        check_near(y(n).to_vector(), loops::joined(in_loops(encoder, norm_first, with_gelu, one, false)));
        check_near(earlier(n).to_vector(), loops::joined(in_loops(encoder, norm_first, with_gelu, one, true)));
        check_near(z(n).to_vector(), loops::joined(in_loops(decoder, norm_first, with_gelu, one, known)));
        check_near(encoder(x(n)), y(n));
      }
    }
}

TEST_CASE("stacks are their layers, one after the other, with an axis for the batch in either place") {
  Rng rng(2);
  nn::TransformerOptions options = options_of(true, false);
  options.final_norm = true;
  const nn::TransformerEncoder encoder(4, 2, 2, options, rng);
  const nn::TransformerDecoder decoder(4, 2, 2, options, rng);
  const Tensor x = normal({2, 3, 4}, rng, 0, 1, float64);
  const Tensor memory = encoder(x);
  check_near(memory, (*encoder.norm)(encoder.layers[1](encoder.layers[0](x))));
  check_near(decoder(x, memory), (*decoder.norm)(decoder.layers[1](decoder.layers[0](x, memory), memory)));
  CHECK(encoder.layers[0].linear1.weight.value().to_vector() != encoder.layers[1].linear1.weight.value().to_vector());
  Rng one(3), two(3);
  options.batch_first = false;
  const nn::TransformerEncoder other(4, 2, 2, options, one);
  options.batch_first = true;
  const nn::TransformerEncoder same(4, 2, 2, options, two);
  check_near(transpose(other(transpose(x, 0, 1)), 0, 1), same(x));
}

TEST_CASE("padding of the memory and of the places has no influence") {
  Rng rng(4);
  const nn::TransformerEncoder encoder(4, 2, 2, options_of(false, false), rng);
  const nn::TransformerDecoder decoder(4, 2, 2, options_of(false, false), rng);
  const Tensor x = normal({1, 4, 4}, rng, 0, 1, float64), there = tensor({{true, true, true, false}});
  const auto kept = slice(0, 3);
  check_near(encoder(x, {.key_mask = there})(all, kept), encoder(x(all, kept)));
  check_near(decoder(x, x, {.memory = {.key_mask = there}}), decoder(x, x(all, kept)));
}

TEST_CASE("with caches an encoder gives piece by piece what it gives at once") {
  Rng rng(5);
  const nn::TransformerEncoder encoder(4, 2, 2, options_of(true, true), rng);
  const Tensor x = normal({2, 5, 4}, rng, 0, 1, float64);
  const Tensor whole = encoder(x, {.causal = true});
  std::vector<nn::KeysAndValues> caches;
  for (const auto& [begin, end] : {std::pair(0, 3), {3, 4}, {4, 5}})
    check_near(encoder(x(all, slice(begin, end)), {.causal = true}, caches), whole(all, slice(begin, end)));
}

TEST_CASE("vmap of an encoder over examples is a batch") {
  Rng rng(8);
  const nn::TransformerEncoder encoder(4, 2, 2, options_of(true, true), rng);
  const Tensor x = normal({3, 5, 4}, rng, 0, 1, float64), there = arange(5) < tensor({{5}, {2}, {0}});
  const auto one = [&](const Tensor& example, const Tensor& keys) {
    return encoder(example, {.key_mask = keys, .causal = true});
  };
  check_near(vmap(one)(x, there), encoder(x, {.key_mask = there, .causal = true}));
}

TEST_CASE("hooks and summaries see the parts of a transformer and of recurrent networks") {
  Rng rng(9);
  nn::TransformerEncoder encoder(4, 2, 2, options_of(true, false), rng);
  std::vector<std::string> seen;
  encoder.add_hook("layers.1*", [&](const std::string& name, const Tensor& y) {
    seen.push_back(name);
    return y;
  });
  encoder(ones({2, 3, 4}, float64));
  CHECK(seen == std::vector<std::string>{"layers.1.norm1", "layers.1.self_attn.out_proj", "layers.1.self_attn",
                                         "layers.1.norm2", "layers.1.linear1", "layers.1.linear2", "layers.1"});
  const auto summary = nn::summary(encoder, ones({2, 3, 4}, float64));
  // Of each layer: four projections, the scores, the values, and the two of the last part.
  CHECK(summary.lines[0].multiply_adds == 2 * (4 * 6 * 4 * 4 + 2 * 2 * 2 * 3 * 3 * 2 + 2 * 6 * 4 * 3));
  nn::GRU gru(2, 3, {.dtype = float64}, rng);
  gru.add_hook("*", [](const std::string&, const Tensor& y) { return y * 2; });
  const Tensor x = normal({4, 2, 2}, rng, 0, 1, float64);
  const auto doubled = gru(x);
  check_near(doubled.output(3), doubled.state.h(0) * 2);
}

TEST_CASE("dropout of transformers acts in training alone, and everywhere") {
  Rng rng(7);
  nn::TransformerEncoder encoder(4, 2, 1, {.dim_feedforward = 8, .dropout = 0.5}, rng);
  const Tensor x = normal({3, 2, 4}, rng);
  CHECK(encoder(x).to_vector() != encoder(x).to_vector());
  encoder.eval();
  CHECK(encoder(x).to_vector() == encoder(x).to_vector());
  // All that is added is dropped: the norms of x are left.
  const nn::TransformerEncoderLayer all_dropped(4, 2, {.dim_feedforward = 8, .dropout = 1}, rng);
  check_near(all_dropped(x), all_dropped.norm2(all_dropped.norm1(x)));
}

TEST_CASE("transformers have PyTorch's names") {
  const auto names = [](const nn::Module& module) {
    std::vector<std::string> found;
    for (const auto& entry : module.state()) found.push_back(entry.name);
    std::sort(found.begin(), found.end());
    return found;
  };
  nn::TransformerOptions options{.dim_feedforward = 8, .dropout = 0};
  const std::vector<std::string> encoder{"linear1.bias",
                                         "linear1.weight",
                                         "linear2.bias",
                                         "linear2.weight",
                                         "norm1.bias",
                                         "norm1.weight",
                                         "norm2.bias",
                                         "norm2.weight",
                                         "self_attn.in_proj_bias",
                                         "self_attn.in_proj_weight",
                                         "self_attn.out_proj.bias",
                                         "self_attn.out_proj.weight"};
  CHECK(names(nn::TransformerEncoderLayer(4, 2, options)) == encoder);
  std::vector<std::string> decoder = encoder;
  for (const char* name :
       {"multihead_attn.in_proj_bias", "multihead_attn.in_proj_weight", "multihead_attn.out_proj.bias",
        "multihead_attn.out_proj.weight", "norm3.bias", "norm3.weight"})
    decoder.push_back(name);
  std::sort(decoder.begin(), decoder.end());
  CHECK(names(nn::TransformerDecoderLayer(4, 2, options)) == decoder);
  options.final_norm = true;
  std::vector<std::string> stack{"norm.bias", "norm.weight"};
  for (const char* layer : {"layers.0.", "layers.1."})
    for (const std::string& name : encoder) stack.push_back(layer + name);
  std::sort(stack.begin(), stack.end());
  CHECK(names(nn::TransformerEncoder(4, 2, 2, options)) == stack);
}

TEST_CASE("clones of transformers are independent") {
  const nn::TransformerEncoder encoder(4, 2, 2, {.dim_feedforward = 8, .dropout = 0});
  const nn::TransformerEncoder copy = nn::clone(encoder);
  Parameter weight = copy.layers[1].linear1.weight;
  weight.assign(weight * 2);
  CHECK(encoder.layers[1].linear1.weight.value().to_vector() != weight.value().to_vector());
  const Tensor x = ones({2, 1, 4});
  CHECK(encoder(x).to_vector() != copy(x).to_vector());
}

TEST_CASE("transformers refuse what does not fit") {
  const nn::TransformerEncoder encoder(4, 2, 2, {.dim_feedforward = 8});
  const Tensor x = ones({3, 2, 4});
  nn::KeysAndValues cache;
  std::vector<nn::KeysAndValues> three(3);
  throws<ValueError>("TransformerEncoder: needs a layer or more, got 0").by([] { nn::TransformerEncoder(4, 2, 0); });
  throws<ValueError>("TransformerDecoder: MultiHeadAttention: 4 features are not to be shared by 3 heads").by([] {
    nn::TransformerDecoder(4, 3, 1);
  });
  throws<ValueError>("TransformerEncoder: takes a list of caches, one for each layer").by([&] {
    encoder(x, {.cache = &cache});
  });
  const nn::TransformerDecoder decoder(4, 2, 2, {.dim_feedforward = 8});
  throws<ValueError>("TransformerDecoder: takes no cache, which its layers would share; call each of them with its own")
      .by([&] { decoder(x, x, {.self = {.cache = &cache}}); });
  CHECK_THROWS_AS(decoder(x, x, {.memory = {.cache = &cache}}), ValueError);
  CHECK(cache.length() == 0);
  throws<ValueError>("TransformerEncoder: has 2 layers, got 3 caches").by([&] { encoder(x, {}, three); });
  throws<ShapeError>(
      "TransformerEncoder: MultiHeadAttention: the query [3, 2, 5] f32 is not of 3 axes, the last of size 4")
      .by([&] {
        encoder(ones({3, 2, 5}));
      });
}

}  // namespace
}  // namespace xgrad::transformer_test
