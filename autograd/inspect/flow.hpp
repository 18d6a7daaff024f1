#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "autograd/inspect/again.hpp"
#include "autograd/inspect/range.hpp"

namespace xgrad {

/// What became of a cotangent at one input of one recorded operation.
struct FlowStep {
  const Entry* entry;
  const Entry* source;  // the input's entry
  std::size_t input;
  std::size_t call;    // the number of the call it belongs to
  ValueRange arrived;  // of the cotangent of the entry
  ValueRange given;    // of that of the input
  bool undefined;      // the rule said that it is zero
  ValueRange output;   // of the value of the entry
  std::vector<ValueRange> operands;

  bool is_zero() const { return undefined || given.zeros == given.count; }
  bool gets_something() const { return arrived.zeros < arrived.count; }
};

/// Steps, from `begin` to `end`, of one call of a function of the library: its operations follow one another.
struct FlowCall {
  std::size_t begin, end;
  const char* name;
  Location where;
};

/// How the elements of a call's only operand fare, where it goes by elements: of the `reached` elements whose cotangent
/// is not zero, `stopped` get none, and `reduced`, these included, less than a thousandth. Of a vector each element is
/// a unit, of a batch of vectors each column; a dead one gets nothing at all.
struct FlowFate {
  std::int64_t reached = 0, stopped = 0, reduced = 0, units = 0, dead = 0;
  ValueRange operand;
};

/// The cotangents on the way back from a loss to one input, in numbers. In the order of the walk: the loss comes first.
class Flow {
 public:
  explicit Flow(const DerivativeAgain& derivative);

  const std::vector<FlowStep>& steps() const { return steps_; }
  const std::vector<FlowCall>& calls() const { return calls_; }
  const ValueRange& gradient() const { return gradient_; }
  /// None where the call does not go by elements, or has several operands that lead to the input.
  std::optional<FlowFate> fate(std::size_t call) const;
  /// The steps that carry most, from the input to the loss.
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
