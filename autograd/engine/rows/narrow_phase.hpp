#pragma once

// Turns a phase of narrow rows into one of a single long row, for which there is machine code.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "autograd/engine/interpreter/tile_code.hpp"
#include "autograd/engine/programs/phase_kernel.hpp"

namespace xgrad::fused {

/// What one phase does to a tile of whole rows, taken as one row. Registers and vectors are repeated in slots, so that
/// there is one number for each element; reductions run after the phase, on what it leaves in memory.
struct NarrowPhase {
  struct Moved {
    std::uint16_t register_, place;
    Code code = Code::copy;  // the code of a reduction
  };
  Program program;  // its only phase; pointer p is place p
  Aliases aliases;
  std::vector<Moved> spreads;     // before the phase: from registers into slots
  std::vector<Moved> reductions;  // after the phase: from places into registers
  bool has_kernel = false;        // whether the phase has any other step
};

/// Numbers the slots that the phases of a program need, from `first` on.
class NarrowSlots {
 public:
  explicit NarrowSlots(std::uint16_t first) : next_(first) {}
  std::uint16_t take() { return next_++; }
  std::uint16_t next() const { return next_; }
  /// The slot in which a register is repeated, and whether this is its first use.
  std::pair<std::uint16_t, bool> of_register(std::uint16_t r) {
    const auto [at, fresh] = spread_.try_emplace(r, next_);
    if (fresh) ++next_;
    return {at->second, fresh};
  }

 private:
  std::uint16_t next_;
  std::map<std::uint16_t, std::uint16_t> spread_;
};

/// `fixed[r]` says whether register r is one number for all rows.
NarrowPhase narrow_phase(const Program& program, const Phase& phase, const Aliases& aliases,
                         const std::vector<char>& fixed, NarrowSlots& slots);

}  // namespace xgrad::fused
