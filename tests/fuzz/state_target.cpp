// Files of weights and of optimisers, loaded into what is there already: it changes as a whole or not at all. The first
// byte has the options, and says whether the rest is the file or, as most changes of a file are none to its values,
// what is changed in the values of one that fits.

#include <memory>

#include "autograd/autograd.hpp"
#include "data/safetensors.hpp"
#include "optim/adam.hpp"
#include "optim/optimizer.hpp"
#include "tests/fuzz/states.hpp"
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

/// A run after its first step, and what it was then.
struct Training {
  Training() {
    step();
    model_then = model.state();
    optimizer_then = optimizer.state();
  }
  void step() { optimizer.step({tensor({1.0, -1.0, 0.5}), tensor({2.0}, float64)}); }

  Pair model;
  optim::Optimizer optimizer{std::vector{model.weight, model.bias}, optim::adam(1e-3)};
  std::vector<NamedTensor> model_then, optimizer_then;
};

/// Whether the file was loaded. If not, the object is what it was.
bool loaded(Stateful& object, const std::vector<NamedTensor>& then, const std::string& path,
            const data::LoadOptions& options) {
  if (!refused([&] { data::load(path, object, options); })) return true;
  require(same(object.state(), then));
  return false;
}

std::string saved(const Stateful& object) {
  return written([&](const std::string& path) { data::save(path, object); });
}

}  // namespace

void run(std::string_view input) {
  // The same for many inputs, until one is loaded into it: to make one takes ten times as long as to refuse a file.
  static std::unique_ptr<Training> training;
  if (!training) training = std::make_unique<Training>();
  Bytes bytes(input);
  const int choice = bytes.byte();
  data::LoadOptions options;
  options.strict = choice & 1;
  options.cast = choice & 2;
  if (choice & 4) options.rename = {{"a.", ""}};
  if (choice & 8) options.only = {"w*", "0.*"};
  const bool values = choice & 16;
  const std::string& file =
      values ? as_file(turned_over(of_others(training->optimizer_then), bytes.rest())) : as_file(bytes.rest());
  const bool model = loaded(training->model, training->model_then, file, options);
  const bool optimizer = loaded(training->optimizer, training->optimizer_then, file, options);
  // Some go on although nothing was loaded.
  if (!model && !optimizer && choice < 224) return;
  refused([&] { training->step(); });
  training.reset();
}

std::vector<std::string> seeds() {
  Training training;
  training.step();  // so that what is loaded differs from what is there
  const std::vector<NamedTensor> model = training.model.state(), optimizer = training.optimizer.state();
  return {"\1" + saved(training.model),
          "\1" + saved(training.optimizer),
          "\2" + saved(training.model),
          "\x06" + saved(training.optimizer),
          "\1" + of_others(model),
          "\1" + of_others(optimizer),
          "\xe0" + of_others(model),
          "\2" + of_others(optimizer),
          "\x11",
          "\x19",
          "\x10" + std::string(300, '\0')};
}

}  // namespace xgrad::fuzz
