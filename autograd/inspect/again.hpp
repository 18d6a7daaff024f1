#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "autograd/inspect/range.hpp"
#include "autograd/tape/entry.hpp"
#include "autograd/tape/parameter.hpp"
#include "autograd/transform/taken.hpp"
#include "autograd/transform/watch.hpp"

namespace xgrad {

/// Takes a derivative again, to inspect it. It is recorded and not evaluated, so no value, history or engine state
/// changes. Functions that a program applies to cotangents (change_cotangent, custom_gradient) are called once more.
class DerivativeAgain final : detail::Watcher {
 public:
  /// One cotangent that a rule gave.
  struct Step {
    const Entry* entry;   // of the forward computation
    std::size_t input;    // the input it is for
    Tensor arrived;       // the cotangent of the entry
    Tensor given;         // that of the input; undefined for zero
    std::uint64_t begin;  // the rule recorded the entries after this number
    std::uint64_t end;    // up to this one
  };

  /// Takes the derivative by one input. Throws what `differentiate` throws.
  DerivativeAgain(std::span<const Tensor> outputs, std::span<const Tensor> cotangents, const Tensor& input,
                  const Location& where);

  const Tensor& gradient() const { return gradient_; }
  /// In the order of the backward pass.
  const std::vector<Step>& steps() const { return steps_; }
  /// Entries after this number are part of it.
  std::uint64_t begin() const { return begin_; }
  /// The step that recorded an entry; null for a seed.
  const Step* step_of(const Entry& entry) const;
  /// The Tensor whose cotangents an entry adds up; null if the entry is no such sum.
  const Tensor* adds_up_for(const Entry& entry) const;

 private:
  void arrives(const Entry& entry, const Tensor& arrived) override;
  void gives(const Entry& entry, std::size_t input, const Tensor& cotangent) override;

  std::vector<Tensor> outputs_;  // which hold everything else
  Tensor gradient_, arrived_;
  std::uint64_t begin_, last_ = 0;
  std::vector<Step> steps_;
};

/// A derivative taken again from a gradient that was evaluated and has released its history.
struct Retaken {
  std::optional<DerivativeAgain> derivative;
  Location where{};       // the call that took it first
  bool known = false;     // whether it is known to be a gradient
  const char* lost = "";  // why it could not be taken again, as a clause
  ValueRange before{};    // of the value that the derivative is taken by
};
Retaken retake(const Tensor& gradient);
/// The latest derivative by a value that this Parameter held before `now`, and that was finite.
Retaken retake_before(const Parameter& parameter, const Entry& now);

}  // namespace xgrad
