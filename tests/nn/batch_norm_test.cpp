#include "nn/batch_norm.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "nn/functional_call.hpp"
#include "nn/normalisation.hpp"
#include "nn/sequential.hpp"
#include "tests/throws.hpp"

namespace xgrad::batch_norm_test {
namespace {

using Numbers = std::vector<double>;

struct Moments {
  double mean = 0, variance = 0, unbiased = 0;
};
Moments moments_of(const Numbers& x) {
  Moments found;
  const auto count = static_cast<double>(x.size());
  for (const double each : x) found.mean += each / count;
  for (const double each : x) found.variance += (each - found.mean) * (each - found.mean) / count;
  found.unbiased = found.variance * count / (count - 1);
  return found;
}
Moments of_channel(const Tensor& x, std::int64_t channel) { return moments_of(select(x, 1, channel).to_vector()); }

// That each channel of y is that of x by these moments, times 1 + the channel, minus the channel.
void check_channels(const Tensor& y, const Tensor& x, const std::function<Moments(std::int64_t)>& by, double eps) {
  REQUIRE(y.shape() == x.shape());
  for (std::int64_t c = 0; c < x.size(1); ++c) {
    const Numbers got = select(y, 1, c).to_vector(), in = select(x, 1, c).to_vector();
    const Moments moments = by(c);
    const auto number = static_cast<double>(c);
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double normal = (in[i] - moments.mean) / std::sqrt(moments.variance + eps);
      CHECK(got[i] == Approx(normal * (1 + number) - number).epsilon(1e-12).margin(1e-12));
    }
  }
}

void number_channels(nn::detail::ChannelNorm& layer) {
  const Tensor c = cast(arange(layer.weight.numel()), layer.weight.dtype());
  layer.weight.assign(1 + c);
  layer.bias.assign(-c);
}

// As a function of the input, the weight and the bias.
template <class Layer>
void check_derivatives(Layer& layer, const Tensor& x) {
  const auto f = [&](const Tensor& input, const Tensor& weight, const Tensor& bias) {
    return nn::functional_call(layer, {weight, bias}, input);
  };
  const auto report = check_gradient(f, {x, layer.weight, layer.bias}, {.order = 2});
  INFO(report.text());
  CHECK(report.verdict == Verdict::pass);
}

template <class Layer>
void check_batches(const Shape& shape) {
  INFO(shape);
  Rng rng(1);
  const Tensor x = normal(shape, rng, 3, 2, float64), other = normal(shape, rng, -1, 1, float64);
  Layer layer(shape[1], {.eps = 0.01, .momentum = 0.25, .dtype = float64});
  number_channels(layer);
  check_channels(
      layer(x), x, [&](std::int64_t c) { return of_channel(x, c); }, 0.01);
  for (std::int64_t c = 0; c < shape[1]; ++c) {
    CHECK(layer.running_mean(c).item() == Approx(0.25 * of_channel(x, c).mean));
    CHECK(layer.running_var(c).item() == Approx(0.75 + 0.25 * of_channel(x, c).unbiased));
  }
  CHECK(layer.num_batches_tracked.item() == 1);
  check_derivatives(layer, x);
  const Numbers mean = layer.running_mean.to_vector(), variance = layer.running_var.to_vector();
  const double batches = layer.num_batches_tracked.item();
  layer.eval();
  const auto running = [&](std::int64_t c) {
    return Moments{mean[static_cast<std::size_t>(c)], variance[static_cast<std::size_t>(c)]};
  };
  check_channels(layer(other), other, running, 0.01);
  check_derivatives(layer, other);
  CHECK(layer(slice(other, 0, 0, 1)).shape()[0] == 1);
  CHECK(layer(slice(other, 0, 0, 0)).numel() == 0);
  CHECK(layer.running_mean.to_vector() == mean);
  CHECK(layer.running_var.to_vector() == variance);
  CHECK(layer.num_batches_tracked.item() == batches);
}

TEST_CASE("BatchNorm trains by the statistics of the batch, and evaluates by the running ones") {
  check_batches<nn::BatchNorm1d>({4, 3});
  check_batches<nn::BatchNorm1d>({2, 2, 3});
  check_batches<nn::BatchNorm2d>({1, 2, 3, 2});
  check_batches<nn::BatchNorm3d>({2, 1, 1, 2, 2});
}

TEST_CASE("without momentum the running statistics of BatchNorm are the averages of all batches") {
  Rng rng(2);
  nn::BatchNorm1d layer(2, {.momentum = std::nullopt, .dtype = float64});
  Moments average[2];
  for (int batch = 0; batch < 3; ++batch) {
    const Tensor x = normal({5, 2}, rng, batch, 1, float64);
    layer(x);
    for (std::int64_t c = 0; c < 2; ++c) {
      average[c].mean += of_channel(x, c).mean / 3;
      average[c].unbiased += of_channel(x, c).unbiased / 3;
    }
  }
  for (std::int64_t c = 0; c < 2; ++c) {
    CHECK(layer.running_mean(c).item() == Approx(average[c].mean));
    CHECK(layer.running_var(c).item() == Approx(average[c].unbiased));
  }
}

TEST_CASE("BatchNorm without running statistics evaluates by the batch, and without affine has no Parameters") {
  Rng rng(3);
  const Tensor x = normal({4, 2}, rng, 3, 2, float64);
  nn::BatchNorm1d layer(2, {.affine = false, .track_running_stats = false, .dtype = float64});
  CHECK(layer.state().empty());
  const Numbers trained = layer(x).to_vector();
  layer.eval();
  CHECK(layer(x).to_vector() == trained);
  CHECK(trained == nn::batch_norm(x, {}, {}).output.to_vector());
}

TEST_CASE("a frozen BatchNorm goes by the running statistics in training, too, and leaves them") {
  Rng rng(4);
  const Tensor x = normal({4, 2}, rng, 3, 2);
  nn::BatchNorm1d layer(2);
  layer(x);
  const Numbers mean = layer.running_mean.to_vector();
  layer.eval();
  const Numbers evaluated = layer(x).to_vector();
  layer.train();
  layer.frozen = true;
  CHECK(layer(x).to_vector() == evaluated);
  CHECK(layer(slice(x, 0, 0, 1)).shape() == Shape{1, 2});
  CHECK(layer.running_mean.to_vector() == mean);
  CHECK(layer.num_batches_tracked.item() == 1);
  CHECK(nn::BatchNorm1d(2, {.frozen = true})(ones({1, 2})).to_vector()[0] == Approx(1).epsilon(1e-4));
}

TEST_CASE("the state of BatchNorm has the names and dtypes of PyTorch, and crosses to another") {
  Rng rng(5);
  nn::Sequential model(nn::BatchNorm2d(3)), other(nn::BatchNorm2d(3));
  const Tensor x = normal({2, 3, 2, 2}, rng, 3, 2);
  model(x);
  const auto state = model.state();
  REQUIRE(state.size() == 5);
  const char* names[] = {"0.weight", "0.bias", "0.running_mean", "0.running_var", "0.num_batches_tracked"};
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(state[i].name == names[i]);
    CHECK(state[i].value.shape() == (i < 4 ? Shape{3} : Shape{}));
    CHECK(state[i].value.dtype() == (i < 4 ? float32 : int64));
  }
  other.load_state(state);
  model.eval();
  other.eval();
  CHECK(other(x).to_vector() == model(x).to_vector());
  other.train();
  other(x);
  CHECK(other.state()[4].value.item() == 2);
  CHECK(model.state()[4].value.item() == 1);
}

