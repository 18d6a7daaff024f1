#pragma once

// How the parameters of a random network are changed: by a rule of optim/, or as one writes it by hand.

#include <memory>
#include <utility>

#include "optim/optim.hpp"
#include "tests/autograd/engine/networks/builder.hpp"

namespace xgrad::networks {

using Named = std::vector<std::pair<std::string, Tensor>>;

class Update {
 public:
  /// Draws one for the parameters that there are.
  explicit Update(Builder& build);

  /// What is computed by hand: new values and states. Nothing for a rule of optim/.
  std::vector<Tensor> record(const std::vector<Tensor>& gradients);
  /// Takes the step; what `record` made is assigned.
  void take(std::vector<Tensor> gradients, std::vector<Tensor> next);
  /// The states, as they are now.
  Named state() const;
  const std::string& text() const { return text_; }

 private:
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::vector<Parameter> parameters_;
  std::vector<Tensor> state_;
  std::size_t by_hand_ = 0;
  std::int64_t steps_ = 0;
  std::string text_;
};

/// Names of all rules, as they are counted.
std::vector<std::string> update_names();

}  // namespace xgrad::networks
