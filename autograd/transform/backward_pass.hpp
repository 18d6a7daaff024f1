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
/// What is computed is recorded like anything else, so it has derivatives in turn.
class BackwardPass {
 public:
  /// Entries are numbered here, before anything is recorded: recording may evaluate, which numbers them anew.
  BackwardPass(std::span<const Tensor> outputs, std::span<const Tensor> inputs);

  /// Whether input number `input` was reached from the outputs.
  bool reaches(std::size_t input) const { return inputs_[input] != Numbering::absent; }
  /// All entries that were reached, in tape order.
  const std::vector<Entry*>& entries() const { return entries_; }
  /// Whether somebody looks on (see watch.hpp).
  bool is_watched() const { return watcher_ != nullptr; }

  /// Adds a cotangent to the adjoint of output number `output`.
  void seed(std::size_t output, const Tensor& cotangent);
  void run();
  /// The adjoint of input number `input`; undefined where it is 0.
  Tensor result(std::size_t input);

 private:
  struct Adjoint {
    [[no_unique_address]] MaskedCotangent cotangent{};  // whose last bytes the others fill: there may be many
    bool depends_on_inputs = false;                     // or the entry is one of them: else nobody asks for its adjoint
    bool is_input = false;                              // whether it stays after the pass
    std::uint32_t first_source = 0;                     // of its inputs in sources_
  };
  static_assert(sizeof(Adjoint) == 32);

  void find_sources(const Numbering& numbers);
  void give_to_inputs(const Entry& y, Adjoint& adjoint);
  Tensor ask_rule(const Entry& y, std::size_t input, const Tensor& adjoint, std::span<const Tensor> inputs,
                  const Tensor& output) const;

  std::vector<Entry*> entries_;
  std::vector<Adjoint> adjoints_;                // of the entries
  std::vector<std::uint32_t> outputs_, inputs_;  // the places of these among the entries
  std::vector<std::uint32_t> sources_;           // the places of all entries' inputs; absent where nobody asks
  Replay replay_;
  detail::Watcher* const watcher_ = std::exchange(detail::watcher, nullptr);  // not of passes inside of this one
};

}  // namespace xgrad
