#pragma once

// core/: what everything stands on: dtypes, shapes, buffers, errors with the caller's place, random numbers, files.
//   in:  numbers, names and places.
//   out: checked values, memory, or an Error.

#include <stdexcept>
#include <string>

#include "autograd/core/location.hpp"

namespace xgrad {

/// Everything xgrad throws. `what()` reads `operation: what was wrong, with what it got, at file:line`.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, const Location& where = Location::current())
      : std::runtime_error(message), where_(where) {}
  /// The user's call that led to the error.
  const Location& where() const { return where_; }

 private:
  Location where_;
};

/// Shapes that do not fit together.
struct ShapeError : Error {
  using Error::Error;
};
/// An element type the operation does not take.
struct DTypeError : Error {
  using Error::Error;
};
/// An axis that is out of range or given twice.
struct AxisError : Error {
  using Error::Error;
};
/// An index outside its axis.
struct IndexError : Error {
  using Error::Error;
};
/// An argument whose value makes no sense.
struct ValueError : Error {
  using Error::Error;
};
/// A derivative that the tape cannot give.
struct GraphError : Error {
  using Error::Error;
};
/// An unevaluated Tensor of another thread.
struct ThreadError : Error {
  using Error::Error;
};
/// A file that is not what it claims to be.
struct FormatError : Error {
  using Error::Error;
};
/// The operating system refused.
struct IoError : Error {
  using Error::Error;
};
/// A matrix that has no such factors, or no inverse.
struct LinalgError : Error {
  using Error::Error;
};
/// An iteration that did not converge: a solver, a step control, a line search.
struct ConvergenceError : Error {
  using Error::Error;
};
/// A size beyond what can be held.
struct LimitError : Error {
  using Error::Error;
};

}  // namespace xgrad
