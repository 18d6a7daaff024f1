#include "parallel/replicas.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "autograd/core/fail.hpp"
#include "autograd/core/random.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/transform/grad.hpp"
#include "optim/forgotten.hpp"
#include "parallel/error.hpp"
#include "parallel/shared_work.hpp"
#include "parallel/work.hpp"

namespace xgrad::parallel {

using detail::Bucket;
using detail::Underway;

namespace {

void check_options(const ReplicasOptions& options, int ranks, const Location& where) {
  check<ValueError>(options.bucket_bytes >= 1, where, "Replicas: bucket_bytes = ", options.bucket_bytes);
  check<ValueError>(options.clip_norm >= 0 && std::isfinite(options.clip_norm), where,
                    "Replicas: clip_norm = ", options.clip_norm, " is no norm");
  if (!options.exact) return;
  check<ValueError>(options.blocks >= 1 && std::has_single_bit(static_cast<unsigned>(options.blocks)), where,
                    "Replicas: blocks = ", options.blocks, " is no power of two");
  check<ValueError>(options.blocks % ranks == 0, where, "Replicas: ", ranks, " ranks cannot take the same number of ",
                    options.blocks, " blocks each");
}

}  // namespace

Replicas::Work::Work(nn::Module& model_given, optim::Optimizer& optimizer_given, const Communicator& communicator,
                     const ReplicasOptions& options_given, const Location& where)
    : model(model_given),
      optimizer(optimizer_given),
      given(communicator),
      ranks(communicator.split(0, where)),
      options(options_given),
      lanes(communicator, where) {
  check_options(options, ranks.size(), where);
  if (!options.shard_state) return;
  check<ValueError>(!optimizer.rule().couples(), where,
                    "Replicas: the rule needs the gradients of all Parameters together (clip_by_global_norm does), "
                    "and a rank has the state of some: use clip_norm");
  owners = detail::owners_of(optimizer.parameters(), ranks.size());
  std::vector<std::size_t> own;
  for (std::size_t i = 0; i < owners.size(); ++i)
    if (owns(i)) own.push_back(i);
  optimizer.keep_only(own, where);
}

template <class Body>
auto Replicas::Work::together(Body&& body, const Location& where) {
  try {
    check<GraphError>(!Tape::current().differentiable_updates, where,
                      "Replicas: a step inside DifferentiableUpdates has to keep its history: use "
                      "optimizer.step(all_reduce(gradients))");
    return body();
  } catch (const CommunicationError&) {
    throw;
  } catch (const std::exception& error) {
    detail::tell_others(ranks.group(), error.what());
    lanes.tell(error.what());
    throw;
  }
}

// The buckets for the Parameters that are trained now.
void Replicas::Work::prepare(const Location& where) {
  std::vector<std::size_t> now;
  for (std::size_t i = 0; i < optimizer.parameters().size(); ++i)
    if (optimizer.parameters()[i].trainable()) now.push_back(i);
  if (now == trained && !buckets.empty()) return;
  check<GraphError>(samples + all_samples == 0, where,
                    "Replicas: Parameters were frozen, or no longer are, since gradients were accumulated");
  buckets = detail::buckets_of(optimizer.parameters(), now, options.bucket_bytes, owners, ranks.size());
  trained = std::move(now);
}

std::vector<double> Replicas::Work::sums_over_ranks(std::vector<double> mine, const char* what, const Location& where) {
  const Buffer memory = Buffer::allocate(mine.size() * sizeof(double), what, where);
  if (!mine.empty()) std::memcpy(memory.data(), mine.data(), memory.bytes());
  const auto count = static_cast<std::int64_t>(mine.size());
  const auto slices = detail::Slices::equal(count, float64, ranks.size(), where);
  const auto& group = ranks.group();
  Underway(group, {what, Shape{count}, float64, {}, where},
           detail::then(detail::reduce_slices(group, slices, detail::Combine::sum, memory, memory),
                        detail::gather_slices(group, slices, memory)))
      .wait();
  if (!mine.empty()) std::memcpy(mine.data(), memory.data(), memory.bytes());
  return mine;
}

double Replicas::Work::sum_over_ranks(double mine, const char* what, const Location& where) {
  Underway all(ranks.group(), {what, {}, float64, "a number", where}, Underway::Number(mine));
  all.wait();
  return all.sum();
}

std::vector<Tensor> Replicas::Work::gradients_of(const Tensor& loss, double weight, const Location& where) {
  std::vector<Parameter> parameters;
  for (const std::size_t place : trained) parameters.push_back(optimizer.parameters()[place]);
  std::vector<Tensor> found = grad(loss, parameters, {}, where);
  if (ranks.rank() == 0 && optimizer.steps() == 0) optim::warn_of_forgotten(found, where);
  std::vector<Tensor> by_place(optimizer.parameters().size());
  for (std::size_t i = 0; i < trained.size(); ++i)
    by_place[trained[i]] = weight == 1 ? std::move(found[i]) : found[i] * weight;
  return by_place;
}

namespace {

std::vector<Tensor> of_bucket(const std::vector<Tensor>& by_place, const Bucket& bucket) {
  std::vector<Tensor> some;
  for (const std::size_t place : bucket.places) some.push_back(by_place[place]);
  return some;
}

// What is between them is 0.
void fill(const Bucket& bucket, const std::vector<Tensor>& values, void* memory, DType of) {
  const std::size_t size = item_size(of);
  std::memset(memory, 0, bucket.bytes(of));
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i].numel() > 0)
      std::memcpy(static_cast<std::byte*>(memory) + static_cast<std::size_t>(bucket.offsets[i]) * size,
                  values[i].entry()->value.data(), static_cast<std::size_t>(values[i].numel()) * size);
}

}  // namespace

