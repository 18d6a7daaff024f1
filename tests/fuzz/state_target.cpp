// Files of weights and of optimisers, loaded into what is there already: it changes as a whole or not at all.

#include <algorithm>

#include "autograd/autograd.hpp"
#include "data/safetensors.hpp"
#include "optim/adam.hpp"
#include "optim/optimizer.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

namespace {

/// A model of two Parameters.
class Pair : public Stateful {
 public:
  std::vector<NamedTensor> state() const override { return {{"weight", weight}, {"bias", bias}}; }
  void load_state(const std::vector<NamedTensor>& saved, const Location& where) override {
    const std::vector<Tensor> values = match_state(state(), saved, "load_state", where);
    weight.assign(values[0]);
    bias.assign(values[1]);
  }
  Parameter weight{tensor({1.0, 2.0, 3.0})}, bias{tensor({0.5}, float64)};
};

std::string saved(const Stateful& object) {
  return written([&](const std::string& path) { data::save(path, object); });
}

struct Training {
  Pair model;
  optim::Optimizer optimizer{std::vector{model.weight, model.bias}, optim::adam(1e-3)};
  void step() { optimizer.step({tensor({1.0, -1.0, 0.5}), tensor({2.0}, float64)}); }
};

void load(Stateful& object, std::string_view input, const data::LoadOptions& options) {
  const std::string before = saved(object);
  if (refused([&] { data::load(as_file(input), object, options); })) require(saved(object) == before);
}

}  // namespace

void run(std::string_view input) {
  Bytes bytes(input);
  const int choice = bytes.byte();
  data::LoadOptions options;
  options.strict = choice & 1;
  options.cast = choice & 2;
  if (choice & 4) options.rename = {{"a.", ""}};
  if (choice & 8) options.only = {"w*", "0.*"};
  Training training;
  training.step();
  load(training.model, bytes.rest(), options);
  load(training.optimizer, bytes.rest(), options);
  refused([&] { training.step(); });
}

std::vector<std::string> seeds() {
  Training training;
  training.step();
  return {"\1" + saved(training.model), "\1" + saved(training.optimizer), "\2" + saved(training.model),
          "\x06" + saved(training.optimizer)};
}

}  // namespace xgrad::fuzz
