// Modules made of others.

#include "tests/nn/layers.hpp"
#include "tests/nn/positive.hpp"

namespace xgrad::layers {

namespace {

nn::Linear linear(std::int64_t inputs, std::int64_t outputs, Rng& rng) {
  return nn::Linear(inputs, outputs, {.dtype = float64}, rng);
}

std::vector<Row> reparametrised() {
  return {
      row("weight_norm", "", [](Rng& rng) { return nn::weight_norm(linear(5, 3, rng)); }, {noise({3, 5})},
          {.state = {"weight_v", "bias", "weight_g"}, .wrong = {{3, 4}}}),
      row("spectral_norm", "",
          [](Rng& rng) { return nn::spectral_norm(nn::Conv1d(2, 3, 3, {.dtype = float64}, rng), {}, rng); },
          {noise({3, 2, 5})},
          {.state = {"weight_orig", "bias", "weight_u", "weight_v"},
           .acts_in_training = true,
           .wrong = {{3, 3, 5}},
           .not_in_training = "its vectors move with the weight, and are constants to derivatives"}),
      row("Reparametrised", "by a rule that has no state",
          [](Rng& rng) { return nn::Reparametrised<nn::Linear, Positive>(linear(5, 3, rng), "bias"); }, {noise({3, 5})},
          {.state = {"weight", "bias_raw"}, .wrong = {{3, 4}}}),
  };
}

}  // namespace

std::vector<Row> combined() {
  const Names two{"0.weight", "0.bias", "2.weight", "2.bias"};
  std::vector<Row> all = reparametrised();
  for (Row& each : std::vector<Row>{
           row("Sequential", "", [](Rng&rng) { return nn::Sequential(linear(5, 3, rng), gelu, linear(3, 1, rng)); },
               {noise({3, 5})}, {.state = two, .wrong = {{3, 4}}}),
           row("Residual", "", [](Rng&rng) { return nn::Residual(linear(5, 3, rng), xgrad::tanh, linear(3, 5, rng)); },
               {noise({3, 5})}, {.state = two, .wrong = {{3, 4}}}),
           row("Parallel", "", [](Rng&rng) { return nn::Parallel({}, linear(5, 3, rng), softmax, linear(5, 1, rng)); },
               {noise({3, 5})}, {.state = two, .wrong = {{3, 4}}}),
           row("Lambda", "", [](Rng&) { return nn::Lambda([](const Tensor& x) { return softmax(square(x)); }); },
               {noise({3, 5})}),
           row("Identity", "", [](Rng&) { return nn::Identity(); }, {noise({3, 5})}),
           row(
               "ModuleList", "its modules",
               [](Rng&rng) { return nn::ModuleList(linear(5, 3, rng), nn::Dropout(0.4, rng)); }, {noise({3, 5})},
               {.state = {"0.weight", "0.bias", "1.rng"}, .acts_in_training = true, .wrong = {{3, 4}}},
               [](const nn::ModuleList&list, const Tensors&xs) {
                 return list.at<nn::Dropout>(1)(sin(list.at<nn::Linear>(0)(xs[0])));
               }),
           row(
               "ModuleMap", "its modules",
               [](Rng&rng) {
                 return nn::ModuleMap{{"first", linear(5, 3, rng)}, {"norm", nn::LayerNorm(3, {.dtype = float64})}};
               },
               {noise({3, 5})},
               {.state = {"first.weight", "first.bias", "norm.weight", "norm.bias"}, .wrong = {{3, 4}}},
               [](const nn::ModuleMap&map, const Tensors&xs) {
                 return map.at<nn::LayerNorm>("norm")(map.at<nn::Linear>("first")(xs[0]));
               }),
       })
    all.push_back(std::move(each));
  return all;
}

}  // namespace xgrad::layers
