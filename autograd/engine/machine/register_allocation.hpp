#pragma once

// Register allocation: where each value of vector code lies while its instructions run. Values have registers as long
// as there are enough; of those that do not fit, the one that is used last is spilled.

#include <vector>

#include "autograd/engine/machine/vector_code.hpp"

namespace xgrad::fused::machine {

/// An instruction set as far as allocation goes.
struct Target {
  int bytes;            // of a vector
  int registers;        // for vectors
  bool mask_registers;  // masks are not vectors
  int lanes(std::size_t item) const { return bytes / static_cast<int>(item); }
};

struct Operand {
  enum class Kind : std::uint8_t {
    none,
    slot,   // of its own class: vectors or masks
    fixed,  // a register that keeps it
    memory  // where it comes from: a constant, a number, a pointer
  };
  Kind kind = Kind::none;
  int index = 0;
  friend bool operator==(const Operand&, const Operand&) = default;
};

/// An instruction with the places of its operands and its result, or a move that allocation needs.
struct AllocatedInstruction {
  enum class Action : std::uint8_t {
    compute,
    fill,    // the value, which is invariant, into the slot
    copy,    // from slot in[0] to slot out
    spill,   // the value from its slot to where it is kept
    reload,  // and back
  };
  Action action;
  Value value;  // the instruction; of moves, the value moved
  int out = -1;
  Operand in[3] = {};
};

struct Request {
  const std::vector<int>& fixed;  // for each value the register that keeps it, or -1
  int vectors, masks;             // slots
  bool folds;                     // whether loads may be operands of other instructions
};

struct Allocation {
  bool possible = false;
  std::vector<AllocatedInstruction> code;
  int spills = 0;  // places in memory, for vectors and masks alike
  int fills = 0;   // how often something invariant has to be brought into a register
  int vectors_used = 0;
};

Allocation allocate(const VectorCode& code, const Target& target, const Request& request);

/// For each value what is gained by keeping it in a register of its own: 0 for those that differ from column to column.
std::vector<int> weights(const VectorCode& code);

}  // namespace xgrad::fused::machine
