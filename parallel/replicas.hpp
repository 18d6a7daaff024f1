#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "autograd/tape/state.hpp"
#include "data/batches.hpp"
#include "nn/module.hpp"
#include "optim/optimizer.hpp"
#include "parallel/communicator.hpp"

namespace xgrad::parallel {

struct ReplicasOptions {
  /// Gradients are exchanged in pieces of about so many bytes, each as soon as it is computed, while the rest of the
  /// way back is.
  std::int64_t bucket_bytes = std::int64_t{4} << 20;
  /// Each rank keeps the optimiser's state of a part of the Parameters alone, takes their steps, and sends the others
  /// their new values (ZeRO, stage 1: Rajbhandari, Rasley, Ruwase, He, 2020). Parameters are not divided.
  bool shard_state = false;
  /// Scales the gradients so that their norm over all Parameters is at most this: g *= min(1, clip / (|g| + 1e-6)).
  /// 0 for any norm.
  double clip_norm = 0;
  /// The same bits on any number of ranks: every batch is taken in so many `blocks` of samples, the gradients of each
  /// are computed by themselves, and put together in float64, in their order, by one tree. For 1, 2, 4, ... ranks, up
  /// to as many as there are blocks.
  bool exact = false;
  int blocks = 8;  ///< a power of two
};

/// The same model on every rank, each of which has a part of every batch:
///
///     optim::Optimizer optimizer(model.parameters(), optim::adam(1e-3));
///     parallel::Replicas replicas(model, optimizer);
///     for (const auto& [images, labels] : replicas.batches(train, {.size = 64, .shuffle = true}))
///       replicas.step(nn::cross_entropy(model(images), labels), labels.size(0));
///
/// To begin with, Parameters, buffers and random states are those of rank 0. A step is that of the mean loss over the
/// samples of all ranks, however many each of them has; sums over ranks have a fixed order, so that every rank has the
/// same bits, and so has every run on as many ranks. Numbers of ranks differ by the rounding of these sums, unless they
/// are `exact`. On one rank a step is that of the Optimizer, bit for bit.
///
/// What a rank draws at random while it trains (nn::Dropout) is drawn from streams that begin the same on all ranks,
/// and running statistics are those of each rank's samples; checkpoints have rank 0's.
///
/// Its state is the optimiser's, gathered from all ranks: `state` and `load_state` are for all of them to call. The
/// model and the Optimizer must outlive it. An error on one rank is a CommunicationError on the others; after either of
/// them, but for what an Optimizer's step throws, the Replicas are of no use any more.
class Replicas : public Stateful {
 public:
  /// The mean of the losses of some samples.
  using Loss = std::function<Tensor(const Tensor& inputs, const Tensor& labels)>;

  /// On all ranks. ValueError for options that make no sense, for an Optimizer of no Parameter of the model, and for a
  /// rule that needs all gradients (clip_by_global_norm) where state is sharded; CommunicationError where ranks have
  /// other models.
  Replicas(nn::Module& model, optim::Optimizer& optimizer, const ReplicasOptions& options = {},
           const Location& where = Location::current());
  Replicas(nn::Module& model, optim::Optimizer& optimizer, const Communicator& ranks,
           const ReplicasOptions& options = {}, const Location& where = Location::current());
  ~Replicas() override;
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  /// This rank's part of the batches of a Dataset, which is the same on all ranks; `size` is that of the whole batch.
  /// They are shuffled by rank 0's seed.
  data::Batches batches(const data::Dataset& dataset, data::BatchOptions options = {},
                        const Location& where = Location::current()) const;

  /// One step by the mean loss over this rank's samples, of which there are so many. The mean over all ranks' samples.
  /// ValueError for no samples, and where sums are exact; GraphError inside DifferentiableUpdates, where
  /// optimizer.step(all_reduce(gradients)) keeps the history.
  double step(const Tensor& loss, std::int64_t samples, const Location& where = Location::current());
  /// The same by the loss of these samples; for exact sums, which it computes in blocks.
  double step(const Loss& loss, const Tensor& inputs, const Tensor& labels,
              const Location& where = Location::current());

  /// Adds up what the next step will be by, in place of a step. So large batches need not fit into memory at once.
  void accumulate(const Tensor& loss, std::int64_t samples, const Location& where = Location::current());
  void accumulate(const Loss& loss, const Tensor& inputs, const Tensor& labels,
                  const Location& where = Location::current());
  /// One step by what was accumulated. ValueError if nothing was.
  double step(const Location& where = Location::current());

  const Communicator& ranks() const;
  std::int64_t samples() const;  ///< of all ranks in the latest step
  /// What this rank has sent in its steps so far.
  std::int64_t bytes_exchanged() const;

  std::vector<NamedTensor> state() const override;
  void load_state(const std::vector<NamedTensor>& saved, const Location& where = Location::current()) override;

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace xgrad::parallel
