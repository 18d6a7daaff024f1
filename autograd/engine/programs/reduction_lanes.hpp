#pragma once

// How many lanes a reduction along a row has. (For files that are compiled for one instruction set, too.)

namespace xgrad::fused {

/// The lanes of a row reduction (see PhaseKernel).
inline constexpr int reduction_lanes = 16;
/// So many columns of a lane are added in float32 before they go into it.
inline constexpr int folded_columns = 4;

}  // namespace xgrad::fused
