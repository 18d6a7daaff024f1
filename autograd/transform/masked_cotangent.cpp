#include "autograd/transform/masked_cotangent.hpp"

namespace xgrad {

namespace {

// The mask of an input's cotangent: elements to which the rule moves an element that may be other than 0.
Tensor moved_mask(const Tensor& mask, const Entry& entry, std::size_t input, std::span<const Tensor> inputs,
                  const Tensor& output) {
  const bool leaf = entry.input(input).entry()->input_count == 0;  // no rule multiplies the cotangent of a leaf
  if (leaf) return {};
  return entry.primitive->pullback(input, cast(mask, output.dtype()), inputs, output) != 0;
}

}  // namespace

void MaskedCotangent::add(MaskedCotangent other) {
  add_pieces();
  other.add_pieces();
  if (is_zero()) {
    *this = std::move(other);
    return;
  }
  apply_mask();
  other.apply_mask();
  value = value + other.value;
  if (!mask.defined() || !other.mask.defined())
    mask = Tensor();
  else if (mask.entry() != other.mask.entry())
    mask = logical_or(mask, other.mask);
}

MaskedCotangent MaskedCotangent::passed_on(Tensor given, const Entry& entry, std::size_t input,
                                           std::span<const Tensor> inputs, const Tensor& output) const {
  const bool elementwise = entry.kind == Lowering::Kind::elementwise;
  MaskedCotangent to{.value = std::move(given)};
  if (mask.defined()) {
    to.mask = elementwise ? mask : moved_mask(mask, entry, input, inputs, output);
    to.mask_is_stale = mask_is_stale || (elementwise && !entry.primitive->lower().keeps_zero);
  }
  if (is_where(entry)) to.narrow_to_branch(inputs[0], input == 1);
  return to;
}

// Narrows the mask to a branch. No factor has been applied, so the cotangent is 0 outside its branch.
void MaskedCotangent::narrow_to_branch(const Tensor& condition, bool chosen) {
  const Tensor branch = chosen ? condition : logical_not(condition);
  mask_is_stale = mask_is_stale && mask.defined();
  mask = mask.defined() ? logical_and(mask, branch) : branch;
}

}  // namespace xgrad