// Bucket after bucket: while one is on its way, the next one is computed. What they share is computed once.
std::vector<Buffer> Replicas::Work::exchange(std::vector<Tensor>& by_place, const Tensor& loss, const Location& where) {
  std::vector<Buffer> sums;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const Bucket& bucket = buckets[i];
    std::vector<Tensor> now = of_bucket(by_place, bucket), later, held;
    for (const std::size_t place : bucket.places) by_place[place] = Tensor();
    for (const Tensor& other : by_place)
      if (other.defined()) later.push_back(other);
    if (!later.empty()) held = detail::shared_work(now, later);
    std::vector<Tensor> asked = now;
    if (i == 0 && loss.defined()) asked.push_back(loss);
    evaluate(asked, where);
    sums.push_back(Buffer::allocate(bucket.bytes(bucket.dtype), "step", where));
    fill(bucket, now, sums.back().data(), bucket.dtype);
    lanes.sum(bucket, bucket.dtype, sums.back(), !is_sharded(), where);
  }
  return sums;
}

// The gradients of one block, times its samples, into part k of the memory of each bucket; the sum of its losses.
double Replicas::Work::add_block(const Loss& loss, const Tensor& inputs, const Tensor& labels,
                                 const std::vector<Buffer>& sums, std::int64_t k, const Location& where) {
  const auto weight = static_cast<double>(inputs.size(0));
  if (weight == 0) return 0;
  const Tensor of_block = loss(inputs, labels);
  std::vector<Tensor> by_place = gradients_of(of_block, 1, where), asked{of_block};
  for (Tensor& gradient : by_place)
    if (gradient.defined()) asked.push_back(gradient = cast(gradient, float64) * weight);
  evaluate(asked, where);
  for (std::size_t i = 0; i < buckets.size(); ++i)
    fill(buckets[i], of_bucket(by_place, buckets[i]),
         static_cast<std::byte*>(sums[i].data()) + static_cast<std::size_t>(k) * buckets[i].bytes(float64), float64);
  return of_block.item(where) * weight;
}

// Sums over the samples of each block in float64, put together by a tree over all blocks of all ranks.
void Replicas::Work::add_blocks(const Loss& loss, const Tensor& inputs, const Tensor& labels, const Location& where) {
  const std::int64_t mine = inputs.size(0), blocks = options.blocks, each = blocks / ranks.size();
  const auto all = static_cast<std::int64_t>(sum_over_ranks(static_cast<double>(mine), "step", where));
  const std::int64_t first = ranks.rank() * each, begin = all * first / blocks, end = all * (first + each) / blocks;
  check<ValueError>(end - begin == mine, where, "step: ", mine, " samples on rank ", ranks.rank(), " of ", all,
                    " on all ranks, where exact sums need ", end - begin, ": take Replicas::batches");
  std::vector<Buffer> sums;
  for (const Bucket& bucket : buckets) {
    sums.push_back(Buffer::allocate(bucket.bytes(float64) * static_cast<std::size_t>(each), "step", where));
    std::memset(sums.back().data(), 0, sums.back().bytes());
  }
  std::vector<double> block_losses;
  for (std::int64_t k = 0; k < each; ++k) {
    const IndexRange part = slice(all * (first + k) / blocks - begin, all * (first + k + 1) / blocks - begin);
    block_losses.push_back(add_block(loss, inputs(part), labels(part), sums, k, where));
  }
  const int parts = static_cast<int>(each);
  detail::combine_tree(detail::Combine::sum, float64, block_losses.data(), 1, parts);
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    detail::combine_tree(detail::Combine::sum, float64, sums[i].data(), buckets[i].elements, parts);
    lanes.sum(buckets[i], float64, sums[i], false, where);
  }
  losses += sum_over_ranks(block_losses[0], "step: the loss", where);
  lanes.wait();
  all_samples += all;
  add_exact(std::move(sums));
}

// To what was accumulated before.
void Replicas::Work::add_exact(std::vector<Buffer> sums) {
  if (exact.empty()) {
    exact = std::move(sums);
    return;
  }
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    auto* const sum = static_cast<double*>(exact[i].data());
    for (std::int64_t k = 0; k < buckets[i].elements; ++k) sum[k] += static_cast<const double*>(sums[i].data())[k];
  }
}

