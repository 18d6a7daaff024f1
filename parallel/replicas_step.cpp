// What Replicas make of gradients that are summed, and what they save.

#include <cmath>
#include <cstring>

#include "autograd/core/fail.hpp"
#include "autograd/core/random.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/transform/derivation.hpp"
#include "parallel/collectives.hpp"
#include "parallel/work.hpp"

namespace xgrad::parallel {

using detail::Bucket;
using detail::Underway;

// Of the Parameters that this rank steps; the others have none.
std::vector<Tensor> Replicas::Work::summed(const std::vector<Buffer>& sums, const Location& where) const {
  std::vector<Tensor> by_place(optimizer.parameters().size());
  for (std::size_t b = 0; b < buckets.size(); ++b)
    for (std::size_t i = 0; i < buckets[b].places.size(); ++i) {
      const std::size_t place = buckets[b].places[i];
      if (!owns(place)) continue;
      const DType of = options.exact ? float64 : buckets[b].dtype;
      by_place[place] = buckets[b].value(i, sums[b], of, where);
      if (options.exact) by_place[place] = cast(by_place[place] / static_cast<double>(all_samples), buckets[b].dtype);
    }
  return by_place;
}

// The squares of each Parameter's gradient are added up by itself, and these sums in the order of the Parameters, so
// that it does not matter which rank has which. Whether the step is to be made: where the state is sharded, an
// Optimizer sees some of the gradients alone, and all of them have to do the same.
bool Replicas::Work::clip_and_check(std::vector<Tensor>& by_place, double mean_loss, const Location& where) {
  const bool checks = is_sharded() && optimizer.policy() != optim::NonFinite::propagate;
  if (options.clip_norm == 0 && !checks) return true;
  std::vector<Tensor> squares;
  for (const Tensor& gradient : by_place)
    squares.push_back(gradient.defined() ? sum(square(cast(gradient, float64))) : Tensor());
  std::vector<Tensor> asked;
  for (const Tensor& each : squares)
    if (each.defined()) asked.push_back(each);
  evaluate(asked, where);
  std::vector<double> sizes;
  for (const Tensor& each : squares) sizes.push_back(each.defined() ? each.item(where) : 0);
  if (is_sharded()) sizes = sums_over_ranks(std::move(sizes), "step: the norm of the gradients", where);
  double all = 0;
  for (const double size : sizes) all += size;
  const double norm = std::sqrt(all);
  if (!std::isfinite(norm) || (checks && !std::isfinite(mean_loss))) {
    const bool is_error = optimizer.policy() != optim::NonFinite::skip;
    check<ValueError>(!is_error, where, "step: the norm of the gradients is ", norm, ", the loss ", mean_loss,
                      "; nothing was changed");
    return false;
  }
  if (options.clip_norm == 0 || norm + 1e-6 <= options.clip_norm) return true;
  for (Tensor& gradient : by_place)
    if (gradient.defined()) gradient = gradient * (options.clip_norm / (norm + 1e-6));
  return true;
}

double Replicas::Work::finish(const std::vector<Buffer>& sums, double mean_loss, const Location& where) {
  const NoGrad untracked;
  const std::uint64_t begin = Tape::current().sequence;
  std::vector<Tensor> by_place = summed(sums, where);
  all_samples = 0;
  if (!clip_and_check(by_place, mean_loss, where)) {
    optimizer.skip();
    return mean_loss;
  }
  // The Optimizer checks the mean loss, which is the same on all ranks.
  std::vector<Tensor> own;
  for (const Tensor& gradient : by_place)
    if (gradient.defined()) own.push_back(gradient);
  if (!is_sharded() && xgrad::detail::notes_derivations())
    xgrad::detail::note_derivation(tensor(mean_loss, float64), {}, own, begin, where);
  own.clear();
  optimizer.step(std::move(by_place), where);
  if (is_sharded()) gather_values(where);
  return mean_loss;
}

// Every rank sends the new values of its Parameters, and has those of the others in memory of their own.
void Replicas::Work::gather_values(const Location& where) {
  std::vector<Buffer> memory;
  for (const Bucket& bucket : buckets) {
    memory.push_back(Buffer::allocate(bucket.bytes(bucket.dtype), "step", where));
    std::memset(memory.back().data(), 0, memory.back().bytes());
    for (std::size_t i = 0; i < bucket.places.size(); ++i) {
      if (!owns(bucket.places[i])) continue;
      const Tensor now = optimizer.parameters()[bucket.places[i]].value(where);
      evaluate(now, where);
      const Buffer at = bucket.value(i, memory.back(), bucket.dtype, where).entry()->value;
      if (now.numel() > 0) std::memcpy(at.data(), now.entry()->value.data(), at.bytes());
    }
    lanes.gather(bucket, bucket.dtype, memory.back(), where);
  }
  lanes.wait();
  std::vector<Parameter> others;
  std::vector<Tensor> values;
  for (std::size_t b = 0; b < buckets.size(); ++b)
    for (std::size_t i = 0; i < buckets[b].places.size(); ++i) {
      if (owns(buckets[b].places[i])) continue;
      const Buffer from = buckets[b].value(i, memory[b], buckets[b].dtype, where).entry()->value;
      const Buffer value = Buffer::allocate(from.bytes(), "step", where);
      if (from.bytes() > 0) std::memcpy(value.data(), from.data(), from.bytes());
      others.push_back(optimizer.parameters()[buckets[b].places[i]]);
      values.push_back(make_leaf(buckets[b].shapes[i], buckets[b].dtype, value, where));
    }
  if (!others.empty()) assign(others, values, where);
}

// ---- the beginning, and what is saved

namespace {

/// Rank 0's values.
std::vector<NamedTensor> of_first_rank(std::vector<NamedTensor> state, const Communicator& ranks,
                                       const Location& where) {
  for (auto& [name, value] : state) {
    evaluate(value, where);
    const auto bytes = static_cast<std::size_t>(value.numel()) * item_size(value.dtype());
    const Buffer memory = Buffer::allocate(bytes, "Replicas", where);
    if (bytes > 0) std::memcpy(memory.data(), value.entry()->value.data(), bytes);
    Underway(ranks.group(), {"Replicas: the model of rank 0", value.shape(), value.dtype(), name, where},
             detail::send_all_from(0, ranks.group(), bytes, memory))
        .wait();
    value = make_leaf(value.shape(), value.dtype(), memory, where);
  }
  return state;
}

}  // namespace

Replicas::Replicas(nn::Module& model, optim::Optimizer& optimizer, const Communicator& ranks,
                   const ReplicasOptions& options, const Location& where) {
  const CallScope scope("Replicas", where);
  work_ = std::make_unique<Work>(model, optimizer, ranks, options, where);
  if (ranks.size() > 1) model.load_state(of_first_rank(model.state(), work_->ranks, where), where);
}

data::Batches Replicas::batches(const data::Dataset& dataset, data::BatchOptions options, const Location& where) const {
  const CallScope scope("batches", where);
  const Communicator& all = ranks();
  if (options.shuffle && !options.seed) options.seed = default_rng().bits();
  const auto seed = static_cast<std::int64_t>(options.seed.value_or(0));
  const std::string what = text_of(dataset.size(where), " samples in batches of ", options.size);
  const Buffer memory = Buffer::allocate(sizeof seed, "batches", where);
  std::memcpy(memory.data(), &seed, sizeof seed);
  Underway(all.group(), {"batches", Shape{}, int64, what, where},
           detail::send_all_from(0, all.group(), sizeof seed, memory))
      .wait();
  if (options.seed) options.seed = *static_cast<const std::uint64_t*>(memory.data());
  options.part = all.rank();
  options.parts = all.size();
  return data::batches(dataset, options, where);
}

// `i.slot` is the owner's, and so is what is counted for Parameter i.
std::vector<NamedTensor> Replicas::state() const {
  Work& work = *work_;
  std::vector<NamedTensor> state = work.optimizer.state();
  if (!work.is_sharded()) return state;
  for (auto& [name, value] : state) {
    if (name == "taken_steps") {
      std::vector<std::int64_t> counts = value.to_vector<std::int64_t>();
      for (std::size_t i = 0; i < counts.size(); ++i)
        if (!work.owns(i)) counts[i] = 0;
      value = all_reduce(tensor(counts), work.ranks);
    } else if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
      value = broadcast(value, work.ranks, work.owners[std::stoul(name.substr(0, dot))]);
    }
  }
  return state;
}

void Replicas::load_state(const std::vector<NamedTensor>& saved, const Location& where) {
  work_->optimizer.load_state(saved, where);
}

}  // namespace xgrad::parallel
