#pragma once

// What the layers of random networks are drawn and recorded with.

#include <functional>
#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/autograd/engine/networks/var.hpp"

namespace xgrad::networks {

/// Which program, and what is left out of it to make one that fails smaller.
struct Recipe {
  std::uint64_t seed = 0;
  DType dtype = float64;
  std::uint64_t data = 0;  ///< other numbers for the same program
  std::set<std::size_t> without{};
  std::size_t most_layers = 64;
  std::int64_t most_steps = 64;
  bool plain_update = false, plain_loss = false, no_extras = false;
  std::uint64_t nudge = 0;  ///< in which way all float64 leaves are nudged; 0: in none
};

/// Moves each number by one unit in its last place, up or down as `state` draws.
void nudge(std::span<double> numbers, std::uint64_t state);

/// The numbers that a Tensor starts with: uniform between low and high, and perhaps of either sign.
struct Range {
  double low = -1, high = 1;
  bool either_sign = false;
};

/// Well away from 0, for what is added before a kink.
inline constexpr Range off_zero{0.1, 0.5, true};

/// How often each part was used.
using Features = std::map<std::string, int>;

/// Draws the parts of a program and records them. The choices depend on the seed alone, and those of one part not on
/// how many were made for another, so that a part can be left out.
class Builder {
 public:
  explicit Builder(const Recipe& recipe) : recipe_(recipe) {}

  /// Begins a step of training; choices are drawn anew, the same ones.
  void begin(std::int64_t step);
  /// From here on, choices are those of this part.
  void part(const char* purpose, std::uint64_t index = 0);

  std::uint64_t below(std::uint64_t count) { return choices_.below(count); }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
  }
  template <class T>
  T pick(std::initializer_list<T> list) {
    return list.begin()[below(list.size())];
  }
  /// A size for an axis that fits beside `others` elements.
  std::int64_t size(std::int64_t others = 1);
  void limit_elements(std::int64_t most) { most_elements_ = most; }
  std::int64_t most_elements() const { return most_elements_; }

  /// A trainable Tensor, made in the first step.
  Var parameter(const Shape& shape, Range range = {});
  /// The weight of a layer with so many inputs.
  Var weight(const Shape& shape, std::int64_t inputs);
  /// Data, which is another at each step.
  Var constant(const Shape& shape, Range range = {});
  Var indices(const Shape& shape, std::int64_t bound);
  /// true with a probability.
  Var mask(const Shape& shape, double probability = 0.7);
  /// A source of randomness that goes on from step to step.
  Rng& source();

  /// Gives a value a name: it is listed, and shown to whoever watches.
  Var let(const char* stem, const Var& value);
  void say(const std::string& line);
  /// Counts that something was used.
  void used(const std::string& feature) { ++features_[feature]; }

  DType dtype() const { return recipe_.dtype; }
  bool precise() const { return recipe_.dtype == float64; }
  const Recipe& recipe() const { return recipe_; }
  std::int64_t step() const { return step_; }
  /// Whether this step has taken any parameter so far.
  bool has_parameters() const { return next_parameter_ > 0; }
  std::vector<Parameter>& parameters() { return parameters_; }
  /// What stands for the parameters in what is recorded from now on; empty for their values.
  void substitute(std::vector<Tensor> values);
  /// Names begin with this.
  void prefix(const std::string& text) { prefix_ = text; }

  std::function<void(const std::string& name, const Tensor& value)> watch = [](const std::string&, const Tensor&) {};
  const std::string& listing() const { return listing_; }
  const Features& features() const { return features_; }

 private:
  std::string name(const char* stem);
  Tensor leaf(const Shape& shape, Range range, std::uint64_t state) const;

  Recipe recipe_;
  Rng choices_;
  std::int64_t step_ = 0, most_elements_ = 12000;
  std::vector<Parameter> parameters_;
  std::vector<Rng> sources_;
  std::vector<Tensor> substitutes_;
  std::size_t next_parameter_ = 0, next_source_ = 0;
  std::uint64_t next_constant_ = 0;
  std::map<std::string, int> names_;
  std::string prefix_, listing_;
  Features features_;
};

}  // namespace xgrad::networks
