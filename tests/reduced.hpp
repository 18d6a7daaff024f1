#pragma once

#include "nn/reduction.hpp"
#include "tests/compositions.hpp"

namespace xgrad::catalogue {

/// What a loss makes of the losses of the elements.
inline Array reduced(Array losses, nn::Reduction reduction) {
  if (reduction == nn::Reduction::none) return losses;
  Real total = 0;
  for (const Real each : losses.elements) total += each;
  if (reduction == nn::Reduction::mean) total /= static_cast<Real>(losses.elements.size());
  if (reduction == nn::Reduction::batch_mean) total /= static_cast<Real>(losses.shape[0]);
  return {{}, {total}};
}

}  // namespace xgrad::catalogue
