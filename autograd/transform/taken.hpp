#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "autograd/tape/tape.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// A derivative that this thread has taken: enough to take it again while its outputs are alive. It keeps none of them
/// alive.
struct TakenDerivative {
  std::uint64_t begin = 0, end = 0;  // it recorded the entries after `begin`, up to `end`
  Location where{};                  // the call that took it
  bool graph = false;                // whether the derivative is tracked itself
  std::vector<Tape::Place> outputs;
  std::vector<Tape::Place> cotangents;  // of the outputs; without an entry where the cotangent is 1
  std::vector<bool> given;              // by output: whether a cotangent was given
  std::vector<Tape::Place> inputs;      // addresses to compare with: never followed
  std::vector<std::uint64_t> results;   // the sequence numbers of the inputs' cotangents

  bool recorded(std::uint64_t number) const { return number > begin && number <= end; }
};

/// The latest derivatives of this thread.
class TakenDerivatives {
 public:
  static TakenDerivatives& current();

  void add(std::uint64_t begin, std::span<const Tensor> outputs, std::span<const Tensor> cotangents,
           std::span<const Tensor> inputs, std::span<const Tensor> results, const Location& where);
  /// The derivative that recorded this entry; null if there is none, or if it is too old.
  const TakenDerivative* of(const Entry& entry) const;
  /// Whether the derivatives that could have recorded this entry are remembered.
  bool remember(const Entry& entry) const;
  /// Visits derivatives from the latest one back, until `see` returns true.
  template <class See>
  void visit(See see) const {
    for (std::size_t i = 0; i < taken_.size() && i < next_; ++i)
      if (see(taken_[(next_ - 1 - i) % remembered])) return;
  }

  /// Notes that `sum` contains the gradient `part`, which `backward` has added.
  void add_sum(const Tensor& part, const Tensor& sum);
  /// The numbers of all gradients, sums included.
  std::unordered_set<std::uint64_t> results() const;
  /// The numbers of the gradients that were added up, from that of the sum.
  std::vector<std::uint64_t> parts(std::uint64_t sum) const;

 private:
  static constexpr std::size_t remembered = 128, remembered_sums = 4096;
  struct Sum {
    std::uint64_t part, sum;
  };
  std::vector<TakenDerivative> taken_;
  std::vector<Sum> sums_;
  std::size_t next_ = 0, next_sum_ = 0;
};

/// A handle to the entry at this place; undefined if it is destroyed.
Tensor locked(const Tape::Place& place);
/// The place of an entry of this thread; an empty one for others.
Tape::Place place_of(const Tensor& tensor);

}  // namespace xgrad
