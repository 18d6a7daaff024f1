#pragma once

// How many lanes a reduction along a row has. A header of its own, because files for one instruction set include it.

namespace xgrad::fused {

/// The lanes of a row reduction (see PhaseKernel).
inline constexpr int reduction_lanes = 16;
/// How many columns of a lane are added in float32 before the sum goes into the lane.
inline constexpr int folded_columns = 4;

}  // namespace xgrad::fused
