#include "nn/embedding.hpp"

#include <algorithm>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tape.hpp"
#include "nn/call.hpp"
#include "nn/init.hpp"

namespace xgrad::nn {

namespace {

/// The different indices, ascending.
std::vector<std::int64_t> different(const Tensor& index, const Location& where) {
  std::vector<std::int64_t> found = index.to_vector<std::int64_t>(where);
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

/// Rows without derivative where the index is that of padding.
Tensor without_padding(const Tensor& rows, const Tensor& index, const std::optional<std::int64_t>& padding) {
  return padding ? where(unsqueeze(index == *padding, -1), stop_gradient(rows), rows) : rows;
}

/// Whether something may be differentiated by the value of a Parameter. Were rows assigned, the derivatives by what
/// that holds afterwards would leave out what was computed from it before.
bool is_depended_on(const Parameter& parameter) {
  const Entry& value = *parameter.value().entry();
  return value.tracked && value.handles() > 1;
}

Tensor index_of(const Operand& operand, const char* call) {
  Tensor index = operand.tensor();
  check<DTypeError>(index.dtype() == int64, operand.where(), call, ": indices must be i64, got ", describe(index));
  return index;
}

}  // namespace

Tensor EmbeddingRows::operator()(const Operand& indices) const {
  const CallScope scope("EmbeddingRows", indices.where());
  const Tensor wanted = index_of(indices, "EmbeddingRows");
  const auto known = index.data<std::int64_t>(indices.where());
  std::vector<std::int64_t> places;
  for (const std::int64_t each : wanted.to_vector<std::int64_t>(indices.where())) {
    const auto found = std::ranges::lower_bound(known, each);
    check<IndexError>(found != known.end() && *found == each, indices.where(), "EmbeddingRows: row ", each,
                      " is not among the ", known.size(), " rows");
    places.push_back(found - known.begin());
  }
  const Tensor at = reshape(tensor(places), wanted.shape());
  return without_padding(take(values, at), wanted, padding_index);
}

Embedding::Embedding(std::int64_t count, std::int64_t width, EmbeddingOptions options, Rng& rng,
                     const Location& where) {
  const CallScope scope("Embedding", where);
  check<ValueError>(count > 0 && width > 0, where, "Embedding: needs positive sizes, got ", count, " rows of ", width);
  weight = Parameter(init::normal({count, width}, rng, {.dtype = options.dtype}, where), where);
  take_options(options, where);
  if (options_.padding_index)
    weight.assign_rows(tensor({*options_.padding_index}), zeros({1, width}, options.dtype), where);
}

Embedding::Embedding(const Tensor& given, EmbeddingOptions options, const Location& where) {
  const CallScope scope("Embedding", where);
  check<ShapeError>(given.shape(where).ndim() == 2, where, "Embedding: the weight needs two axes, got ",
                    describe(given));
  weight = Parameter(given, where);
  take_options(options, where);
}

void Embedding::take_options(const EmbeddingOptions& options, const Location& where) {
  options_ = options;
  check<ValueError>(!options.max_norm || *options.max_norm > 0, where, "Embedding: max_norm is ",
                    options.max_norm.value_or(0));
  check<ValueError>(options.norm_type > 0, where, "Embedding: norm_type is ", options.norm_type);
  if (!options_.padding_index) return;
  const std::int64_t count = weight.shape()[0], given = *options_.padding_index;
  check<IndexError>(given >= -count && given < count, where, "Embedding: the padding index ", given,
                    " is out of range for ", count, " rows");
  if (given < 0) *options_.padding_index += count;
}

Tensor Embedding::operator()(const Operand& operand) const {
  const Call call(*this, "Embedding", operand.where());
  const Tensor index = index_of(operand, "Embedding");
  return call.result(without_padding(look_up(index, operand.where()), index, options_.padding_index));
}

Tensor Embedding::look_up(const Tensor& index, const Location& where) const {
  if (!options_.max_norm) return take(weight, index);
  const Tape& tape = Tape::current();
  const bool substituted = !(Parameter::holder(weight) == weight);
  if (!substituted && !tape.tracing && !tape.differentiable_updates && !is_depended_on(weight)) {
    renormalise(index, where);
    return take(weight, index);
  }
  const Tensor rows = take(weight, index), norms = norm(rows, -1, {.p = options_.norm_type}, keep_dims);
  return rows * stop_gradient(xgrad::where(norms > *options_.max_norm, *options_.max_norm / (norms + 1e-7), 1));
}

EmbeddingRows Embedding::rows(const Operand& operand) const {
  const CallScope scope("Embedding", operand.where());
  const Tensor index = index_of(operand, "Embedding");
  const Tensor wanted = tensor(different(index, operand.where()));
  Tensor values;
  {
    const NoGrad untracked;  // what is not tracked lets go of the table when it is evaluated
    values = look_up(wanted, operand.where());
  }
  evaluate(values, operand.where());
  return {wanted, track(values), options_.padding_index};
}

// Rows are scaled as PyTorch does it, by max_norm / (norm + 1e-7).
void Embedding::renormalise(const Tensor& index, const Location& where) const {
  const NoGrad untracked;
  const std::vector<std::int64_t> used = different(index, where);
  const Tensor rows = take(weight, tensor(used));
  const Tensor norms = norm(rows, -1, {.p = options_.norm_type});
  const std::vector<double> found = norms.to_vector(where);
  std::vector<std::int64_t> places, large;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!(found[i] > *options_.max_norm)) continue;
    places.push_back(static_cast<std::int64_t>(i));
    large.push_back(used[i]);
  }
  if (large.empty()) return;
  const Tensor at = tensor(places);
  Parameter table = weight;
  table.assign_rows(tensor(large), take(rows, at) * unsqueeze(*options_.max_norm / (take(norms, at) + 1e-7), -1),
                    where);
}

}  // namespace xgrad::nn
