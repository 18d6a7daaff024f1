#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "nn/module.hpp"

namespace xgrad::nn {

/// What a Sequential is made of: anything that makes a Tensor of a Tensor, but for Tensors and Parameters, which would
/// take it for an index.
template <class Step>
concept SequentialStep = !std::convertible_to<Step, Tensor> && std::invocable<Step&, const Tensor&> &&
                         std::convertible_to<std::invoke_result_t<Step&, const Tensor&>, Tensor>;

/// y = f_n(... f_1(x)), of modules, functions and lambdas alike:
///
///     nn::Sequential model(nn::Linear(784, 128), gelu, nn::Linear(128, 10), softmax);
///
/// A function object such as gelu keeps its defaults; other values take a lambda.
/// The modules among them are named by their place: `0.weight`, `2.weight`.
class Sequential : public Module {
 public:
  Sequential() = default;
  template <SequentialStep... Steps>
  explicit Sequential(Steps... steps) {
    (add(std::move(steps)), ...);
  }
  Sequential(const Sequential& other);
  Sequential(Sequential&&) = default;
  Sequential& operator=(Sequential other) noexcept;

  /// Appends a step.
  template <SequentialStep Step>
  Sequential& add(Step step) {
    steps_.push_back(std::make_unique<Held<Step>>(std::move(step)));
    return *this;
  }
  std::size_t size() const { return steps_.size(); }

  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override;

 private:
  struct Step {
    virtual ~Step() = default;
    virtual Tensor apply(const Tensor& x) = 0;
    virtual Module* module() = 0;  // null for what is not a module
    virtual std::unique_ptr<Step> copy() const = 0;
  };

  template <class Callable>
  struct Held final : Step {
    explicit Held(Callable held) : callable(std::move(held)) {}
    Tensor apply(const Tensor& x) override { return std::invoke(callable, x); }
    Module* module() override {
      if constexpr (std::is_base_of_v<Module, Callable>) return &callable;
      return nullptr;
    }
    std::unique_ptr<Step> copy() const override { return std::make_unique<Held>(callable); }
    Callable callable;
  };

  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace xgrad::nn
