#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// What gradients are derivatives of, for an optimiser that makes a step along them. `grad` and `backward` note it, and
/// the gradients themselves find it again, whatever else happens on the thread.
struct Derivation {
  Location loss;   ///< where the loss was recorded
  Location where;  ///< where its gradients were recorded
  /// A number, 0 where the loss is finite and NaN where it is not; undefined unless it was wanted. It is computed with
  /// the gradients.
  Tensor residue;
  /// The trainable Parameters that the loss depends on, but that no Optimizer has and no derivative was taken by; empty
  /// unless it was wanted.
  std::vector<std::weak_ptr<Parameter::Cell>> forgotten;
  std::vector<std::uint64_t> results;  ///< the sequence numbers of the gradients
};

/// What is noted while somebody on this thread holds a token for it; at other times nothing is, at no cost. Losses
/// inside DifferentiableUpdates are not noted, because nothing is checked there.
enum class Noted { losses, parameters };
std::shared_ptr<const void> note_derivations(Noted noted);

/// The derivations of these gradients. A gradient is a noted result, or was computed from results and is not evaluated.
std::vector<Derivation> derivations_of(std::span<const Tensor> gradients);

namespace detail {
/// Whether anything is to be noted.
bool notes_derivations();
/// Notes that `gradients`, recorded after number `begin`, are those of `loss`; derivatives by `asked` were asked for.
void note_derivation(const Tensor& loss, std::span<const Tensor> asked, std::span<const Tensor> gradients,
                     std::uint64_t begin, const Location& where);
/// Notes that `sum` contains `part`, so that it has the derivations of `part`.
void note_sum(const Tensor& part, const Tensor& sum);
}  // namespace detail

}  // namespace xgrad