// ---- what users call

Replicas::Replicas(nn::Module& model, optim::Optimizer& optimizer, const ReplicasOptions& options,
                   const Location& where)
    : Replicas(model, optimizer, Communicator::world(where), options, where) {}

Replicas::~Replicas() = default;

const Communicator& Replicas::ranks() const { return work_->given; }
std::int64_t Replicas::samples() const { return work_->latest_samples; }
std::int64_t Replicas::bytes_exchanged() const { return work_->lanes.bytes_sent(); }

double Replicas::step(const Tensor& loss, std::int64_t samples, const Location& where) {
  const CallScope scope("step", where);
  Work& work = *work_;
  if (work.samples > 0) {
    accumulate(loss, samples, where);
    return step(where);
  }
  const auto sums = work.together(
      [&] {
        check<ValueError>(!work.options.exact, where, "step: exact sums are of blocks: give the function of the loss");
        check<ValueError>(samples > 0, where, "step: a loss of ", samples, " samples");
        work.prepare(where);
        const auto mine = static_cast<double>(samples);
        const double all = work.sum_over_ranks(mine, "step", where);
        work.latest_samples = static_cast<std::int64_t>(all);
        std::vector<Tensor> gradients = work.gradients_of(loss, mine / all, where);
        auto memory = work.exchange(gradients, loss, where);
        Underway losses(work.ranks.group(), {"step: the loss", {}, float64, "a number", where},
                        Underway::Number(loss.item(where) * mine));
        work.lanes.wait();
        losses.wait();
        work.losses = losses.sum() / all;
        return memory;
      },
      where);
  return work.finish(sums, std::exchange(work.losses, 0), where);
}

double Replicas::step(const Loss& loss, const Tensor& inputs, const Tensor& labels, const Location& where) {
  const CallScope scope("step", where);
  if (!work_->options.exact) return step(loss(inputs, labels), inputs.size(0, where), where);
  accumulate(loss, inputs, labels, where);
  return step(where);
}

void Replicas::accumulate(const Tensor& loss, std::int64_t samples, const Location& where) {
  const CallScope scope("accumulate", where);
  Work& work = *work_;
  work.together(
      [&] {
        check<ValueError>(!work.options.exact, where,
                          "accumulate: exact sums are of blocks: give the function of the loss");
        check<ValueError>(samples > 0, where, "accumulate: a loss of ", samples, " samples");
        work.prepare(where);
        const auto weight = static_cast<double>(samples);
        std::vector<Tensor> gradients = work.gradients_of(loss, weight, where), asked{loss};
        for (std::size_t i = 0; i < gradients.size() && work.samples > 0; ++i)
          if (gradients[i].defined()) gradients[i] = work.gradients[i] + gradients[i];
        for (const Tensor& gradient : gradients)
          if (gradient.defined()) asked.push_back(gradient);
        evaluate(asked, where);
        work.gradients = std::move(gradients);
        work.samples += samples;
        work.losses += loss.item(where) * weight;
      },
      where);
}

void Replicas::accumulate(const Loss& loss, const Tensor& inputs, const Tensor& labels, const Location& where) {
  const CallScope scope("accumulate", where);
  Work& work = *work_;
  if (!work.options.exact) return accumulate(loss(inputs, labels), inputs.size(0, where), where);
  work.together(
      [&] {
        work.prepare(where);
        work.add_blocks(loss, inputs, labels, where);
      },
      where);
}

double Replicas::step(const Location& where) {
  const CallScope scope("step", where);
  Work& work = *work_;
  double mean = 0;
  const auto sums = work.together(
      [&]() -> std::vector<Buffer> {
        check<ValueError>(work.samples + work.all_samples > 0, where, "step: nothing was accumulated");
        const double losses = std::exchange(work.losses, 0);
        if (work.options.exact) {
          mean = losses / static_cast<double>(work.all_samples);
          work.latest_samples = work.all_samples;
          if (!work.is_sharded())
            for (std::size_t i = 0; i < work.buckets.size(); ++i)
              work.lanes.gather(work.buckets[i], float64, work.exact[i], where);
          work.lanes.wait();
          return std::move(work.exact);
        }
        const double all = work.sum_over_ranks(static_cast<double>(std::exchange(work.samples, 0)), "step", where);
        work.latest_samples = static_cast<std::int64_t>(all);
        std::vector<Tensor> gradients = std::move(work.gradients);
        for (Tensor& gradient : gradients)
          if (gradient.defined()) gradient = gradient * (1 / all);
        auto memory = work.exchange(gradients, {}, where);
        mean = work.sum_over_ranks(losses, "step: the loss", where) / all;
        work.lanes.wait();
        return memory;
      },
      where);
  work.exact.clear();
  return work.finish(sums, mean, where);
}

}  // namespace xgrad::parallel
