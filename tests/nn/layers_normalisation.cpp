// Normalisation, dropout and what else draws, embeddings.

#include "tests/nn/layers.hpp"

namespace xgrad::layers {

namespace {

const Names affine{"weight", "bias"};
const Names tracked{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"};

// Statistics other than those that a layer begins with.
template <class Norm>
Norm moved(Norm norm, std::int64_t channels) {
  norm.running_mean = noise({channels}, 3);
  norm.running_var = square(noise({channels}, 4)) + 0.5;
  return norm;
}

const std::string raw = "by what each batch has";

std::vector<Row> of_features() {
  return {
      row("LayerNorm", "",
          [](Rng&) {
            return nn::LayerNorm({5, 3}, {.dtype = float64});
          },
          {noise({3, 5, 3})}, {.state = affine, .wrong = {{3, 3, 5}, {3}}}),
      row("LayerNorm", "of one axis, without bias",
          [](Rng&) { return nn::LayerNorm(5, {.bias = false, .dtype = float64}); }, {noise({3, 1, 5})},
          {.state = {"weight"}, .wrong = {{3, 4}, {}}}),
      row("RMSNorm", "", [](Rng&) { return nn::RMSNorm(5, {.dtype = float64}); }, {noise({3, 7, 5})},
          {.state = {"weight"}, .wrong = {{3, 4}, {}}}),
      row("GroupNorm", "", [](Rng&) { return nn::GroupNorm(3, 9, {.dtype = float64}); }, {noise({3, 9, 5})},
          {.state = affine, .wrong = {{3, 8, 5}, {9}}}),
  };
}

}  // namespace

std::vector<Row> normalisations() {
  const nn::BatchNormLayerOptions f64{.dtype = float64};
  const Traits batch{.state = tracked, .acts_in_training = true, .empty_refused = true};
  const auto with = [](Traits traits, std::vector<Shape> wrong) {
    traits.wrong = std::move(wrong);
    return traits;
  };
  Traits of_rows = with(batch, {{3, 4}, {5}});
  of_rows.one_refused = true;
  std::vector<Row> all = of_features();
  for (Row& each : std::vector<Row>{
           row(
               "BatchNorm1d", "", [=](Rng&) { return moved(nn::BatchNorm1d(5, f64), 5); }, {noise({3, 5})}, of_rows),
           row(
               "BatchNorm1d", "of lines", [=](Rng&) { return moved(nn::BatchNorm1d(2, f64), 2); }, {noise({3, 2, 5})},
               with(batch, {{3, 5, 2}, {3}})),
           row("BatchNorm1d", raw,
               [](Rng&) {
                 return nn::BatchNorm1d(2, {.affine = false, .track_running_stats = false, .dtype = float64});
               },
               {noise({3, 2, 5})}, {.alone = false, .empty_refused = true, .wrong = {{3, 3, 5}}}),
           row(
               "BatchNorm2d", "", [=](Rng&) { return moved(nn::BatchNorm2d(3, f64), 3); }, {noise({3, 3, 5, 1})},
               with(batch, {{3, 4, 5, 1}, {3, 3}})),
           row("BatchNorm2d", "frozen",
               [](Rng&) { return moved(nn::BatchNorm2d(3, {.frozen = true, .dtype = float64}), 3); },
               {noise({3, 3, 5, 1})}, {.state = tracked, .wrong = {{3, 4, 5, 1}}}),
           row(
               "BatchNorm3d", "", [=](Rng&) { return moved(nn::BatchNorm3d(1, f64), 1); }, {noise({3, 1, 3, 1, 5})},
               with(batch, {{3, 2, 3, 1, 5}, {3, 3}})),
           row("InstanceNorm1d", "", [](Rng&) { return nn::InstanceNorm1d(2, {.dtype = float64}); }, {noise({3, 2, 5})},
               {.wrong = {{3, 3, 5}, {5}}}),
           row("InstanceNorm2d", "tracked",
               [](Rng&) {
                 return moved(nn::InstanceNorm2d(2, {.affine = true, .track_running_stats = true, .dtype = float64}),
                              2);
               },
               {noise({3, 2, 5, 3})}, {.state = tracked, .acts_in_training = true, .wrong = {{3, 3, 5, 3}, {5}}}),
           row("InstanceNorm3d", "affine",
               [](Rng&) { return nn::InstanceNorm3d(1, {.affine = true, .dtype = float64}); }, {noise({3, 1, 3, 1, 5})},
               {.state = affine, .wrong = {{3, 2, 3, 1, 5}, {5}}}),
       })
    all.push_back(std::move(each));
  return all;
}

std::vector<Row> draws() {
  const auto of = [](std::string layer, auto made, const Shape& shape) {
    return row(std::move(layer), "", made, {noise(shape)}, {.state = {"rng"}, .acts_in_training = true});
  };
  return {
      of("Dropout", [](Rng& rng) { return nn::Dropout(0.4, rng); }, {3, 5, 3}),
      of("Dropout1d", [](Rng& rng) { return nn::Dropout1d(0.4, rng); }, {3, 5, 3}),
      of("Dropout2d", [](Rng& rng) { return nn::Dropout2d(0.4, rng); }, {3, 5, 3, 1}),
      of("Dropout3d", [](Rng& rng) { return nn::Dropout3d(0.4, rng); }, {3, 5, 1, 3, 2}),
      of("AlphaDropout", [](Rng& rng) { return nn::AlphaDropout(0.4, rng); }, {3, 5, 3}),
      of("FeatureAlphaDropout", [](Rng& rng) { return nn::FeatureAlphaDropout(0.4, rng); }, {3, 5, 3}),
      of("RReLU", [](Rng& rng) { return nn::RReLU(0.1, 0.4, rng); }, {3, 5, 3}),
  };
}

std::vector<Row> embeddings() {
  using nn::BagMode;
  const auto bag = [](BagMode mode, const Shape& shape) {
    return row("EmbeddingBag", mode == BagMode::mean ? "mean" : "max",
               [mode](Rng& rng) { return nn::EmbeddingBag(5, 3, {.mode = mode, .dtype = float64}, rng); },
               {integers(shape, 5)}, {.state = {"weight"}, .wrong = {{}}});
  };
  return {
      // Derivatives leave the row for padding out, so that no index is that one.
      row("Embedding", "", [](Rng& rng) { return nn::Embedding(5, 3, {.padding_index = 4, .dtype = float64}, rng); },
          {integers({3, 7}, 4)}, {.state = {"weight"}}),
      bag(BagMode::mean, {3, 5}),
      bag(BagMode::max, {3, 2}),
      row("EmbeddingBag", "weighed",
          [](Rng& rng) {
            return nn::EmbeddingBag(5, 3, {.mode = BagMode::sum, .padding_index = 2, .dtype = float64}, rng);
          },
          {integers({3, 5}, 5), noise({3, 5})}, {.state = {"weight"}, .wrong = {{3, 4}, {}}}),
      row("LearnedPositions", "", [](Rng& rng) { return nn::LearnedPositions(7, 3, {.dtype = float64}, rng); },
          {noise({3, 5, 3})}, {.state = {"weight"}, .wrong = {{3, 5, 4}, {3, 8, 3}, {3}}}),
  };
}

}  // namespace xgrad::layers
