#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "data/checkpoint.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

namespace xgrad::testing {

/// One of each kind of what can be added to a checkpoint.
struct OfEachKind {
  double scale;
  nn::Linear model{2, 3};
  nn::Dropout dropout{0.5};
  Parameter rate{xgrad::tensor(0.1 * scale)};
  optim::Optimizer optimizer{model.named_parameters(), optim::adam(rate)};
  bool flag = scale == 1;
  int small = static_cast<int>(scale);
  std::int64_t count = -static_cast<std::int64_t>(scale);
  std::uint64_t bits = ~std::uint64_t{0} - static_cast<std::uint64_t>(scale);
  float single = 0.1f * static_cast<float>(scale);
  double number = 1e-300 * scale;
  std::string text = scale == 1 ? std::string("of\0any bytes \xff", 14) : "";
  std::vector<double> curve = std::vector<double>(static_cast<std::size_t>(scale), scale);
  std::vector<std::int64_t> list{3, static_cast<std::int64_t>(scale)};
  Tensor tensor = full({static_cast<std::int64_t>(scale)}, scale);
  Rng rng{static_cast<std::uint64_t>(scale)};

  explicit OfEachKind(double by) : scale(by) {}

  /// Changes what has a state of its own.
  void go_on() {
    model.weight.assign(full({3, 2}, 0.5));
    optimizer.step({ones({3, 2}), ones({3})});
    dropout(ones({7}));
    rng.bits();
    seed(11);
  }

  void add_to(data::Checkpoint& checkpoint) {
    checkpoint.add("model", model);
    checkpoint.add("dropout", dropout);
    checkpoint.add("optimizer", optimizer);
    checkpoint.add("rate", rate);
    checkpoint.add("flag", flag);
    checkpoint.add("small", small);
    checkpoint.add("count", count);
    checkpoint.add("bits", bits);
    checkpoint.add("single", single);
    checkpoint.add("number", number);
    checkpoint.add("text", text);
    checkpoint.add("curve", curve);
    checkpoint.add("list", list);
    checkpoint.add("a tensor", tensor);
    checkpoint.add("rng", rng);
  }

  /// That all is as it was at scale 1 after go_on.
  void check() const {
    CHECK(model.weight.value().to_vector()[0] == Approx(0.4));
    CHECK(optimizer.steps() == 1);
    CHECK(rate.item() == Approx(0.1));
    CHECK((flag && small == 1 && count == -1 && bits == ~std::uint64_t{1} && single == 0.1f && number == 1e-300));
    CHECK(text == std::string("of\0any bytes \xff", 14));
    CHECK((curve == std::vector<double>{1} && list == std::vector<std::int64_t>{3, 1}));
    CHECK(tensor.to_vector() == std::vector<double>{1});
    CHECK((rng.state() == RandomState{1, 1} && default_rng().state() == RandomState{11, 0}));
  }
};

}  // namespace xgrad::testing
