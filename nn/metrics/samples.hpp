#pragma once

// What metrics read of their inputs: values only, so that they keep no tape alive.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::nn::metrics {

/// The scores of samples: a row of `classes` numbers for each.
struct Scores {
  std::vector<double> rows;
  Shape samples;  ///< the shape without the class axis
  std::size_t classes = 0;

  std::size_t count() const { return static_cast<std::size_t>(samples.numel()); }
  const double* row(std::size_t sample) const { return rows.data() + sample * classes; }
};

/// Floating scores; the class axis is 1 unless given, or 0 where there is one axis only. DTypeError, ShapeError,
/// AxisError.
Scores scores_of(const Operand& scores, std::optional<std::int64_t> axis, const char* metric);

/// Class indices (int64, or a mask for two classes) of this shape. DTypeError, ShapeError; IndexError for an index that
/// is not in [0, classes) and not the ignored one.
std::vector<std::int64_t> labels_of(const Operand& labels, const Shape& shape, std::size_t classes,
                                    std::optional<std::int64_t> ignored, const char* metric);

/// The class of each sample: what is given as class indices of this shape, or else the first of the largest scores
/// along the class axis, where NaN counts as the largest.
std::vector<std::int64_t> predictions_of(const Operand& predicted, const Shape& shape, std::size_t classes,
                                         const char* metric);

}  // namespace xgrad::nn::metrics
