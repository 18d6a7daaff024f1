#pragma once

#include <concepts>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/state.hpp"
#include "nn/visitor.hpp"

namespace xgrad::nn {

using xgrad::NamedParameter;

/// A part of a model: a struct with members, a call operator of any signature, and a `visit` with one line per member,
/// from which everything here derives.
///
///     struct Classifier : nn::Module {
///       nn::Linear hidden{784, 128}, output{128, 10};
///       Tensor operator()(const Tensor& images) const { return output(relu(hidden(images))); }
///       void visit(nn::Visitor& visitor) override { visitor("hidden", hidden); visitor("output", output); }
///     };
///
/// A copy shares the Parameters with the original, which ties their weights; `clone` makes an independent module.
class Module : public Stateful {
 public:
  /// Shows every member that holds Parameters or other state to `visitor`.
  virtual void visit(Visitor&) {}

  /// Every Parameter, in the order of `visit`; one that occurs several times is listed once.
  std::vector<Parameter> parameters() const;
  /// Those that are not frozen: what `grad` takes when some are.
  std::vector<Parameter> trainable_parameters() const;
  /// Every Parameter once, with its (first) name: `hidden.weight`. Errors know it by that name from then on.
  std::vector<NamedParameter> named_parameters() const;

  /// Freezes the Parameters (false) or makes them trainable again.
  void set_trainable(bool trainable);
  void zero_gradients();

  /// Switches this module and those inside it to the behaviour for training (the default) or for evaluation.
  void train(bool training = true);
  void eval() { train(false); }
  bool training() const { return training_; }

  /// The Parameters under all their names, the buffers, and the random states (int64 [key, counter]). For modules
  /// without random state these are the names and layouts of PyTorch's state_dict.
  std::vector<NamedTensor> state() const override;
  /// Random states may be missing. Values under the names of one tied Parameter must agree.
  void load_state(const std::vector<NamedTensor>& saved, const Location& where = Location::current()) override;

  /// A tree of the modules with the shapes of their Parameters.
  std::string to_string() const;

 private:
  bool training_ = true;
};

std::ostream& operator<<(std::ostream& out, const Module& module);

/// Gives every Parameter of `module` a cell of its own, with the same value; tied ones stay tied.
void separate_parameters(Module& module);

/// An independent copy: its Parameters start with the same values.
template <std::derived_from<Module> M>
M clone(const M& module) {
  M copy(module);
  separate_parameters(copy);
  return copy;
}

}  // namespace xgrad::nn
