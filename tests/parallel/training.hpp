#pragma once

// A small training for the tests of parallel/.

#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/parallel/ranks.hpp"

namespace xgrad::test {

struct Small : nn::Module {
  nn::Linear first, second, third;
  explicit Small(std::uint64_t seed, DType dtype = float32) : Small(Rng(seed), dtype) {}
  Tensor operator()(const Tensor& x) const { return third(tanh(second(relu(first(x))))); }
  void visit(nn::Visitor& visitor) override {
    visitor("first", first);
    visitor("second", second);
    visitor("third", third);
  }

 private:
  Small(Rng rng, DType dtype) : first(6, 17, {}, rng), second(17, 9, {}, rng), third(9, 3, {}, rng) {
    to(*this, dtype);
  }
};

/// 29 samples: the last batch of 8 has 5.
inline data::Dataset small_data(DType dtype = float32) {
  Rng rng(11);
  const Tensor x = normal({29, 6}, rng);
  const Tensor y = cast(sum(x, 1) > 0, int64) + cast(x(all, 0) > 1, int64);
  return {cast(x, dtype), y};
}

inline Tensor small_loss(const Small& model, const Tensor& x, const Tensor& y) {
  return nn::cross_entropy(model(x), y);
}

inline std::vector<std::vector<double>> values_of(const nn::Module& model) {
  std::vector<std::vector<double>> values;
  for (const Parameter& parameter : model.parameters()) values.push_back(parameter.value().to_vector());
  return values;
}

inline void check_close(const std::vector<std::vector<double>>& a, const std::vector<std::vector<double>>& b,
                        double tolerance) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE(a[i].size() == b[i].size());
    double worst = 0;
    for (std::size_t k = 0; k < a[i].size(); ++k) worst = std::max(worst, std::abs(a[i][k] - b[i][k]));
    INFO("parameter " << i << " differs by " << worst);
    CHECK(worst <= tolerance);
  }
}

struct Plan {
  optim::Transformation rule = optim::adam(1e-2);
  parallel::ReplicasOptions options{};
  int epochs = 2;
  bool in_two = false;  // each batch of a rank in two parts, which are accumulated
  DType dtype = float32;
};

struct Outcome {
  std::vector<std::vector<double>> values;
  std::vector<double> losses;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Trains on these ranks.
inline Outcome train(const parallel::Communicator& ranks, const Plan& plan) {
  Small model(ranks.rank() == 0 ? 5 : 77, plan.dtype);  // which is rank 0's
  optim::Optimizer optimizer(model.named_parameters(), plan.rule);
  parallel::Replicas replicas(model, optimizer, ranks, plan.options);
  data::Batches batches = replicas.batches(small_data(plan.dtype), {.size = 8, .shuffle = true, .seed = 3});
  const auto loss = [&](const Tensor& x, const Tensor& y) { return small_loss(model, x, y); };
  Outcome outcome;
  std::int64_t samples = 0;
  for (int epoch = 0; epoch < plan.epochs; ++epoch)
    for (const auto& [x, y] : batches) {
      if (plan.in_two) {
        const std::int64_t half = x.size(0) / 2;
        if (half > 0) replicas.accumulate(loss, x(slice(0, half)), y(slice(0, half)));
        replicas.accumulate(loss, x(slice(half, {})), y(slice(half, {})));
        outcome.losses.push_back(replicas.step());
      } else if (plan.options.exact) {
        outcome.losses.push_back(replicas.step(loss, x, y));
      } else {
        outcome.losses.push_back(replicas.step(loss(x, y), y.size(0)));
      }
      samples += replicas.samples();
    }
  CHECK(samples == 29 * plan.epochs);
  outcome.values = values_of(model);
  return outcome;
}

/// The same by one process, without any of parallel/.
inline Outcome train_alone(const Plan& plan) {
  Small model(5, plan.dtype);
  optim::Optimizer optimizer(model.named_parameters(), plan.rule);
  data::Batches batches = data::batches(small_data(plan.dtype), {.size = 8, .shuffle = true, .seed = 3});
  Outcome outcome;
  for (int epoch = 0; epoch < plan.epochs; ++epoch)
    for (const auto& [x, y] : batches) {
      const Tensor loss = small_loss(model, x, y);
      optimizer.step(grad(loss, model.parameters()));
      outcome.losses.push_back(loss.item());
    }
  outcome.values = values_of(model);
  return outcome;
}

/// Whether all ranks have the same bits.
inline void check_same_on_all_ranks(const Outcome& outcome) {
  std::vector<double> flat = outcome.losses;
  for (const auto& values : outcome.values) flat.insert(flat.end(), values.begin(), values.end());
  const Tensor mine = tensor(flat, float64);
  check_equal(mine, parallel::broadcast(mine, world()));
}

}  // namespace xgrad::test
