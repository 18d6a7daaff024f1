#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/state.hpp"
#include "nn/visitor.hpp"

namespace xgrad::nn {

using xgrad::NamedParameter;

class Module;

/// A module inside another one, with its name there: `encoder.0`. The outermost one has the name "".
struct NamedModule {
  std::string name;
  Module* module;
};

/// Is called with the name of a module and its result, which what it returns replaces, unless it returns an undefined
/// Tensor.
using Hook = std::function<Tensor(const std::string& name, const Tensor& result)>;

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
///
/// Where a function takes a pattern, `*` stands for any characters and `?` for one: `*.weight`, `encoder.*`. A
/// Parameter that occurs several times goes by each of its names. A pattern that no name is like is a ValueError.
class Module : public Stateful {
 public:
  /// Shows every member that holds Parameters or other state to `visitor`.
  virtual void visit(Visitor&) {}

  /// Every Parameter, in the order of `visit`; one that occurs several times is listed once.
  std::vector<Parameter> parameters() const;
  std::vector<Parameter> parameters(const std::string& pattern, const Location& where = Location::current()) const;
  /// Those that are not frozen: what `grad` takes when some are.
  std::vector<Parameter> trainable_parameters() const;
  /// Every Parameter once, with its (first) name: `hidden.weight`. Errors know it by that name from then on.
  std::vector<NamedParameter> named_parameters() const;
  /// Those with such a name, each once, with the first of its names that is: `optim::Optimizer` takes these, too.
  std::vector<NamedParameter> named_parameters(const std::string& pattern,
                                               const Location& where = Location::current()) const;
  /// What is state and not trained, such as running statistics, under all its names.
  std::vector<NamedTensor> named_buffers() const;
  /// This module and those inside it, each once and before those inside it; those that `visit` shows without a name are
  /// not listed.
  std::vector<NamedModule> named_modules();
  /// The module inside this one with that name, `encoder.0`. ValueError when there is none, or when it is no M.
  template <class M = Module>
  M& module(const std::string& name, const Location& where = Location::current()) {
    return as<M>(find_module(name, where), "module", where);
  }
  /// Calls a function once with this module and each one inside it, those without a name included; or, where M is
  /// given, with those that are an M. It may take the name first:
  ///
  ///     model.apply<nn::Linear>([](nn::Linear& layer) { layer.bias.assign(zeros(layer.bias.shape())); });
  ///     model.apply([](const std::string& name, nn::Module& module) { ... });
  template <class M = Module, class Function>
  void apply(Function function) {
    each_module([&](const std::string& name, Module& module) {
      M* const as_asked = dynamic_cast<M*>(&module);
      if (!as_asked) return;
      if constexpr (std::is_invocable_v<Function&, const std::string&, M&>)
        function(name, *as_asked);
      else
        function(*as_asked);
    });
  }

  /// Freezes the Parameters (false) or makes them trainable again.
  void set_trainable(bool trainable);
  void set_trainable(const std::string& pattern, bool trainable, const Location& where = Location::current());
  void set_trainable(const char* pattern) = delete;
  void zero_gradients();

  /// Switches this module and those inside it to the behaviour for training (the default) or for evaluation.
  void train(bool training = true);
  void eval() { train(false); }
  bool training() const { return training_; }

  /// From now on calls `hook` with each result of the modules with such a name (`*`: all of them, this one included),
  /// hooks of one module in the order in which they were added. A layer of the library calls its hooks wherever it is
  /// called; a module of your own does where a Sequential or another container calls it, and everywhere if its call
  /// operator has a Call (call.hpp). Costs nothing where there are none. What a hook calls itself calls no hooks.
  /// Copies and clones have the same hooks. The number is for `remove_hook`.
  std::int64_t add_hook(const std::string& pattern, Hook hook, const Location& where = Location::current());
  /// ValueError when no module in here has it.
  void remove_hook(std::int64_t number, const Location& where = Location::current());

  /// The Parameters under all their names, the buffers, and the random states (int64 [key, counter]). For modules
  /// without random state these are the names and layouts of PyTorch's state_dict.
  std::vector<NamedTensor> state() const override;
  /// Random states may be missing. Values under the names of one tied Parameter must agree.
  void load_state(const std::vector<NamedTensor>& saved, const Location& where = Location::current()) override;

  /// A tree of the modules with the shapes of their Parameters.
  std::string to_string() const;
  /// The name of its type as it is written in the program, without namespaces and template arguments.
  virtual std::string type_name() const;

 protected:
  /// `found` as an M. ValueError in the name of `call` when it is none.
  template <class M>
  static M& as(Module& found, const char* call, const Location& where) {
    if constexpr (std::is_same_v<M, Module>) {
      return found;
    } else {
      M* const as_asked = dynamic_cast<M*>(&found);
      if (!as_asked) refuse_type(call, found, where);
      return *as_asked;
    }
  }

 private:
  friend class HeldCall;
  struct NumberedHook {
    std::int64_t number;
    std::string name;  // of this module where the hook was added
    Hook hook;
  };
  void each_module(const std::function<void(const std::string&, Module&)>& body);
  Module& find_module(const std::string& name, const Location& where);

  [[noreturn]] static void refuse_type(const char* call, const Module& found, const Location& where);

  bool training_ = true;
  std::vector<NumberedHook> hooks_;
};

std::ostream& operator<<(std::ostream& out, const Module& module);

/// Gives every Parameter of `module` a cell of its own, with the same value; tied ones stay tied.
void separate_parameters(Module& module);

/// An independent copy: its Parameters start with the same values, and so do its buffers, random streams and hooks.
/// Lists, optional members and those in an Owned or a container of modules are copied with it.
template <std::derived_from<Module> M>
M clone(const M& module) {
  static_assert(std::is_copy_constructible_v<M>,
                "this module cannot be copied: hold its members in an nn::Owned, not in a std::unique_ptr");
  M copy(module);
  separate_parameters(copy);
  return copy;
}

/// Casts the Parameters and floating buffers of `module` to float32 or float64. Parameters stay the same cells, without
/// their gradients; an Optimizer whose state has the old dtype is to be made anew. DTypeError for other dtypes.
void to(Module& module, DType dtype, const Location& where = Location::current());

/// Whether two modules have the same state but for values: Parameters, buffers and random streams of the same names,
/// shapes and dtypes, in any order.
bool same_structure(const Module& a, const Module& b);

}  // namespace xgrad::nn
