#include "nn/embedding_bag.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

namespace {

EmbeddingOptions of_table(const EmbeddingBagOptions& options) {
  return {.padding_index = options.padding_index,
          .max_norm = options.max_norm,
          .norm_type = options.norm_type,
          .dtype = options.dtype};
}

/// Which bag each index is in.
std::vector<std::int64_t> bags_of(const Tensor& index, const Tensor& offsets, const Location& where) {
  check<DTypeError>(offsets.dtype(where) == int64, where, "EmbeddingBag: offsets must be i64, got ", describe(offsets));
  check<ShapeError>(index.ndim() == 1 && offsets.ndim() == 1, where,
                    "EmbeddingBag: the index and its offsets need one axis each, got ", describe(index), " and ",
                    describe(offsets));
  const auto first = offsets.data<std::int64_t>(where);
  const bool ordered = std::ranges::is_sorted(first) && (first.empty() ? index.numel() == 0 : first[0] == 0) &&
                       (first.empty() || first.back() <= index.numel());
  check<ValueError>(ordered, where, "EmbeddingBag: offsets begin with 0, do not descend, and are at most ",
                    index.numel());
  std::vector<std::int64_t> bags;
  for (std::size_t bag = 0; bag < first.size(); ++bag) {
    const std::int64_t end = bag + 1 < first.size() ? first[bag + 1] : index.numel();
    bags.resize(static_cast<std::size_t>(end), static_cast<std::int64_t>(bag));
  }
  return bags;
}

}  // namespace

EmbeddingBag::EmbeddingBag(std::int64_t count, std::int64_t width, EmbeddingBagOptions options, Rng& rng,
                           const Location& where)
    : table(count, width, of_table(options), rng, where),
      mode_(options.mode),
      padding_(table.options().padding_index) {}

EmbeddingBag::EmbeddingBag(const Tensor& weight, EmbeddingBagOptions options, const Location& where)
    : table(weight, of_table(options), where), mode_(options.mode), padding_(table.options().padding_index) {}

EmbeddingBag::Rows EmbeddingBag::rows_of(const Tensor& index, const Tensor& weights, const Location& where) const {
  Tensor values = table(Operand(index, where));
  const Tensor counted = unsqueeze(padding_ ? index != *padding_ : full(index.shape(), 1, boolean), -1);
  if (weights.defined()) {
    check<ValueError>(mode_ == BagMode::sum, where, "EmbeddingBag: there are weights for sums only");
    check<ShapeError>(weights.shape() == index.shape(), where, "EmbeddingBag: the index is ", describe(index),
                      ", the weights are ", describe(weights));
    values = values * unsqueeze(weights, -1);
  }
  const double none = mode_ == BagMode::max ? -std::numeric_limits<double>::infinity() : 0;
  return {padding_ ? xgrad::where(counted, values, none) : values, counted};
}

Tensor EmbeddingBag::operator()(const Operand& operand, const Tensor& weights) const {
  const Call call(*this, "EmbeddingBag", operand.where());
  const Location& where = operand.where();
  const Tensor index = operand.tensor();
  check<ShapeError>(index.ndim() == 2, where, "EmbeddingBag: needs an index of two axes, got ", describe(index),
                    "; bags with offsets go by in_bags");
  const auto [values, counted] = rows_of(index, weights, where);
  if (mode_ == BagMode::sum || index.size(1) == 0) return call.result(sum(values, 1));
  const DType dtype = values.dtype();
  if (mode_ == BagMode::mean) return call.result(sum(values, 1) / maximum(sum(cast(counted, dtype), 1), 1));
  return call.result(xgrad::where(any(counted, 1), max(values, 1), 0));
}

Tensor EmbeddingBag::in_bags(const Operand& operand, const Tensor& offsets, const Tensor& weights) const {
  const Call call(*this, "EmbeddingBag", operand.where());
  const Location& where = operand.where();
  const Tensor index = operand.tensor(), bags = tensor(bags_of(index, offsets, where));
  const auto [values, counted] = rows_of(index, weights, where);
  const DType dtype = values.dtype();
  const Tensor none = zeros({offsets.numel(), values.size(1)}, dtype);
  const Tensor counts = index_add(zeros({offsets.numel(), 1}, dtype), 0, bags, cast(counted, dtype));
  if (mode_ != BagMode::max || index.numel() == 0) {
    const Tensor sums = index_add(none, 0, bags, values);
    return call.result(mode_ == BagMode::sum ? sums : sums / maximum(counts, 1));
  }
  const Tensor at = broadcast_to(unsqueeze(bags, 1), values.shape());
  const Tensor largest = scatter_reduce(none, 0, at, values, ScatterReduction::max, false);
  return call.result(xgrad::where(counts > 0, largest, 0));
}

}  // namespace xgrad::nn
