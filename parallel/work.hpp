#pragma once

// What Replicas are made of.

#include <optional>

#include "parallel/lanes.hpp"
#include "parallel/replicas.hpp"

namespace xgrad::parallel {

struct Replicas::Work {
  Work(nn::Module& model_given, optim::Optimizer& optimizer_given, const Communicator& communicator,
       const ReplicasOptions& options_given, const Location& where);

  nn::Module& model;
  optim::Optimizer& optimizer;
  Communicator given, ranks;  // the same ones; a group of its own, so that what fails here leaves others alone
  ReplicasOptions options;
  std::vector<int> owners;  // of the Parameters; empty where each rank has all state
  detail::Lanes lanes;
  std::vector<std::size_t> trained;  // the places that the buckets are for
  std::vector<detail::Bucket> buckets;

  // What was accumulated, and has not made a step yet: of this rank, or, where sums are exact, of all of them.
  std::vector<Tensor> gradients;  // by place: sums over samples
  std::vector<Buffer> exact;      // by bucket: this rank's slices of the sums over samples
  std::int64_t samples = 0;       // of this rank
  std::int64_t all_samples = 0;   // of all ranks, where sums are exact
  double losses = 0;              // the sum over samples

  std::int64_t latest_samples = 0;  // of all ranks in the latest step

  bool is_sharded() const { return !owners.empty(); }
  bool owns(std::size_t place) const { return owners.empty() || owners[place] == ranks.rank(); }
  /// Runs the body; the other ranks are told where it fails.
  template <class Body>
  auto together(Body&& body, const Location& where);

  void prepare(const Location& where);
  double sum_over_ranks(double mine, const char* what, const Location& where);
  std::vector<double> sums_over_ranks(std::vector<double> mine, const char* what, const Location& where);

  std::vector<Tensor> gradients_of(const Tensor& loss, double weight, const Location& where);
  std::vector<Buffer> exchange(std::vector<Tensor>& by_place, const Tensor& loss, const Location& where);
  double add_block(const Loss& loss, const Tensor& inputs, const Tensor& labels, const std::vector<Buffer>& sums,
                   std::int64_t k, const Location& where);
  void add_exact(std::vector<Buffer> sums);
  void add_blocks(const Loss& loss, const Tensor& inputs, const Tensor& labels, const Location& where);
  double finish(const std::vector<Buffer>& sums, double mean_loss, const Location& where);
  void gather_values(const Location& where);
  std::vector<Tensor> summed(const std::vector<Buffer>& sums, const Location& where) const;
  bool clip_and_check(std::vector<Tensor>& by_place, double mean_loss, const Location& where);
};

}  // namespace xgrad::parallel
