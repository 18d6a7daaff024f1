#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "autograd/core/location.hpp"
#include "autograd/transform/arguments.hpp"

namespace xgrad::detail {

/// A function as one call recorded it. The tape shows what it captured: tracked Tensors from before the call that it
/// read. It can be recorded again on other Tensors with the same values and without history, so that a derivative by
/// them does not continue into what the first ones were computed from.
class RecordedFunction {
 public:
  /// Calls f with xs, tracked.
  RecordedFunction(const std::function<Tensors(const Tensors&)>& f, std::span<const Tensor> xs, const Location& where);

  const Tensors& results() const { return results_; }
  const Tensors& captured() const { return captured_; }
  /// The results for other Tensors in place of xs and of what was captured. Their values must be the same, because
  /// entries that depend on them untracked, such as masks, are not recorded again.
  Tensors operator()(std::span<const Tensor> xs, std::span<const Tensor> captured) const;

 private:
  /// Whether the call recorded the entry, and it depends on an input.
  bool is_inside(const Entry& entry) const;

  Tensors xs_, results_, captured_;
  std::uint64_t begin_;  // the latest entry before the call
};

}  // namespace xgrad::detail
