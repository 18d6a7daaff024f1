#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/inspect/range.hpp"
#include "autograd/inspect/values.hpp"

namespace xgrad {

/// An entry where elements that are not finite come up, and the first such element.
struct NonFinitePlace {
  Tensor entry;
  std::int64_t element;
  double value;
  ValueRange range;                  // of its value
  std::vector<ValueRange> operands;  // of those of its inputs
  std::vector<std::optional<double>> at_element;
};

/// Where NaN and infinity in a value came from. Only what they depend on counts: of an elementwise operation the
/// elements at the same places, of `where` the branch it chose, and of others all elements that are not finite.
struct NonFiniteTrace {
  ValueRange range;                          // of the value itself
  std::optional<NonFinitePlace> origin;      // none where all is finite
  std::optional<NonFinitePlace> became_nan;  // if the origin is an infinity, and the value has a NaN
  std::vector<Tensor> way;                   // all entries that have such elements on the way, in tape order
};
NonFiniteTrace trace_nonfinite(const Tensor& tensor);

}  // namespace xgrad
