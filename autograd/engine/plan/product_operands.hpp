#pragma once

#include <cstdint>
#include <optional>

#include "autograd/engine/plan/requirements.hpp"

namespace xgrad::fused {

/// How a matrix product reads one of its factors.
struct ProductOperand {
  std::int32_t held;                     // the node in whose memory it is read
  bool transposed;                       // the product takes it transposed
  bool repeated;                         // one matrix for the whole batch
  std::optional<Offsets> offsets{};      // where its elements lie, before it is transposed; unset: in order
  const Movements* movements = nullptr;  // of a view, which may begin at another element of that memory
};

/// Factor 0 or 1 of a product. Transposed, repeated and moved matrices are read where their elements lie, unless they
/// are materialised anyway or are padded.
ProductOperand product_operand(const Requirements& requirements, const Node& product, std::size_t operand);

}  // namespace xgrad::fused
