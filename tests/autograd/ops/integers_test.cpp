// Whole numbers that make no sense are an error of the library, or a right result; never an overflow or a table of
// gigabytes. (What overflows without a trace is seen under the sanitizers.)

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "tests/throws.hpp"

namespace xgrad::integers_test {
namespace {

using Numbers = std::vector<std::int64_t>;
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min(),
                       highest = std::numeric_limits<std::int64_t>::max();
const Numbers hard{lowest, lowest + 1, -1, 0, 1, std::int64_t{1} << 31, std::int64_t{1} << 40, highest - 1, highest};

using Results = std::vector<Tensor>;

// What is small is computed, with its derivative; the rest has a size that can be counted.
void look_at(const Results& results) {
  for (const Tensor& y : results) {
    CHECK(y.numel() >= 0);
    if (y.numel() > 1000) continue;
    evaluate(y);
    if (y.tracked()) evaluate(grad(sum(y), y));
  }
}

// All numbers in each place, and in each two places, of a call that makes sense.
template <class Call>
void sweep(const char* name, const Numbers& usual, Call call) {
  const auto attempt = [&](const Numbers& numbers) {
    INFO(name << " of " << Catch::Detail::stringify(numbers));
    try {
      look_at(call(numbers));
    } catch (const Error&) {
    } catch (const std::exception& other) {
      FAIL_CHECK("another exception: " << other.what());
    }
  };
  {
    INFO(name);
    CHECK_NOTHROW(look_at(call(usual)));
  }
  for (std::size_t i = 0; i < usual.size(); ++i)
    for (const std::int64_t first : hard) {
      Numbers numbers = usual;
      numbers[i] = first;
      attempt(numbers);
      for (std::size_t j = 0; j < i; ++j)
        for (const std::int64_t second : hard) {
          numbers[j] = second;
          attempt(numbers);
          numbers[j] = usual[j];
        }
    }
}

// Made anew by each test: what is tracked for as long as the program runs would be in the counts of other tests.
Tensor x() { return track(tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}, {7.0, 8.0, 10.0}})); }
Tensor image() { return track(ones({1, 2, 4, 4})); }
Tensor line() { return track(ones({1, 2, 5})); }

}  // namespace

TEST_CASE("whole numbers of movements and arrangements") {
  sweep("roll", {1}, [](const Numbers& n) { return Results{roll(x(), n[0])}; });
  sweep("roll", {1, 0}, [](const Numbers& n) { return Results{roll(x(), n[0], n[1])}; });
  sweep("tile", {1, 2}, [](const Numbers& n) { return Results{tile(x(), n)}; });
  sweep("tile", {1, 2, 1, 1}, [](const Numbers& n) { return Results{tile(x(), n)}; });
  sweep("tile of nothing", {1, 2}, [](const Numbers& n) { return Results{tile(zeros({0, 3}), n)}; });
  sweep("repeat_interleave", {2, 0}, [](const Numbers& n) { return Results{repeat_interleave(x(), n[0], n[1])}; });
  sweep("diagonal", {0, 0, 1}, [](const Numbers& n) { return Results{diagonal(x(), n[0], n[1], n[2])}; });
  sweep("trace", {0, 0, 1}, [](const Numbers& n) { return Results{trace(x(), n[0], n[1], n[2])}; });
  sweep("diag", {0}, [](const Numbers& n) { return Results{diag(x(), n[0])}; });
  sweep("diag_embed", {0}, [](const Numbers& n) { return Results{diag_embed(x(), n[0])}; });
  sweep("tril, triu", {0}, [](const Numbers& n) { return Results{tril(x(), n[0]), triu(x(), n[0])}; });
  sweep("slice", {0, 0, 2, 1}, [](const Numbers& n) { return Results{slice(x(), n[0], n[1], n[2], n[3])}; });
  sweep("x(slice)", {0, 2, -1}, [](const Numbers& n) { return Results{x()(slice(n[0], n[1], n[2]))}; });
  sweep("x(numbers)", {0, 1}, [](const Numbers& n) { return Results{x()(n[0], n[1])}; });
  sweep("select", {0, 1}, [](const Numbers& n) { return Results{select(x(), n[0], n[1])}; });
  sweep("pad", {0, 1, 1, 0}, [](const Numbers& n) { return Results{pad(x(), n[0], n[1], n[2], 0.5, n[3])}; });
  sweep("pad of nothing", {0, 1, 1, 1}, [](const Numbers& n) {
    return Results{pad(zeros({0, 2}), n[0], n[1], n[2], 0.5, n[3])};
  });
  for (const PadMode mode : {PadMode::constant, PadMode::reflect, PadMode::replicate, PadMode::circular})
    sweep("pad", {0, 1, 1}, [mode](const Numbers& n) {
      return Results{pad(x(), std::vector{Around{n[0], n[1], n[2]}}, mode)};
    });
  sweep("split", {1, 0}, [](const Numbers& n) { return n[0] == 0 ? Results{} : split(x(), n[0], n[1]); });
  sweep("split", {1, 2, 0}, [](const Numbers& n) { return split(x(), {n[0], n[1]}, n[2]); });
  sweep("reshape", {3, 3}, [](const Numbers& n) { return Results{reshape(x(), {n[0], n[1]})}; });
  sweep("broadcast_to", {1, 3, 3}, [](const Numbers& n) { return Results{broadcast_to(x(), {n[0], n[1], n[2]})}; });
  sweep("axes", {0, 1}, [](const Numbers& n) {
    return Results{transpose(x(), n[0], n[1]), permute(x(), {n[0], n[1]}), flatten(x(), n[0], n[1]),
                   moveaxis(x(), n[0], n[1])};
  });
  sweep("axes", {0}, [](const Numbers& n) {
    return Results{flip(x(), n[0]), unsqueeze(x(), n[0]), concat({x(), x()}, n[0]), stack({x(), x()}, n[0])};
  });
  sweep("squeeze", {0}, [](const Numbers& n) { return Results{squeeze(unsqueeze(x(), 0), n[0])}; });
}

