#include "nn/multi_head_attention.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "tests/nn/attention_loops.hpp"
#include "tests/nn/module_gradients.hpp"
#include "tests/throws.hpp"

namespace xgrad::multi_head_attention_test {
namespace {

using loops::Numbers;
using loops::Rows;
using Sees = std::function<bool(std::size_t, std::size_t)>;

void check_near(const Numbers& got, const Numbers& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(expected[i]).margin(1e-14).epsilon(1e-12));
}
void check_near(const Tensor& got, const Tensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  check_near(got.to_vector(), expected.to_vector());
}

/// Biases that are not 0, which is what they begin with.
void draw_biases(nn::Module& module, Rng& rng) {
  for (auto& [name, parameter] : module.named_parameters())
    if (parameter.shape().ndim() == 1) parameter.assign(normal(parameter.shape(), rng, 0, 1, float64));
}

/// One example, [L, E], in plain loops.
Numbers in_loops(const nn::MultiHeadAttention& attention, std::size_t heads, const Tensor& query, const Tensor& key,
                 const Tensor& value, const Sees& sees) {
  const std::int64_t features = attention.out_proj.weight.shape()[0];
  const auto part = [&](const Parameter& own, std::int64_t which) {
    const auto rows = slice(which * features, (which + 1) * features);
    const Tensor weight = own.defined() ? own.value() : attention.in_proj_weight.value()(rows);
    return std::pair(weight, attention.in_proj_bias.defined() ? attention.in_proj_bias.value()(rows) : Tensor());
  };
  const auto projected = [&](const Parameter& own, std::int64_t which, const Tensor& x) {
    const auto [weight, bias] = part(own, which);
    return loops::affine_rows(weight, bias, loops::rows_of(x));
  };
  const Rows mixed =
      loops::heads_of(projected(attention.q_proj_weight, 0, query), projected(attention.k_proj_weight, 1, key),
                      projected(attention.v_proj_weight, 2, value), heads, sees);
  return loops::joined(loops::affine_rows(attention.out_proj.weight, attention.out_proj.bias, mixed));
}

const Sees everything = [](std::size_t, std::size_t) { return true; };

TEST_CASE("MultiHeadAttention is its plain loops, with packed and with separate projections") {
  Rng rng(1);
  for (const bool bias : {true, false})
    for (const bool separate : {true, false}) {
      nn::MultiHeadAttentionOptions options{.bias = bias, .dtype = float64};
      if (separate) options.kdim = 3, options.vdim = 5;
      nn::MultiHeadAttention attention(4, 2, options, rng);
      draw_biases(attention, rng);
      CHECK(attention.in_proj_weight.defined() == !separate);
      const Tensor q = normal({3, 2, 4}, rng, 0, 1, float64), k = normal({5, 2, separate ? 3 : 4}, rng, 0, 1, float64),
                   v = normal({5, 2, separate ? 5 : 4}, rng, 0, 1, float64);
      const Tensor y = attention(q, k, v);
      REQUIRE(y.shape() == Shape{3, 2, 4});
      for (std::int64_t n = 0; n < 2; ++n) {
        const Tensor one = q(all, n), keys = k(all, n), values = v(all, n);
        check_near(y(all, n).to_vector(), in_loops(attention, 2, one, keys, values, everything));
        check_near(attention(one, keys, values).to_vector(), y(all, n).to_vector());
      }
    }
}

TEST_CASE("a mask and padding of keys leave out what is false") {
  Rng rng(2);
  nn::MultiHeadAttention attention(4, 2, {.batch_first = true, .dtype = float64}, rng);
  draw_biases(attention, rng);
  const Tensor x = normal({2, 3, 4}, rng, 0, 1, float64);
  const Tensor mask = tensor({{true, true, false}, {true, true, true}, {false, true, true}});
  const Tensor padding = tensor({{true, true, true}, {true, false, false}});
  const Tensor y = attention(x, x, x, {.mask = mask, .key_mask = padding});
  const Tensor floating = where(mask, zeros({3, 3}, float64), -std::numeric_limits<double>::infinity());
  check_near(attention(x, x, x, {.mask = floating, .key_mask = padding}), y);
  check_near(attention(x, x, x, {.mask = stack({mask, mask}), .key_mask = padding}), y);
  check_near(attention(x, x, x, {.mask = broadcast_to(mask, {2, 2, 3, 3}), .key_mask = padding}), y);
  for (std::int64_t n = 0; n < 2; ++n) {
    const Sees sees = [&](std::size_t i, std::size_t j) { return mask(i, j).item() != 0 && padding(n, j).item() != 0; };
    check_near(y(n).to_vector(), in_loops(attention, 2, x(n), x(n), x(n), sees));
    check_near(attention(x(n), x(n), x(n), {.mask = mask, .key_mask = padding(n)}), y(n));
  }
  // The last query of the second example has no key: the bias of out_proj is left.
  check_near(y(1, 2), attention.out_proj.bias);
  const Sees earlier = [](std::size_t i, std::size_t j) { return j <= i; };
  check_near(attention(x, x, x, {.causal = true})(0).to_vector(), in_loops(attention, 2, x(0), x(0), x(0), earlier));
}

TEST_CASE("batch first swaps the first two axes") {
  Rng rng(3), same(3);
  const nn::MultiHeadAttention first(4, 2, {.batch_first = true, .dtype = float64}, rng),
      second(4, 2, {.dtype = float64}, same);
  const Tensor q = normal({3, 2, 4}, rng, 0, 1, float64), k = normal({3, 5, 4}, rng, 0, 1, float64);
  const Tensor mask =
      tensor({{true, true, false, true, true}, {true, true, true, true, false}, {true, false, false, true, false}});
  const auto got = first.attend(q, k, k, {.key_mask = mask});
  const Tensor keys = transpose(k, 0, 1);
  const auto expected = second.attend(transpose(q, 0, 1), keys, keys, {.key_mask = mask});
  check_near(got.output, transpose(expected.output, 0, 1));
  check_near(got.weights, expected.weights);
  CHECK(got.weights.shape() == Shape{3, 2, 2, 5});
  check_near(sum(got.weights, -1), ones({3, 2, 2}, float64));
  CHECK(first.attend(q(0), k(0), k(0)).weights.shape() == Shape{2, 2, 5});
}

TEST_CASE("with a cache, attention of pieces is that of the whole") {
  Rng rng(4);
  const nn::MultiHeadAttention attention(4, 2, {.batch_first = true, .dtype = float64}, rng);
  const Tensor x = normal({2, 5, 4}, rng, 0, 1, float64);
  const Tensor whole = attention(x, x, x, {.causal = true});
  nn::KeysAndValues cache;
  for (const auto& [begin, end] : {std::pair(0, 2), {2, 3}, {3, 5}}) {
    const Tensor piece = x(all, slice(begin, end));
    check_near(attention(piece, piece, piece, {.causal = true, .cache = &cache}), whole(all, slice(begin, end)));
    CHECK(cache.length() == end);
  }
  const Tensor piece = x(all, slice(0, 2));
  CHECK_THROWS_AS(attention(piece, piece, piece, {.mask = ones({2, 2}, boolean), .cache = &cache}), ShapeError);
  CHECK(cache.length() == 5);
}

TEST_CASE("rotary attention turns queries and keys by their places, those of a cache included") {
  Rng rng(8), same(8);
  const nn::MultiHeadAttention attention(4, 2, {.batch_first = true, .rotary = nn::RotaryOptions{}, .dtype = float64},
                                         rng),
      plain(4, 2, {.batch_first = true, .dtype = float64}, same);
  const Tensor x = normal({2, 5, 4}, rng, 0, 1, float64);
  const Tensor whole = attention(x, x, x, {.causal = true});
  CHECK(whole(0, 4).to_vector() != plain(x, x, x, {.causal = true})(0, 4).to_vector());
  nn::KeysAndValues cache;
  for (const auto& [begin, end] : {std::pair(0, 2), {2, 3}, {3, 5}}) {
    const Tensor piece = x(all, slice(begin, end));
    check_near(attention(piece, piece, piece, {.causal = true, .cache = &cache}), whole(all, slice(begin, end)));
  }
  // Of queries and keys that are moved together the weights stay.
  const Tensor late = concat({zeros({2, 3, 4}, float64), x}, 1), seen = arange(8) >= 3;
  check_near(attention(late, late, late, {.mask = seen})(all, slice(3, 8)), attention(x, x, x));
}

TEST_CASE("MultiHeadAttention differentiates correctly, to the second order") {
  Rng rng(5);
  const Tensor q = normal({2, 1, 2}, rng, 0, 1, float64), k = normal({2, 1, 1}, rng, 0, 1, float64);
  using Xs = std::vector<Tensor>;
  nn::MultiHeadAttention separate(2, 2, {.kdim = 1, .vdim = 1, .dtype = float64}, rng);
  check_module_gradients(separate, {q, k}, [&](const Xs& xs) { return separate(xs[0], xs[1], xs[1]); });
  nn::MultiHeadAttention packed(2, 1, {.dtype = float64}, rng);
  const Tensor nobody = tensor({{true, false}, {false, false}});
  check_module_gradients(packed, {q}, [&](const Xs& xs) { return packed(xs[0], xs[0], xs[0], {.mask = nobody}); });
}

TEST_CASE("dropout of MultiHeadAttention acts in training alone") {
  Rng rng(6);
  nn::MultiHeadAttention attention(4, 2, {.dropout = 0.5}, rng);
  const Tensor x = normal({3, 2, 4}, rng);
  CHECK(attention(x, x, x).to_vector() != attention(x, x, x).to_vector());
  attention.eval();
  CHECK(attention(x, x, x).to_vector() == attention(x, x, x).to_vector());
}

TEST_CASE("attention over no keys, of no queries, and of batches of none") {
  const nn::MultiHeadAttention attention(4, 2, {.batch_first = true});
  const auto shape = [&](const Shape& q, const Shape& k) { return attention(ones(q), ones(k), ones(k)).shape(); };
  CHECK(shape({2, 3, 4}, {2, 0, 4}) == Shape{2, 3, 4});
  CHECK(shape({2, 0, 4}, {2, 3, 4}) == Shape{2, 0, 4});
  CHECK(shape({0, 3, 4}, {0, 2, 4}) == Shape{0, 3, 4});
  CHECK(max(abs(attention(ones({1, 2, 4}), ones({1, 0, 4}), ones({1, 0, 4})))).item() == 0);
}

TEST_CASE("MultiHeadAttention has PyTorch's names, layouts and initial values") {
  Rng rng(7);
  const auto names = [](const nn::Module& module) {
    std::vector<std::string> all;
    for (const auto& entry : module.state()) all.push_back(entry.name);
    return all;
  };
  const nn::MultiHeadAttention packed(8, 2, {}, rng), separate(8, 2, {.kdim = 3}, rng);
  CHECK(names(packed) ==
        std::vector<std::string>{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"});
  CHECK(names(separate) == std::vector<std::string>{"q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias",
                                                    "out_proj.weight", "out_proj.bias"});
  CHECK(packed.in_proj_weight.shape() == Shape{24, 8});
  CHECK(separate.k_proj_weight.shape() == Shape{8, 3});
  CHECK(max(abs(packed.in_proj_bias)).item() == 0);
  CHECK(max(abs(packed.out_proj.bias)).item() == 0);
  const double bound = std::sqrt(6.0 / 32), largest = max(abs(packed.in_proj_weight)).item();
  CHECK(largest <= bound);
  CHECK(largest > 0.95 * bound);
}

TEST_CASE("MultiHeadAttention refuses what does not fit") {
  const nn::MultiHeadAttention attention(4, 2);
  const Tensor x = ones({3, 2, 4}), k = ones({5, 2, 4});
  throws<ValueError>("MultiHeadAttention: 4 features are not to be shared by 3 heads").by([] {
    nn::MultiHeadAttention(4, 3);
  });
  throws<ShapeError>("MultiHeadAttention: the key [5, 4] f32 is not of 3 axes, the last of size 4").by([&] {
    attention(x, ones({5, 4}), k);
  });
  throws<ShapeError>(
      "MultiHeadAttention: the query [3, 2, 4] f32, the key [5, 2, 4] f32 and the value [4, 2, 4] f32 do not fit "
      "together")
      .by([&] {
        attention(x, k, ones({4, 2, 4}));
      });
  throws<ShapeError>("MultiHeadAttention: the mask of the keys is [2, 4] bool, not [2, 5]").by([&] {
    attention(x, k, k, {.key_mask = ones({2, 4}, boolean)});
  });
  throws<DTypeError>(
      "MultiHeadAttention: the mask of the keys must be bool, true for those that take part; got [2, 5] f32")
      .by([&] {
        attention(x, k, k, {.key_mask = ones({2, 5})});
      });
  throws<ShapeError>("MultiHeadAttention: mask: sizes 4 and 5 differ at axis 3 of shapes [2, 1, 3, 4] and [2, 2, 3, 5]")
      .by([&] {
        attention(x, k, k, {.mask = ones({2, 3, 4}, boolean)});
      });
  throws<ValueError>("MultiHeadAttention: Dropout: the probability 2 is not in [0, 1]").by([] {
    nn::MultiHeadAttention(4, 2, {.dropout = 2});
  });
}

}  // namespace
}  // namespace xgrad::multi_head_attention_test
