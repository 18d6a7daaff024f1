#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "autograd/inspect/again.hpp"
#include "autograd/inspect/range.hpp"

namespace xgrad {

/// How a cotangent passes one input of one recorded operation.
struct FlowStep {
  const Entry* entry;
  const Entry* source;  // the input's entry
  std::size_t input;
  std::size_t call;    // the number of the call it belongs to
  ValueRange arrived;  // of the entry's cotangent
  ValueRange given;    // of the input's cotangent
  bool undefined;      // whether the rule gave an undefined Tensor, which is zero
  ValueRange output;   // of the entry's value
  std::vector<ValueRange> operands;

  bool is_zero() const { return undefined || given.zeros == given.count; }
  bool gets_something() const { return arrived.zeros < arrived.count; }
};

/// The consecutive steps, from `begin` to `end`, of one call of a library function.
struct FlowCall {
  std::size_t begin, end;
  const char* name;
  Location where;
};

/// What an elementwise call does to the cotangents of its only operand: of `reached` elements with a cotangent other
/// than zero, `stopped` get none, and `reduced`, these included, less than a thousandth. Each element of a vector, or
/// column of a batch of vectors, is a unit; a dead unit gets nothing at all.
struct FlowFate {
  std::int64_t reached = 0, stopped = 0, reduced = 0, units = 0, dead = 0;
  ValueRange operand;
};

/// The ranges of cotangents on the way back from a loss to one input, in the order of the backward pass: the loss is
/// first.
class Flow {
 public:
  explicit Flow(const DerivativeAgain& derivative);

  const std::vector<FlowStep>& steps() const { return steps_; }
  const std::vector<FlowCall>& calls() const { return calls_; }
  const ValueRange& gradient() const { return gradient_; }
  /// Nothing if the call is not elementwise, or several of its operands lead to the input.
  std::optional<FlowFate> fate(std::size_t call) const;
  /// The steps with the largest cotangents, from the input to the loss.
  std::vector<std::size_t> way(const Entry& input) const;

 private:
  void measure();
  void divide_into_calls();
  bool is_map(const FlowCall& call) const;

  const DerivativeAgain& derivative_;
  std::vector<FlowStep> steps_;
  std::vector<FlowCall> calls_;
  ValueRange gradient_;
};

}  // namespace xgrad
