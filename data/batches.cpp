#include "data/batches.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/core/random.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad::data {

namespace {

/// 0, ..., count - 1 in an order that seed and epoch fix (Fisher and Yates).
std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed, std::uint64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  constexpr std::uint64_t far_apart = std::uint64_t{1} << 40;  // more random numbers than a pass takes
  Rng rng(RandomState{seed, epoch * far_apart});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
  return order;
}

/// The samples `begin` to `end` of the order, or of the Tensor as it stands when the order is empty.
Tensor take_samples(const Tensor& from, const std::vector<std::int64_t>& order, std::int64_t begin, std::int64_t end,
                    const Location& where) {
  Shape shape = from.shape();
  shape[0] = end - begin;
  const std::size_t samples = static_cast<std::size_t>(from.shape()[0]);
  const std::size_t all = static_cast<std::size_t>(from.numel()) * item_size(from.dtype());
  const std::size_t sample = samples == 0 ? 0 : all / samples;
  const Buffer buffer = Buffer::allocate(static_cast<std::size_t>(end - begin) * sample, "batches", where);
  const auto* source = static_cast<const char*>(from.entry()->value.data());
  auto* target = static_cast<char*>(buffer.data());
  if (order.empty() && sample > 0) {
    std::memcpy(target, source + static_cast<std::size_t>(begin) * sample,
                static_cast<std::size_t>(end - begin) * sample);
  } else if (sample > 0) {
    for (auto i = begin; i < end; ++i, target += sample)
      std::memcpy(target, source + static_cast<std::size_t>(order[static_cast<std::size_t>(i)]) * sample, sample);
  }
  return make_leaf(std::move(shape), from.dtype(), buffer, where);
}

}  // namespace

Batches::Batches(Dataset dataset, BatchOptions options, const Location& where)
    : dataset_(std::move(dataset)), options_(options), where_(where) {
  const Tensor &inputs = dataset_.inputs, &labels = dataset_.labels;
  check<GraphError>(inputs.defined() && labels.defined(), where, "batches: inputs or labels are undefined");
  check<ValueError>(options.size >= 1, where, "batches: a batch of size ", options.size);
  check<ShapeError>(inputs.ndim() >= 1 && labels.ndim() >= 1 && inputs.size(0) == labels.size(0), where,
                    "batches: inputs ", describe(inputs), " and labels ", describe(labels), " are not equally many");
  const Tensor both[] = {inputs, labels};
  evaluate(both, where);
  if (options_.shuffle && !options_.seed) options_.seed = default_rng().bits();
}

std::int64_t Batches::size() const {
  const std::int64_t samples = dataset_.size(where_);
  return samples / options_.size + (!options_.drop_last && samples % options_.size != 0 ? 1 : 0);
}

Batches::Iterator Batches::begin() {
  const std::uint64_t epoch = options_.epoch++;
  return {this,
          options_.shuffle ? shuffled(dataset_.size(where_), *options_.seed, epoch) : std::vector<std::int64_t>{}};
}

void Batches::Iterator::assemble() {
  if (index_ >= owner_->size()) return;
  const Dataset& dataset = owner_->dataset_;
  const std::int64_t begin = index_ * owner_->options_.size;
  const std::int64_t end = std::min(begin + owner_->options_.size, dataset.size());
  batch_ = {take_samples(dataset.inputs, order_, begin, end, owner_->where_),
            take_samples(dataset.labels, order_, begin, end, owner_->where_)};
}

Batches batches(const Dataset& dataset, BatchOptions options, const Location& where) {
  return Batches(dataset, options, where);
}

}  // namespace xgrad::data