TEST_CASE("a clone of a BatchNorm has running statistics of its own") {
  const nn::BatchNorm1d layer(1);
  const nn::BatchNorm1d copy = nn::clone(layer);
  copy(tensor({{1.0}, {3.0}}));
  CHECK(copy.running_mean.to_vector()[0] == Approx(0.2));
  CHECK(layer.running_mean.to_vector() == Numbers{0});
  CHECK(layer.num_batches_tracked.item() == 0);
}

TEST_CASE("running statistics move once inside a checkpoint, to the same numbers") {
  Rng rng(6);
  const Tensor x = normal({4, 2}, rng, 3, 2);
  for (const CheckpointPolicy& policy : {keep_nothing, keep_products, keep_everything}) {
    const nn::BatchNorm1d plain(2), inside(2);
    const Tensor t = track(x), same = track(x);
    const auto g = grad(sum(square(sin(plain(t)))), {t, plain.weight});
    const Tensor y = checkpoint(
        policy, [&](const Tensor& in) { return sin(inside(in)); }, same);
    const auto h = grad(sum(square(y)), {same, inside.weight});
    for (std::size_t i = 0; i < 2; ++i) CHECK(g[i].to_vector() == h[i].to_vector());
    CHECK(inside.num_batches_tracked.item() == 1);
    CHECK(inside.running_mean.to_vector() == plain.running_mean.to_vector());
    CHECK(inside.running_var.to_vector() == plain.running_var.to_vector());
  }
}

TEST_CASE("running statistics keep nothing of the tape") {
  const nn::BatchNorm1d layer(1000);
  const Parameter weight(ones({1000}));
  const auto step = [&] {
    const Tensor loss = mean(square(layer(weight * ones({64, 1000})) + 1));
    evaluate(grad(loss, {weight})[0]);
  };
  step();
  evaluate(layer.running_mean, layer.running_var);
  CHECK_FALSE(layer.running_mean.tracked());
  CHECK_FALSE(layer.running_var.tracked());
  const std::size_t before = memory_report().live;
  for (int i = 0; i < 5; ++i) step();
  evaluate(layer.running_mean, layer.running_var);
  CHECK(memory_report().live == before);
  CHECK(layer.num_batches_tracked.item() == 6);
}

