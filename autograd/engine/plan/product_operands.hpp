#pragma once

#include <cstdint>
#include <optional>

#include "autograd/engine/plan/requirements.hpp"

namespace xgrad::fused {

/// How a matrix product reads one of its factors.
struct ProductOperand {
  std::int32_t held;                 // the node that is in memory
  bool transposed;                   // the product takes it transposed
  bool repeated;                     // one matrix for the whole batch
  std::optional<Offsets> offsets{};  // where its elements lie in it, before it is transposed; else one after the other
  const Movements* movements = nullptr;  // which begin at another element of it, perhaps
};

/// Factor 0 or 1 of a product: what is transposed, repeated or a view is read where it lies, unless it has to be in
/// memory itself, or there is a number around its elements.
ProductOperand product_operand(const Requirements& requirements, const Node& product, std::size_t operand);

}  // namespace xgrad::fused
