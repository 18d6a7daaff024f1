#pragma once

// A phase of narrow rows as one of a single long row, which machine code can be made of.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "autograd/engine/interpreter/tile_code.hpp"
#include "autograd/engine/programs/phase_kernel.hpp"

namespace xgrad::fused {

/// What one phase does to a tile of whole rows, as to one row. Numbers of rows and of columns lie in slots, as many
/// times as they are read; reductions are taken after the phase, of what it leaves in memory.
struct NarrowPhase {
  struct Moved {
    std::uint16_t register_, place;
    Code code = Code::copy;  // of reductions
  };
  Program program;  // its only phase; pointer p is place p
  Aliases aliases;
  std::vector<Moved> spreads;     // before it: registers into slots
  std::vector<Moved> reductions;  // after it: of places into registers
  bool has_kernel = false;        // whether it does anything else
};

/// The slots of all phases of a program from `first` on.
class NarrowSlots {
 public:
  explicit NarrowSlots(std::uint16_t first) : next_(first) {}
  std::uint16_t take() { return next_++; }
  std::uint16_t next() const { return next_; }
  /// The slot of a register as elements, and whether it is new.
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
