#include "data/batches.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/core/random.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tape.hpp"

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

void check_parts(const BatchOptions& options, std::int64_t samples, const Location& where) {
  check<ValueError>(options.parts >= 1 && options.part >= 0 && options.part < options.parts, where, "batches: part ",
                    options.part, " of ", options.parts);
  if (options.parts == 1) return;
  check<ValueError>(!options.shuffle || options.seed, where,
                    "batches: parts that are shuffled need a seed, the same for all of them");
  const std::int64_t last = options.drop_last ? 0 : samples % options.size;
  const std::int64_t fewest = last != 0 ? last : options.size;
  check<ValueError>(fewest >= options.parts, where, "batches: ", options.parts, " parts of a batch of ", fewest,
                    " samples (", samples, " in batches of ", options.size, "): choose another size, or drop_last");
}

}  // namespace

Batches::Batches(Dataset dataset, BatchOptions options, const Location& where)
    : dataset_(std::move(dataset)), options_(options), where_(where) {
  const Tensor &inputs = dataset_.inputs, &labels = dataset_.labels;
  check<GraphError>(inputs.defined() && labels.defined(), where, "batches: inputs or labels are undefined");
  check<ValueError>(options.size >= 1, where, "batches: a batch of size ", options.size);
  check<ShapeError>(inputs.ndim() >= 1 && labels.ndim() >= 1 && inputs.size(0) == labels.size(0), where,
                    "batches: inputs ", describe(inputs), " and labels ", describe(labels), " are not equally many");
  check_parts(options, inputs.size(0), where);
  const Tensor both[] = {inputs, labels};
  evaluate(both, where);
  if (options_.shuffle && !options_.seed) options_.seed = default_rng().bits();
}

std::int64_t Batches::size() const {
  const std::int64_t samples = dataset_.size(where_);
  return samples / options_.size + (!options_.drop_last && samples % options_.size != 0 ? 1 : 0);
}

Batches::Iterator Batches::begin() {
  if (!std::exchange(loaded_, false)) {
    if (under_way_) ++options_.epoch;
    given_ = 0;
  }
  under_way_ = true;
  auto order =
      options_.shuffle ? shuffled(dataset_.size(where_), *options_.seed, options_.epoch) : std::vector<std::int64_t>{};
  return {this, std::move(order), given_};
}

void Batches::Iterator::assemble() {
  Batches& owner = *owner_;
  const bool latest = owner.under_way_ && owner.options_.epoch == epoch_;
  if (index_ >= owner.size()) {
    if (!latest) return;
    ++owner.options_.epoch;
    owner.given_ = 0;
    owner.under_way_ = false;
    return;
  }
  const Dataset& dataset = owner.dataset_;
  const BatchOptions& options = owner.options_;
  const std::int64_t first = index_ * options.size, samples = std::min(options.size, dataset.size() - first);
  const std::int64_t begin = first + samples * options.part / options.parts;
  const std::int64_t end = first + samples * (options.part + 1) / options.parts;
  batch_ = {take_samples(dataset.inputs, order_, begin, end, owner.where_),
            take_samples(dataset.labels, order_, begin, end, owner.where_)};
  if (latest) owner.given_ = index_ + 1;
}

std::vector<NamedTensor> Batches::state() const {
  std::vector<NamedTensor> state = {{"epoch", tensor(static_cast<std::int64_t>(options_.epoch))},
                                    {"given", tensor(given_)},
                                    {"samples", tensor(dataset_.size(where_))},
                                    {"size", tensor(options_.size)}};
  if (options_.shuffle) state.push_back({"seed", tensor(static_cast<std::int64_t>(*options_.seed))});
  return state;
}

void Batches::load_state(const std::vector<NamedTensor>& saved, const Location& where) {
  const std::vector<NamedTensor> present = state();
  const std::vector<Tensor> values = match_state(present, saved, "load_state", where);
  const auto number = [&](std::size_t i) { return values[i].item<std::int64_t>(where); };
  for (const std::size_t i : {std::size_t{2}, std::size_t{3}})
    check<FormatError>(number(i) == present[i].value.item<std::int64_t>(where), where, "load_state: batches whose ",
                       present[i].name, " is ", number(i), ", these have ", present[i].value.item<std::int64_t>(where));
  check<FormatError>(number(1) >= 0 && number(1) <= size(), where, "load_state: ", number(1), " of ", size(),
                     " batches were given");
  options_.epoch = static_cast<std::uint64_t>(number(0));
  given_ = number(1);
  if (options_.shuffle) options_.seed = static_cast<std::uint64_t>(number(4));
  loaded_ = true;
}

Batches batches(const Dataset& dataset, BatchOptions options, const Location& where) {
  return Batches(dataset, options, where);
}

Tensor in_batches(const std::function<Tensor(const Tensor&)>& f, const Tensor& inputs, std::int64_t size,
                  const Location& where) {
  const CallScope scope("in_batches", where);
  const NoGrad no_grad;
  check<ShapeError>(inputs.ndim(where) >= 1, where, "in_batches: inputs ", describe(inputs),
                    " have no axis of samples");
  check<ValueError>(inputs.size(0) > 0, where, "in_batches: inputs ", describe(inputs), " are no samples");
  std::vector<Tensor> results;
  for (const auto& [some, unused] : batches({inputs, arange(inputs.size(0))}, {.size = size}, where)) {
    results.push_back(f(some));
    evaluate(results.back(), where);
  }
  return concat(results);
}

}  // namespace xgrad::data