TEST_CASE("running statistics move under NoGrad, and in the function of a transform once for each call") {
  Rng rng(7);
  const Tensor x = normal({4, 2}, rng);
  const nn::BatchNorm1d layer(2);
  {
    const NoGrad untracked;
    layer(x);
  }
  CHECK(layer.num_batches_tracked.item() == 1);
  const auto f = [&](const Tensor& t) { return sum(exp(layer(t))); };
  grad(f)(x);
  CHECK(layer.num_batches_tracked.item() == 2);
  hvp(f, {x}, {x});
  CHECK(layer.num_batches_tracked.item() == 3);
  CHECK_FALSE(layer.running_mean.tracked());
}

TEST_CASE("inside vmap BatchNorm evaluates, and does not train") {
  Rng rng(8);
  const Tensor x = normal({3, 4, 2}, rng, 1, 2, float64);
  nn::BatchNorm1d layer(2, {.dtype = float64});
  const auto f = [&](const Tensor& t) { return layer(t); };
  try {
    vmap(f)(x);
    FAIL_CHECK("nothing was thrown");
  } catch (const GraphError& error) {
    CHECK_THAT(error.what(), Catch::Contains("BatchNorm1d: its running statistics cannot move inside vmap"));
  }
  CHECK(layer.num_batches_tracked.item() == 0);
  CHECK(layer.running_mean.to_vector() == Numbers{0, 0});
  layer(select(x, 0, 0));
  layer.eval();
  const Tensor all = vmap(f)(x);
  for (std::int64_t i = 0; i < 3; ++i) CHECK(select(all, 0, i).to_vector() == layer(select(x, 0, i)).to_vector());
  // By the batch of each example alone, there is nothing that would move.
  const nn::BatchNorm1d free(2, {.track_running_stats = false, .dtype = float64});
  const Tensor each = vmap([&](const Tensor& t) { return free(t); })(x);
  for (std::int64_t i = 0; i < 3; ++i) {
    const Numbers got = select(each, 0, i).to_vector(), expected = free(select(x, 0, i)).to_vector();
    for (std::size_t k = 0; k < got.size(); ++k) CHECK(got[k] == Approx(expected[k]).epsilon(1e-12));
  }
}

TEST_CASE("in float32 a large mean costs BatchNorm no more digits than its numbers have lost") {
  Rng rng(9);
  for (const double mean : {0.0, 1e3, -1e5}) {
    const Tensor x = normal({64, 2, 8}, rng, mean, 1), wide = cast(x, float64);
    const nn::BatchNorm1d layer(2), exact(2, {.dtype = float64});
    const Numbers got = layer(x).to_vector(), expected = exact(wide).to_vector();
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::abs(got[i] - expected[i]));
    // Half a unit in the last place of the numbers, beside a deviation of 1, and some of the result.
    CHECK(worst <= (std::abs(mean) + 16) * 0x1p-23);
    for (std::int64_t c = 0; c < 2; ++c)
      CHECK(layer.running_var(c).item() == Approx(exact.running_var(c).item()).epsilon(1e-5));
  }
}

TEST_CASE("NaN in a channel stays in that channel") {
  const Tensor x = tensor({{1.0, 2.0}, {NAN, 4.0}, {3.0, 9.0}});
  const nn::BatchNorm1d layer(2);
  const Tensor y = layer(x);
  for (std::int64_t i = 0; i < 3; ++i) {
    CHECK(std::isnan(y(i, 0).item()));
    CHECK(std::isfinite(y(i, 1).item()));
  }
  CHECK(std::isnan(layer.running_mean(0).item()));
  CHECK(std::isfinite(layer.running_mean(1).item()));
}

TEST_CASE("InstanceNorm normalises each channel of each example") {
  Rng rng(10);
  const Tensor x = normal({3, 2, 2, 3}, rng, 2, 3, float64);
  nn::InstanceNorm2d layer(2, {.eps = 0.01, .affine = true, .dtype = float64});
  number_channels(layer);
  const Tensor y = layer(x);
  for (std::int64_t n = 0; n < 3; ++n) {
    const Tensor one = slice(x, 0, n, n + 1);
    check_channels(
        slice(y, 0, n, n + 1), one, [&](std::int64_t c) { return of_channel(one, c); }, 0.01);
    CHECK(layer(select(x, 0, n)).to_vector() == select(y, 0, n).to_vector());
  }
  check_derivatives(layer, slice(x, 0, 0, 2));
  const Numbers trained = y.to_vector();
  layer.eval();
  CHECK(layer(x).to_vector() == trained);
  CHECK(layer(zeros({0, 2, 2, 3}, float64)).shape() == Shape{0, 2, 2, 3});
  CHECK(nn::InstanceNorm1d(2)(zeros({2, 3})).shape() == Shape{2, 3});
  CHECK(nn::InstanceNorm3d(2)(zeros({1, 2, 1, 2, 1})).shape() == Shape{1, 2, 1, 2, 1});
  CHECK(nn::InstanceNorm1d(2).state().empty());
}