TEST_CASE("whole numbers of reductions, orders and indices") {
  const Tensor index = tensor({{0, 1, 2}});
  sweep("axes of reductions", {0}, [](const Numbers& n) {
    return Results{sum(x(), n[0]),    prod(x(), n[0]),   max(x(), n[0]),       argmin(x(), n[0]),
                   mean(x(), n[0]),   norm(x(), n[0]),   logsumexp(x(), n[0]), sort(x(), n[0]).values,
                   median(x(), n[0]), softmax(x(), n[0])};
  });
  sweep("axes of scans", {0}, [](const Numbers& n) {
    return Results{cumsum(x(), n[0]), cumprod(x(), n[0]), cummax(x(), n[0]), logcumsumexp(x(), n[0]),
                   linear_recurrence(x(), x(), n[0])};
  });
  sweep("var", {0, 1}, [](const Numbers& n) { return Results{var(x(), n[0], n[1]), stddev(x(), n[0], n[1])}; });
  sweep("topk", {1, 0}, [](const Numbers& n) {
    return Results{topk(x(), n[0], n[1]).values, topk(x(), n[0], n[1], false).indices};
  });
  sweep("kthvalue", {1, 0}, [](const Numbers& n) { return Results{kthvalue(x(), n[0], n[1]).values}; });
  sweep("quantile", {0}, [](const Numbers& n) { return Results{quantile(x(), 0.5, n[0])}; });
  sweep("take", {0, 0}, [](const Numbers& n) { return Results{take(x(), tensor({n[0]}), n[1])}; });
  sweep("gather", {0}, [&](const Numbers& n) { return Results{gather(x(), n[0], index)}; });
  sweep("gather", {0}, [](const Numbers& n) { return Results{gather(x(), 0, tensor({{n[0], 1, 2}}))}; });
  sweep("scatter", {0, 0}, [&](const Numbers& n) {
    const Tensor at = tensor({{n[1], 1, 1}}), values = ones({1, 3});
    return Results{scatter(x(), n[0], at, values), scatter_add(x(), n[0], at, values)};
  });
}

