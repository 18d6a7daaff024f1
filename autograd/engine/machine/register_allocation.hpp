#pragma once

// Register allocation for vector code. When registers run out, the value whose next use is farthest away is spilled.

#include <vector>

#include "autograd/engine/machine/vector_code.hpp"

namespace xgrad::fused::machine {

/// What allocation needs to know of an instruction set.
struct Target {
  int bytes;            // of a vector
  int registers;        // for vectors
  bool mask_registers;  // whether masks have registers of their own
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

/// An instruction with the places of its operands and its result, or a move that allocation adds.
struct AllocatedInstruction {
  enum class Action : std::uint8_t {
    compute,
    fill,    // loads an invariant value into slot `out`
    copy,    // from slot in[0] to slot out
    spill,   // stores the value from its slot to its place in the frame
    reload,  // loads it back
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
  int fills = 0;   // how many times an invariant is loaded into a register
  int vectors_used = 0;
};

Allocation allocate(const VectorCode& code, const Target& target, const Request& request);

/// By value: what a register of its own would save; 0 for values that differ from column to column.
std::vector<int> weights(const VectorCode& code);

}  // namespace xgrad::fused::machine