TEST_CASE("the running statistics of InstanceNorm are averages over the examples, and evaluation goes by them") {
  Rng rng(11);
  const Tensor x = normal({3, 2, 4}, rng, 2, 3, float64);
  nn::InstanceNorm1d layer(2, {.momentum = 0.5, .affine = true, .track_running_stats = true, .dtype = float64});
  number_channels(layer);
  CHECK(layer.state().size() == 5);
  const Numbers by_example = layer(x).to_vector();
  CHECK(by_example == nn::instance_norm(x, layer.weight, layer.bias).to_vector());
  Moments running[2];
  for (std::int64_t c = 0; c < 2; ++c) {
    Moments& average = running[c];
    for (std::int64_t n = 0; n < 3; ++n) {
      const Moments one = of_channel(slice(x, 0, n, n + 1), c);
      average.mean += one.mean / 3;
      average.unbiased += one.unbiased / 3;
    }
    average = {0.5 * average.mean, 0.5 + 0.5 * average.unbiased};
    CHECK(layer.running_mean(c).item() == Approx(average.mean));
    CHECK(layer.running_var(c).item() == Approx(average.variance));
  }
  CHECK(layer.num_batches_tracked.item() == 1);
  layer(zeros({0, 2, 4}, float64));
  CHECK(layer.num_batches_tracked.item() == 1);
  layer.eval();
  check_channels(
      layer(x), x, [&](std::int64_t c) { return running[c]; }, 1e-5);
  CHECK(layer(select(x, 0, 1)).to_vector() == select(layer(x), 0, 1).to_vector());
  check_derivatives(layer, x);
}

TEST_CASE("BatchNorm and InstanceNorm refuse what makes no sense, at the user's line") {
  const nn::BatchNorm1d one(2);
  const nn::BatchNorm2d two(2);
  throws<ShapeError>("BatchNorm2d: needs [N, 2] and 2 spatial axes, got [4, 2] f32").by([&] { two(ones({4, 2})); });
  throws<ShapeError>("BatchNorm1d: needs [N, 2], or that and 1 spatial axis, got [2] f32").by([&] { one(ones({2})); });
  throws<ShapeError>("BatchNorm1d: needs 2 channels along axis 1, got [4, 3] f32").by([&] { one(ones({4, 3})); });
  throws<ValueError>("BatchNorm1d: batch_norm: needs more than one element for each channel, got [1, 2] f32").by([&] {
    one(ones({1, 2}));
  });
  CHECK_THROWS_AS(one(ones({0, 2})), ValueError);
  CHECK_THROWS_AS(one(ones({4, 2}, float64)), DTypeError);
  CHECK_THROWS_AS(one(arange(4)), Error);
  CHECK(one.num_batches_tracked.item() == 0);
  CHECK(one.running_mean.to_vector() == Numbers{0, 0});
  throws<ValueError>("BatchNorm3d: needs a positive number of channels, got 0").by([] { nn::BatchNorm3d(0); });
  throws<ValueError>("BatchNorm1d: eps is -1").by([] { nn::BatchNorm1d(2, {.eps = -1}); });
  throws<ValueError>("BatchNorm1d: the momentum 2 is not in [0, 1]").by([] { nn::BatchNorm1d(2, {.momentum = 2}); });
  throws<ValueError>("BatchNorm1d: without running statistics it cannot be frozen").by([] {
    nn::BatchNorm1d(2, {.track_running_stats = false, .frozen = true});
  });
  CHECK_THROWS_AS(nn::BatchNorm1d(2, {.dtype = int64}), DTypeError);
  CHECK_THROWS_AS(nn::BatchNorm1d(2, {.affine = false, .dtype = int64}), DTypeError);
  throws<ShapeError>("InstanceNorm2d: needs [N, 2] and 2 spatial axes, or [2] and those, got [4, 2] f32").by([] {
    nn::InstanceNorm2d(2)(ones({4, 2}));
  });
  throws<ShapeError>("InstanceNorm1d: needs 2 channels along axis 0, got [3, 4] f32").by([] {
    nn::InstanceNorm1d(2)(ones({3, 4}));
  });
  CHECK_THROWS_AS(nn::InstanceNorm1d(2)(ones({3, 2, 1})), ValueError);
}

}  // namespace
}  // namespace xgrad::batch_norm_test