TEST_CASE("whole numbers of tables, powers, products and draws") {
  sweep("one_hot", {3}, [](const Numbers& n) { return Results{one_hot(tensor({0}), n[0])}; });
  sweep("one_hot", {3, 0}, [](const Numbers& n) { return Results{one_hot(tensor({n[1]}), n[0])}; });
  sweep("bincount", {3, 1}, [](const Numbers& n) { return Results{bincount(tensor({n[1]}), n[0])}; });
  sweep("histogram", {3}, [](const Numbers& n) { return Results{histogram(x(), n[0], 0, 1)}; });
  sweep("matrix_power", {2}, [](const Numbers& n) { return Results{matrix_power(x(), n[0])}; });
  sweep("polygamma", {2}, [](const Numbers& n) { return Results{polygamma(n[0], x())}; });
  sweep("tensordot", {1}, [](const Numbers& n) { return Results{tensordot(x(), x(), n[0])}; });
  sweep("tensordot", {1, 0}, [](const Numbers& n) { return Results{tensordot(x(), x(), {n[0]}, {n[1]})}; });
  sweep("cross", {0}, [](const Numbers& n) { return Results{cross(x(), x(), n[0])}; });
  sweep("multinomial", {2}, [](const Numbers& n) {
    Rng rng(1);
    return Results{multinomial(x(), n[0], rng), multinomial(x(), n[0], rng, true)};
  });
  sweep("categorical", {0}, [](const Numbers& n) {
    Rng rng(1);
    return Results{categorical(x(), rng, n[0])};
  });
  sweep("randint", {0, 5}, [](const Numbers& n) {
    Rng rng(1);
    return Results{randint({3}, rng, n[0], n[1])};
  });
}

TEST_CASE("whole numbers of windows and pools") {
  sweep("unfold", {2, 2, 1, 1, 0, 0}, [](const Numbers& n) {
    return Results{unfold(
        image(), {{.axis = n[0], .size = n[1], .stride = n[2], .dilation = n[3], .before = n[4], .after = n[5]}})};
  });
  sweep("fold", {2, 1, 1, 0, 0}, [](const Numbers& n) {
    return Results{fold(ones({1, 3, 2}), {1, 4}, {{1, n[0], n[1], n[2], n[3], n[4]}})};
  });
  for (const bool ceil : {false, true}) {
    sweep("pools", {2, 1, 0, 1}, [ceil](const Numbers& n) {
      const PoolingOptions options{.stride = n[1], .padding = n[2], .dilation = n[3], .ceil_mode = ceil};
      return Results{max_pool2d(image(), n[0], options)};
    });
    sweep("pools", {2, 1, 0, 1}, [ceil](const Numbers& n) {
      const PoolingOptions options{
          .stride = n[1], .padding = n[2], .dilation = n[3], .ceil_mode = ceil, .count_include_pad = false};
      return Results{avg_pool1d(line(), n[0], options), lp_pool1d(line(), 2, n[0], options)};
    });
    sweep("pools", {2, 1, 0, 1}, [ceil](const Numbers& n) {
      const PoolingOptions options{.stride = n[1], .padding = n[2], .dilation = n[3], .ceil_mode = ceil};
      return Results{max_pool1d_with_indices(line(), n[0], options).indices};
    });
  }
  sweep("adaptive pools", {2, 2}, [](const Numbers& n) {
    return Results{adaptive_avg_pool2d(image(), {n[0], n[1]}), adaptive_max_pool2d(image(), {n[0], n[1]}),
                   adaptive_max_pool2d_with_indices(image(), {n[0], n[1]}).indices};
  });
  sweep("unpooling", {2, 2, 0, 10}, [](const Numbers& n) {
    const UnpoolingOptions options{.stride = n[1], .padding = n[2], .output_size = n[3]};
    return Results{max_unpool1d(line(), tensor({{{0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}}}), n[0], options)};
  });
}

TEST_CASE("whole numbers of interpolations and convolutions") {
  for (const Interpolation mode : {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic})
    sweep("interpolate", {2, 2}, [mode](const Numbers& n) {
      return Results{interpolate(image(), {.size = {n[0], n[1]}, .mode = mode})};
    });
  const Tensor weight = ones({2, 2, 3});
  sweep("conv1d", {1, 1, 1, 1}, [&](const Numbers& n) {
    return Results{conv1d(line(), weight, {}, {.stride = n[0], .padding = n[1], .dilation = n[2], .groups = n[3]})};
  });
  sweep("conv1d", {1, 1}, [&](const Numbers& n) {
    return Results{conv1d(line(), weight, {}, {.stride = n[0], .padding = Border::same, .dilation = n[1]})};
  });
  // (Before the padding is cut off, there may be gigabytes: it is recorded, not computed.)
  sweep("conv_transpose1d", {1, 1, 0, 1, 1}, [&](const Numbers& n) {
    const TransposedConvolutionOptions options{
        .stride = n[0], .padding = n[1], .output_padding = n[2], .dilation = n[3], .groups = n[4]};
    const Tensor y = conv_transpose1d(line(), weight, {}, options);
    CHECK(y.numel() > 0);
    return Results{};
  });
}

