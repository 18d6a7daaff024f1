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

/// Turns a function of one example into one of many. While a Batch lives, operations are recorded for an example
/// without a value; `for_all` records them again for all examples at once, by the batching rules of the primitives.
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

  /// Stands for each of the examples along the first axis of `all`. Tracked if `all` is.
  Tensor example(const Tensor& all);
  /// Returns these Tensors for all examples, along a new first axis. A Tensor that depends on no example is repeated;
  /// an undefined one stays undefined. Ends the recording of an example.
  std::vector<Tensor> for_all(std::span<const Tensor> of_one);
  /// Ends the recording of an example without results.
  void end() { trace_.reset(); }
  /// Whether somebody has asked an example for its value, which was an error.
  bool value_asked() const { return *value_asked_; }

 private:
  struct Trace {
    detail::TapeScope<bool, &Tape::eager> lazy{false};
    detail::TapeScope<bool, &Tape::tracing> tracing{true};
    std::uint64_t draws;  // the examples of the vmaps around this one
    explicit Trace(std::int64_t count);
    ~Trace();
  };

  void batch(const Entry& entry);
  Tensor one_after_another(const Entry& entry, std::span<const Tensor> inputs, std::span<const char> mapped) const;
  std::uint32_t segment_again(std::uint32_t segment);

  std::int64_t count_;
  Location where_;
  std::uint64_t begin_;  // entries after this number may depend on an example
  std::optional<Trace> trace_;
  std::shared_ptr<bool> value_asked_ = std::make_shared<bool>(false);
  std::vector<Tensor> examples_;                  // held, so that no other entry takes the address of one
  std::unordered_map<const Entry*, Tensor> all_;  // for all examples, by entry that depends on one
  std::unordered_map<std::uint32_t, std::uint32_t> segments_;
};

}  // namespace xgrad
