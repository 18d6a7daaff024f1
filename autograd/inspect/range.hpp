#pragma once

#include <cstdint>
#include <string>

#include "autograd/core/view.hpp"

namespace xgrad {

/// The range of a value's elements.
struct ValueRange {
  double least = 0, most = 0;  ///< of those that are finite; 0 where none is
  std::int64_t count = 0;      ///< of all elements
  std::int64_t finite = 0, zeros = 0, nan = 0, infinite = 0;
  std::int64_t first_nonfinite = -1;  ///< the element, row-major; -1 where all are finite

  bool all_finite() const { return finite == count; }
  /// The largest magnitude of a finite element.
  double largest() const;
  /// `[-1, 3]`, or `0` where all are, with what is not finite: `[-1, 3], 2 NaN`.
  std::string to_string() const;
};

ValueRange range_of(const View& view);
/// An element as a double.
double element_of(const View& view, std::int64_t element);
/// A number for messages: six digits at most, `NaN`, `inf`.
std::string number_text(double number);
/// `[1, 2]`, the indices of an element.
std::string index_text(std::int64_t element, const Shape& shape);
/// `99.7 %`; never 0 % or 100 % unless none or all are meant.
std::string percent_text(std::int64_t part, std::int64_t count);

}  // namespace xgrad
