#pragma once

// interpreter/: a phase of a program as precompiled loops over tiles.
//   in:  a phase.
//   out: a kernel that runs it on any rows.
//
// This is the first tier, which always exists. It runs one precompiled loop for each step, over tiles that stay in the
// first-level cache.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "autograd/engine/interpreter/tile_code.hpp"
#include "autograd/engine/programs/phase_kernel.hpp"

namespace xgrad::fused {

/// Makes the kernel for one phase.
std::unique_ptr<PhaseKernel> interpret(const Program& program, std::size_t phase, const Aliases& aliases,
                                       InstructionSet set = instruction_set());

/// The bytes of one slot, and the distance between slots, which keeps them in different sets of the cache.
inline constexpr std::size_t slot_bytes = 4096, slot_stride = 4096 + 128;
/// The elements of a tile.
constexpr std::int64_t tile_elements(DType dtype) { return static_cast<std::int64_t>(slot_bytes / item_size(dtype)); }

}  // namespace xgrad::fused
