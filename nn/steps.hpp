#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "nn/module.hpp"

namespace xgrad::nn {

namespace detail {
template <class Step>
inline constexpr bool refers_to_module = false;
template <class M>
inline constexpr bool refers_to_module<std::reference_wrapper<M>> = std::derived_from<M, Module>;
}  // namespace detail

/// What a Sequential and its like are made of: anything that makes a Tensor of a Tensor, but for Tensors and
/// Parameters, which would take it for an index, and for std::ref of a module, whose Parameters nobody would find.
template <class Step>
concept SequentialStep =
    !std::convertible_to<Step, Tensor> && !detail::refers_to_module<Step> && std::invocable<Step&, const Tensor&> &&
    std::convertible_to<std::invoke_result_t<Step&, const Tensor&>, Tensor>;

/// A step of any type, by value: a module, a function, a lambda. A copy of a module shares its Parameters, and `clone`
/// of what holds it does not. A std::vector<Step> is a list of modules of any types that can be called alike:
///
///     std::vector<nn::Step> blocks{nn::Linear(2, 3), relu};           // y = blocks[0](x)
///     void visit(nn::Visitor& visitor) override { visitor("blocks", blocks); }     // blocks.0.weight
class Step {
 public:
  template <SequentialStep Callable>
  requires(!std::same_as<Callable, Step>) Step(Callable callable)
      : held_(std::make_unique<Held<Callable>>(std::move(callable))) {}
  Step(const Step& other) : held_(other.held_->copy()) {}
  Step(Step&&) noexcept = default;
  Step& operator=(Step other) noexcept {
    held_.swap(other.held_);
    return *this;
  }

  /// Calls the step, and the hooks of one that is a module.
  Tensor operator()(const Operand& x) const;
  /// The step, if it is a module, else null.
  Module* module() { return held_->module(); }
  /// The step, if that is its type, else null.
  template <class Callable>
  Callable* as() {
    return typeid(Callable) == held_->type() ? static_cast<Callable*>(held_->address()) : nullptr;
  }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual Tensor apply(const Tensor& x) = 0;
    virtual Module* module() = 0;
    virtual void* address() = 0;
    virtual const std::type_info& type() const = 0;
    virtual std::unique_ptr<Interface> copy() const = 0;
  };

  template <class Callable>
  struct Held final : Interface {
    explicit Held(Callable held) : callable(std::move(held)) {}
    Tensor apply(const Tensor& x) override { return std::invoke(callable, x); }
    Module* module() override {
      if constexpr (std::is_base_of_v<Module, Callable>) return &callable;
      return nullptr;
    }
    void* address() override { return &callable; }
    const std::type_info& type() const override { return typeid(Callable); }
    std::unique_ptr<Interface> copy() const override { return std::make_unique<Held>(callable); }
    Callable callable;
  };

  std::unique_ptr<Interface> held_;
};

/// A module made of steps of any types; the modules among them are named by their place: `0.weight`, `2.weight`.
/// Sequential, Residual and Parallel differ in what they do with the steps.
class Steps : public Module {
 public:
  std::size_t size() const { return steps_.size(); }
  /// IndexError when there are not so many steps, ValueError when this one is of another type.
  template <class Callable>
  Callable& step(std::size_t index, const Location& where = Location::current()) {
    Callable* const found = step(index, where).template as<Callable>();
    if (!found) refuse_type(index, where);
    return *found;
  }
  template <class Callable>
  const Callable& step(std::size_t index, const Location& where = Location::current()) const {
    return const_cast<Steps&>(*this).step<Callable>(index, where);
  }
  Step& step(std::size_t index, const Location& where = Location::current());

  void visit(Visitor& visitor) override;

 protected:
  Steps() = default;
  template <SequentialStep... Added>
  explicit Steps(Added... steps) {
    steps_.reserve(sizeof...(Added));
    (steps_.emplace_back(std::move(steps)), ...);
  }
  std::vector<Step> steps_;

 private:
  [[noreturn]] void refuse_type(std::size_t index, const Location& where);
};

}  // namespace xgrad::nn
