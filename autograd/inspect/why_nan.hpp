#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "autograd/core/location.hpp"
#include "autograd/inspect/range.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// One operand of the operation that made an element which is not finite.
struct NonFiniteOperand {
  std::string description;           ///< `[4] f32`, with the name of a Parameter
  std::string operation;             ///< what it is the result of; `data` or `Parameter` for what it came in as
  Location where{};                  ///< the line that recorded it
  ValueRange range;                  ///< of all its elements
  std::optional<double> at_element;  ///< its element at the same place, where the operation goes by elements
};

/// Where elements came up that are NaN or infinite.
struct NonFiniteEntry {
  enum class Kind {
    operation,  ///< made by an operation, of operands that are finite
    data,       ///< it was there from the start, in data
    parameter,  ///< or in what a Parameter holds
    constant,   ///< a number of the program, in `full` or beside a Tensor
    gone,       ///< made by an operation whose operands the tape has let go of
  };
  Kind kind = Kind::operation;
  std::string operation;              ///< the primitive, `log`
  std::string call;                   ///< the function of the library that recorded it: `log`, or `cross_entropy`
  Location where{};                   ///< the line of the program that recorded it; of its forward operation
  std::string description;            ///< `[4] f32`, with the name of a Parameter
  std::vector<std::int64_t> element;  ///< the first one,
  double value = 0;                   ///< which is NaN or infinite
  std::int64_t count = 0, numel = 0;  ///< how many of its elements are not finite, and how many there are
  std::vector<NonFiniteOperand> operands;

  bool backward = false;      ///< recorded by a backward pass,
  std::string derivative_of;  ///< by the rule of this primitive; empty where the tape does not tell
  bool adds_up = false;       ///< or by adding up the cotangents of what that primitive gave
  Location derivative{};      ///< the line of `grad` or `backward`
};

/// The result of `why_nan`. Printing it gives a few lines of text.
struct WhyNan {
  bool finite = false;                       ///< all elements are finite: there is nothing to explain
  std::string description;                   ///< of the Tensor that was asked about
  NonFiniteEntry origin;                     ///< the first one
  std::optional<NonFiniteEntry> became_nan;  ///< where an infinity of the origin became a NaN
  std::string note;                          ///< what else is known, or why nothing is

  std::string to_string() const;
};
std::ostream& operator<<(std::ostream& out, const WhyNan& why);

/// Finds out, after the fact, where the NaN or infinity in a value comes from: the first entry in tape order, of those
/// that the elements in question depend on through elements that are not finite, which made one of finite operands,
/// forwards or backwards. Works on a loss, on gradients that `grad` and `backward` gave (also evaluated ones, which
/// have let go of their history: the derivative is recorded once more, from the loss) and on Parameters after an
/// update. Values that are not kept are computed by the reference kernels, operation by operation. Nothing is
/// evaluated, and nothing on the tape changes.
///
/// What cannot be found is said, not guessed: an untracked Tensor that was evaluated has let go of its history, a
/// gradient can be taken again only while somebody holds its loss, and a loss lets go of its history at the second
/// assignment of Parameters after it was recorded (docs/evaluation.md).
///
/// GraphError for an undefined Tensor, ThreadError for one of another thread that has no value yet.
WhyNan why_nan(const Tensor& tensor, const Location& where = Location::current());

}  // namespace xgrad
