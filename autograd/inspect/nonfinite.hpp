#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/inspect/range.hpp"
#include "autograd/inspect/values.hpp"

namespace xgrad {

/// An entry that makes elements which are not finite, and the first such element.
struct NonFinitePlace {
  Tensor entry;
  std::int64_t element;
  double value;
  ValueRange range;                  // of its value
  std::vector<ValueRange> operands;  // of those of its inputs
  std::vector<std::optional<double>> at_element;
};

/// Where NaN and infinity in a value come from. Only what they depend on counts: the same elements of an elementwise
/// operation's operands, the branch that `where` chose, and of other operands all elements that are not finite.
struct NonFiniteTrace {
  ValueRange range;                          // of the value itself
  std::optional<NonFinitePlace> origin;      // none where all is finite
  std::optional<NonFinitePlace> became_nan;  // if the origin is an infinity, and the value has a NaN
  std::vector<Tensor> way;                   // all entries that have such elements on the way, in tape order
};
NonFiniteTrace trace_nonfinite(const Tensor& tensor);

}  // namespace xgrad