TEST_CASE("a small input asks for no table of gigabytes") {
  const std::int64_t large = std::int64_t{1} << 31;
  throws<LimitError>("bincount: needs a table of 2147483648 times 1 numbers, the most is 134217728").by([&] {
    bincount(tensor({large}));
  });
  throws<LimitError>("histogram: needs a table of 2147483648 times 1 numbers, the most is 134217728").by([&] {
    histogram(x(), large, 0, 1);
  });
  throws<LimitError>("interpolate: needs a table of 2147483648 times 8 numbers, the most is 134217728").by([&] {
    interpolate(line(), {.size = large});
  });
  throws<LimitError>("adaptive_avg_pool1d: needs a table of 2147483648 times 2 numbers, the most is 134217728").by([&] {
    adaptive_avg_pool1d(line(), large);
  });
  throws<LimitError>("max_pool1d_with_indices: needs a table of 1 times 2147483648 numbers, the most is 134217728")
      .by([&] { max_pool1d_with_indices(line(), large, {.stride = 1, .padding = large / 2}); });
}

TEST_CASE("axes that are longer than memory, of what is not computed, are counted without an overflow") {
  const Tensor longest = broadcast_to(ones({1, 1, 1}), {1, 1, std::int64_t{1} << 40});
  const Tensor indices = broadcast_to(tensor({{{0}}}), longest.shape());
  const std::int64_t large = std::int64_t{1} << 31;
  throws<LimitError>("max_unpool1d: the result is too large").by([&] { max_unpool1d(longest, indices, large); });
  throws<LimitError>("argsort: axis 2 of [1, 1, 1099511627776] f32 is too long, the most is 4294967296").by([&] {
    argsort(longest);
  });
  CHECK(max_pool1d(longest, 3, {.padding = 1}).size(-1) == 366503875926);
  CHECK(avg_pool1d(longest, large, {.stride = large}).size(-1) == 512);
  CHECK(adaptive_avg_pool1d(longest, 4).size(-1) == 4);
  CHECK(interpolate(longest, {.size = 3}).size(-1) == 3);
  CHECK_THROWS_AS(adaptive_avg_pool1d(longest, 3), LimitError);
  CHECK_THROWS_AS(max_pool1d_with_indices(longest, 3), LimitError);
}

TEST_CASE("sums of int64 over windows wrap around, as other sums do") {
  const Tensor folded = fold(full({1, 2, 2}, highest, int64), {1, 3}, {{.axis = 1, .size = 2}});
  CHECK(folded.to_vector<std::int64_t>() == Numbers{highest, -2, highest});
  const Tensor apart = fold(full({1, 3, 2}, highest, int64), {1, 6}, {{.axis = 1, .size = 2, .stride = 2}});
  CHECK(apart.to_vector<std::int64_t>() == Numbers(6, highest));
}

TEST_CASE("what is created has a size that can be counted") {
  const Numbers sizes{lowest, -1, 0, 1, highest - 1, highest};
  Rng rng(1);
  for (const std::int64_t n : sizes) {
    const auto attempt = [&](const auto& call) {
      try {
        look_at({call()});
      } catch (const Error&) {
      }
    };
    INFO(n);
    attempt([&] { return arange(n); });
    attempt([&] { return linspace(0, 1, n); });
    attempt([&] { return eye(n); });
    attempt([&] { return eye(1, n); });
    attempt([&] { return permutation(n, rng); });
    attempt([&] { return zeros({n, n}); });
    attempt([&] { return zeros({0, n, n}); });
    attempt([&] { return uniform({n, 3}, rng); });
    attempt([&] { return dirichlet({n, 3}, rng, 1); });
  }
}

}  // namespace xgrad::integers_test
