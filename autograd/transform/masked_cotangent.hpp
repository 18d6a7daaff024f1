#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "autograd/ops/add_taken.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/pieces.hpp"
#include "autograd/tape/entry.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// The adjoint of an entry while a backward pass adds it up.
///
/// `where(c, a, b)` gives branch b a cotangent that is exactly 0 where c holds. A rule that multiplies it must not make
/// NaN of that 0, even if the factor is infinite or NaN, as it may be in the branch that was not taken. So a cotangent
/// has a mask: where it may be other than 0. Elementwise rules keep the mask and ignore it while they multiply; then
/// the mask is stale, and it is applied before anything is added to the value or moves it. Rules that move elements or
/// add them up do the same to the mask. The mask ends where a rule mixes elements with factors, as in a matrix product.
struct MaskedCotangent {
  Tensor value;                      // undefined for 0
  std::unique_ptr<Pieces> pieces{};  // the value in pieces, while `value` and `mask` are undefined
  Tensor mask{};                     // undefined where every element may be other than 0
  bool mask_is_stale = false;        // whether the value may be other than 0 outside the mask

  bool is_zero() const { return !value.defined() && !pieces; }

  /// Adds up the pieces.
  void add_pieces() {
    if (pieces) value = std::exchange(pieces, nullptr)->take();
  }

  /// Makes the value 0 outside the mask.
  void apply_mask() {
    if (mask.defined() && mask_is_stale) value = xgrad::where(mask, value, 0);
    mask_is_stale = false;
  }
  void apply_and_drop_mask() {
    add_pieces();
    apply_mask();
    mask = Tensor();
  }
  /// To be called before the rule of this entry, whose adjoint this is.
  void prepare_for(const Entry& entry) {
    add_pieces();
    if (!mask.defined() || entry.kind == Lowering::Kind::elementwise) [[likely]]
      return;
    entry.primitive->lower().moves ? apply_mask() : apply_and_drop_mask();
  }

  [[gnu::noinline]] void add(MaskedCotangent other);
  /// Adds a cotangent without a mask.
  void add(Tensor other) {
    if (mask.defined()) return add(MaskedCotangent{.value = std::move(other)});
    if (!value.defined() && add_piece(other)) return;
    add_pieces();
    value = is_zero() ? std::move(other) : add_taken(std::move(value), std::move(other));
  }

  /// Whether the result of this entry's rule has a mask.
  bool is_masked_by(const Entry& entry) const { return mask.defined() || is_where(entry); }
  /// The cotangent that the rule of this entry gave for one of its inputs, with its mask there. `inputs` and `output`
  /// are those that the rule was called with.
  [[gnu::noinline]] MaskedCotangent passed_on(Tensor given, const Entry& entry, std::size_t input,
                                              std::span<const Tensor> inputs, const Tensor& output) const;

 private:
  bool add_piece(const Tensor& other) {
    if (other.entry()->kind != Lowering::Kind::shifted) [[likely]]
      return false;
    if (!pieces) pieces = std::make_unique<Pieces>();
    if (pieces->add(other)) return true;
    if (pieces->empty()) pieces = nullptr;
    return false;
  }
  static bool is_where(const Entry& entry) {
    return entry.instruction == Instruction::where && entry.kind == Lowering::Kind::elementwise;
  }
  void narrow_to_branch(const Tensor& condition, bool chosen);
};

}  // namespace xgrad
