#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "autograd/tape/substitution.hpp"
#include "autograd/tape/tape.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

namespace detail {
/// The Parameter of `module` with this name. ValueError, which names `call`, when there is none.
Parameter find_parameter(const Module& module, const std::string& name, const char* call, const Location& where);
/// Shows the members of `module` to `to`, but for the Parameter `name`, which it shows as `name + suffix`.
void show_renamed(Module& module, const std::string& name, const std::string& suffix, Visitor& to);
}  // namespace detail

/// A module M, one of whose Parameters is not used as it stands: in its place, M computes with what a rule makes of it.
/// Derivatives flow through the rule to that Parameter and to those of the rule. WeightNorm and SpectralNorm are made
/// so; a rule of your own is a struct:
///
///     struct Positive {                                       // softplus of the Parameter, which is named
///     `weight_raw`
///       static constexpr auto id = "Positive";
///       static constexpr auto suffix = "_raw";
///       void start(const Tensor&, const Location&) {}         // makes the rule's own state for this value
///       Tensor operator()(const Tensor& raw, bool) const { return softplus(raw); }      // the value, and `training`
///       void visit(nn::Visitor&, const std::string&) {}       // shows the rule's own state, given the name "weight"
///     };
///     nn::Reparametrised<nn::Linear, Positive> layer(nn::Linear(2, 3), "weight");
///
/// Any Parameter of any module will do, by its name: "0.weight" in a Sequential. Another module that shares it computes
/// with it as it stands. While the module computes, the Parameter holds what the rule has made, so that no other thread
/// may use it then.
template <std::derived_from<Module> M, class Rule>
class Reparametrised : public Module {
 public:
  /// ValueError when M has no Parameter of that name.
  explicit Reparametrised(M wrapped, std::string name = "weight", Rule rule = Rule(),
                          const Location& where = Location::current())
      : wrapped_(std::move(wrapped)), name_(std::move(name)), rule_(std::move(rule)) {
    rule_.start(parameter(where).value(), where);
  }

  /// What M's call operator gives.
  template <class... More>
  requires std::invocable<M&, const Operand&, More...>
  decltype(auto) operator()(const Operand& x, More&&... more) const {
    const CallScope scope(Rule::id, x.where());
    return compute(x, std::forward<More>(more)...);
  }
  template <class First, class... More>
  requires(std::invocable<M&, First, More...> &&
           !(std::convertible_to<First, Operand> && std::invocable<M&, const Operand&, More...>)) decltype(auto)
  operator()(First&& first, More&&... more) const {
    return compute(std::forward<First>(first), std::forward<More>(more)...);
  }

  /// What M computes with in place of its Parameter.
  Tensor effective(const Location& where = Location::current()) const { return rule_(parameter(where).value(), false); }
  /// An M with that as its Parameter, in cells of its own, which computes the same.
  M folded(const Location& where = Location::current()) const {
    const NoGrad untracked;
    M plain = clone(wrapped_);
    detail::find_parameter(plain, name_, Rule::id, where).assign(rule_(parameter(where).value(), false), where);
    return plain;
  }
  M& wrapped() { return wrapped_; }
  const M& wrapped() const { return wrapped_; }

  /// `weight_norm of Linear`
  std::string type_name() const override { return Rule::id + (" of " + wrapped_.type_name()); }

  void visit(Visitor& visitor) override {
    detail::show_renamed(wrapped_, name_, Rule::suffix, visitor);
    rule_.visit(visitor, name_);
  }

 private:
  Parameter parameter(const Location& where) const { return detail::find_parameter(wrapped_, name_, Rule::id, where); }
  template <class... Inputs>
  decltype(auto) compute(Inputs&&... inputs) const {
    constexpr bool gives_tensor = std::same_as<std::invoke_result_t<M&, Inputs...>, Tensor>;
    const HeldCall call(*this, gives_tensor ? nullptr : &wrapped_);
    const Parameter held = parameter(Location::current());
    const Tensor value = rule_(held.value(), training());
    const Substitution substitution({&held, 1}, {&value, 1});
    if constexpr (gives_tensor)
      return call.result(wrapped_(std::forward<Inputs>(inputs)...));
    else
      return wrapped_(std::forward<Inputs>(inputs)...);
  }

  mutable M wrapped_;  // whose call operator need not be const
  std::string name_;
  Rule rule_;
};

}  // namespace xgrad::nn
