#include "nn/metrics/samples.hpp"

#include "autograd/core/axes.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"

namespace xgrad::nn::metrics {

namespace {

std::int64_t class_axis(const Tensor& scores, std::optional<std::int64_t> axis, const char* metric,
                        const Location& where) {
  check<DTypeError>(is_floating(scores.dtype()), where, metric, ": scores must be floating, got ", describe(scores));
  check<ShapeError>(scores.ndim() > 0, where, metric, ": the scores have no class axis: ", describe(scores));
  return normalise_axis(axis.value_or(scores.ndim() > 1 ? 1 : 0), scores.ndim(), metric, where);
}

}  // namespace

Scores scores_of(const Operand& scores, std::optional<std::int64_t> given, const char* metric) {
  const Location& where = scores.where();
  const Tensor values = stop_gradient(scores.tensor());
  const std::int64_t axis = class_axis(values, given, metric, where);
  Scores read{moveaxis(values, axis, -1).to_vector(where),
              without_axes(values.shape(), AxisSet(std::uint64_t{1} << axis)),
              static_cast<std::size_t>(values.size(axis))};
  check<ShapeError>(read.classes > 0, where, metric, ": there are no classes: ", describe(values));
  return read;
}

std::vector<std::int64_t> labels_of(const Operand& given, const Shape& shape, std::size_t classes,
                                    std::optional<std::int64_t> ignored, const char* metric) {
  const Location& where = given.where();
  const Tensor labels = given.tensor();
  check<DTypeError>(labels.dtype() == int64 || labels.dtype() == boolean, where, metric,
                    ": class indices must be i64, got ", describe(labels));
  check<ShapeError>(labels.shape() == shape, where, metric, ": the class indices are ", describe(labels),
                    ", they should be ", shape);
  const auto values = labels.to_vector<std::int64_t>(where);
  for (std::size_t i = 0; i < values.size(); ++i)
    check<IndexError>((values[i] >= 0 && values[i] < static_cast<std::int64_t>(classes)) || values[i] == ignored, where,
                      metric, ": class index ", values[i], " at place ", i, " of ", values.size(), ", for ", classes,
                      " classes");
  return values;
}

std::vector<std::int64_t> predictions_of(const Operand& predicted, const Shape& shape, std::size_t classes,
                                         const char* metric) {
  const Location& where = predicted.where();
  const Tensor values = predicted.tensor();
  if (!is_floating(values.dtype())) return labels_of(predicted, shape, classes, {}, metric);
  const std::int64_t axis = class_axis(values, {}, metric, where);
  check<ShapeError>(values.size(axis) == static_cast<std::int64_t>(classes) &&
                        without_axes(values.shape(), AxisSet(std::uint64_t{1} << axis)) == shape,
                    where, metric, ": the scores are ", describe(values), ", for class indices ", shape, " of ",
                    classes, " classes");
  return argmax(stop_gradient(values), axis).to_vector<std::int64_t>(where);
}

}  // namespace xgrad::nn::metrics
