#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "autograd/tape/tape.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// A function of one example becomes one of many: what is recorded while a Batch lives is recorded for an example
/// without a value, and `for_all` records it again for all of them at once, by the batching rules of the primitives.
///
///     Batch batch(64, where);
///     const Tensor y = f(batch.example(xs));  // xs has the 64 examples in front
///     const Tensor ys = batch.for_all({y})[0];
class Batch {
 public:
  Batch(std::int64_t count, const Location& where);
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  /// One of the examples that lie along the first axis of `all`, and tracked as that is.
  Tensor example(const Tensor& all);
  /// These Tensors, for all examples, along a new first axis. What depends on no example is repeated; an undefined
  /// Tensor stays so. Ends the recording of an example.
  std::vector<Tensor> for_all(std::span<const Tensor> of_one);
  /// Ends the recording of an example without results.
  void end() { trace_.reset(); }
  /// Whether somebody has asked an example for its value, which was an error.
  bool value_asked() const { return *value_asked_; }

 private:
  struct Trace {
    detail::TapeScope<bool, &Tape::eager> lazy{false};
    detail::TapeScope<bool, &Tape::tracing> tracing{true};
    std::uint64_t draws;  // examples around this one
    explicit Trace(std::int64_t count);
    ~Trace();
  };

  void batch(const Entry& entry);
  Tensor one_after_another(const Entry& entry, std::span<const Tensor> inputs, std::span<const char> mapped) const;
  std::uint32_t segment_again(std::uint32_t segment);

  std::int64_t count_;
  Location where_;
  std::uint64_t begin_;  // what was recorded later may depend on an example
  std::optional<Trace> trace_;
  std::shared_ptr<bool> value_asked_ = std::make_shared<bool>(false);
  std::vector<Tensor> examples_;                  // nothing else may take the place of one
  std::unordered_map<const Entry*, Tensor> all_;  // of those entries that do
  std::unordered_map<std::uint32_t, std::uint32_t> segments_;
};

}  // namespace xgrad
