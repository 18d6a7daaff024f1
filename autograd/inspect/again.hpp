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

/// A derivative that is taken again, to look at it. It is recorded, and nothing of it is evaluated: neither values nor
/// histories on the tape change, nor what the engine knows of them. The functions that a program has put in the way of
/// cotangents (change_cotangent, custom_gradient) are called once more.
class DerivativeAgain final : detail::Watcher {
 public:
  /// One answer of a rule.
  struct Step {
    const Entry* entry;   // recorded forwards
    std::size_t input;    // the input it is for
    Tensor arrived;       // the cotangent of the entry
    Tensor given;         // that of the input; undefined for zero
    std::uint64_t begin;  // the entries after this number,
    std::uint64_t end;    // up to this, are what the rule recorded
  };

  /// By one input. Throws what `differentiate` throws.
  DerivativeAgain(std::span<const Tensor> outputs, std::span<const Tensor> cotangents, const Tensor& input,
                  const Location& where);

  const Tensor& gradient() const { return gradient_; }
  /// In the order of the walk.
  const std::vector<Step>& steps() const { return steps_; }
  /// What is recorded after this number is part of it.
  std::uint64_t begin() const { return begin_; }
  /// The step that recorded an entry; null for a seed.
  const Step* step_of(const Entry& entry) const;
  /// What an entry is the sum of two cotangents of; null where it is something else.
  const Tensor* adds_up_for(const Entry& entry) const;

 private:
  void arrives(const Entry& entry, const Tensor& arrived) override;
  void gives(const Entry& entry, std::size_t input, const Tensor& cotangent) override;

  std::vector<Tensor> outputs_;  // which hold everything else
  Tensor gradient_, arrived_;
  std::uint64_t begin_, last_ = 0;
  std::vector<Step> steps_;
};

/// Takes again what a gradient that was evaluated, and has let go of its history, is the result of.
struct Retaken {
  std::optional<DerivativeAgain> derivative;
  Location where{};       // of the call that took it then
  bool known = false;     // whether it is known to be a gradient
  const char* lost = "";  // why it could not be taken again, as a clause
  ValueRange before{};    // of the value that it is the derivative by
};
Retaken retake(const Tensor& gradient);
/// The latest derivative by a value that this Parameter held before `now`, and that was finite.
Retaken retake_before(const Parameter& parameter, const Entry& now);

}  // namespace xgrad
