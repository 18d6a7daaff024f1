#pragma once

// What set_tier has chosen.

#include <cstdint>

namespace xgrad::fused {

enum class Tier : std::uint8_t { compiled, interpreted, compile_at_once };

struct TierChoice {
  Tier choice = Tier::compiled;
  std::uint32_t changes = 0;  // how often it was chosen anew: kernels that were made before do not count any more
};

TierChoice chosen_tier();

}  // namespace xgrad::fused
