#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "autograd/core/location.hpp"
#include "autograd/transform/arguments.hpp"

namespace xgrad::detail {

/// A function as one call recorded it. What it closed over is found on the tape: the tracked Tensors from before the
/// call that it read. It can be recorded again on other Tensors of the same values, tracked by themselves: so that a
/// derivative by them does not run into what they were computed from.
class RecordedFunction {
 public:
  /// Calls f with xs, tracked.
  RecordedFunction(const std::function<Tensors(const Tensors&)>& f, std::span<const Tensor> xs, const Location& where);

  const Tensors& results() const { return results_; }
  const Tensors& captured() const { return captured_; }
  /// The results for others in place of xs and of what was captured. Their values must be the same: what depends on
  /// them without being tracked, as masks do, stays.
  Tensors operator()(std::span<const Tensor> xs, std::span<const Tensor> captured) const;

 private:
  /// Whether it was recorded by the call, and depends on an input.
  bool is_inside(const Entry& entry) const;

  Tensors xs_, results_, captured_;
  std::uint64_t begin_;  // the latest entry before the call
};

}  // namespace xgrad::detail
