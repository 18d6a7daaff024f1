#pragma once

// The tier that set_tier has chosen.

#include <cstdint>

namespace xgrad::fused {

enum class Tier : std::uint8_t { compiled, interpreted, compile_at_once };

Tier chosen_tier();

}  // namespace xgrad::fused
