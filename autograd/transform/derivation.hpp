#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// What gradients are the derivative of, for whoever makes a step along them. It is noted where `grad` or `backward`
/// records them, and found again by the gradients themselves: nothing else that happens on the thread matters.
struct Derivation {
  Location loss;   ///< where the loss was recorded,
  Location where;  ///< and where its gradients were
  /// A number, 0 where the loss is finite and NaN where it is not; undefined unless it was wanted. It is computed with
  /// the gradients.
  Tensor residue;
  /// The trainable Parameters that the loss depends on, no Optimizer was given, and no derivative was asked by; none
  /// unless they were wanted.
  std::vector<std::weak_ptr<Parameter::Cell>> forgotten;
  std::vector<std::uint64_t> results;  ///< the numbers of the gradients
};

/// What is noted while somebody on this thread holds a token for it; nothing is, and nothing costs, at other times. (No
/// losses inside DifferentiableUpdates: nothing is checked there.)
enum class Noted { losses, parameters };
std::shared_ptr<const void> note_derivations(Noted noted);

/// What these gradients are derivatives of: those that are results themselves, and those that were computed from
/// results since and have not been evaluated.
std::vector<Derivation> derivations_of(std::span<const Tensor> gradients);

namespace detail {
/// Whether anything is to be noted.
bool notes_derivations();
/// Notes that `gradients`, recorded after number `begin`, are those of `loss`; derivatives by `asked` were asked for.
void note_derivation(const Tensor& loss, std::span<const Tensor> asked, std::span<const Tensor> gradients,
                     std::uint64_t begin, const Location& where);
/// Notes that `sum` contains `part`: what one is a derivative of, so is the other.
void note_sum(const Tensor& part, const Tensor& sum);
}  // namespace detail

}  // namespace xgrad
