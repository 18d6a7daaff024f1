#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/numbering.hpp"
#include "autograd/transform/masked_cotangent.hpp"
#include "autograd/transform/replay.hpp"
#include "autograd/transform/watch.hpp"

namespace xgrad {

/// Reverse-mode differentiation of some outputs by some inputs, over the tracked entries that lie between them.
///
/// With L = sum of <cotangent, output> over the outputs, the adjoint of an entry y is dL/dy. The adjoint of x is the
/// sum of what the rules of all y that read x give for it:
///     adjoint(x) = sum over y of vjp(y, x; adjoint(y))
/// All of this is recorded, so that it has derivatives itself.
class BackwardPass {
 public:
  /// Numbers the entries, before anything is recorded: recording may evaluate, which begins another Numbering.
  BackwardPass(std::span<const Tensor> outputs, std::span<const Tensor> inputs);

  /// Whether input number `input` was reached from the outputs.
  bool reaches(std::size_t input) const { return inputs_[input] != Numbering::absent; }
  /// All entries that were reached, in tape order.
  const std::vector<Entry*>& entries() const { return entries_; }
  /// Whether a Watcher is told of each step (see watch.hpp).
  bool is_watched() const { return watcher_ != nullptr; }

  /// Adds a cotangent to the adjoint of output number `output`.
  void seed(std::size_t output, const Tensor& cotangent);
  void run();
  /// The adjoint of input number `input`; undefined where it is 0.
  Tensor result(std::size_t input);

 private:
  struct Adjoint {
    [[no_unique_address]] MaskedCotangent cotangent{};  // other members lie in its padding, because there may be many
    bool depends_on_inputs = false;                     // or is one; else its adjoint is not needed
    bool is_input = false;                              // whether its adjoint is kept after the pass
    std::uint32_t first_source = 0;                     // where its inputs begin in sources_
  };
  static_assert(sizeof(Adjoint) == 32);

  void find_sources(const Numbering& numbers);
  void give_to_inputs(const Entry& y, Adjoint& adjoint);
  Tensor ask_rule(const Entry& y, std::size_t input, const Tensor& adjoint, std::span<const Tensor> inputs,
                  const Tensor& output) const;

  std::vector<Entry*> entries_;
  std::vector<Adjoint> adjoints_;                // by entry
  std::vector<std::uint32_t> outputs_, inputs_;  // their places among the entries
  std::vector<std::uint32_t> sources_;           // the places of all entries' inputs; absent where no adjoint is needed
  Replay replay_;
  // Taken, so that passes inside this one are not watched.
  detail::Watcher* const watcher_ = std::exchange(detail::watcher, nullptr);
};

}  // namespace xgrad
