#pragma once

// programs/: the row program: its steps, what they mean, what may be done to them.
//   in:  the steps of a fusion group.
//   out: a program that is simplified and verified, and what follows from it.
//
// A row program says what a fusion group computes for each row of a space of rows and columns. Both tiers, the
// interpreter and machine code, run the same program.

#include <cstdint>
#include <vector>

#include "autograd/core/dtype.hpp"
#include "autograd/core/instruction_facts.hpp"
#include "autograd/engine/programs/placed_view.hpp"

namespace xgrad::fused {

/// What a step does: an instruction of the table (autograd/core/instruction.hpp), which has masks where the tape has
/// bools. Some instructions are for row programs only.
using Code = Instruction;

/// An operand of a step.
struct Ref {
  enum class Kind : std::uint8_t {
    none,
    value,     // the result of an earlier step of the same phase
    pointer,   // the element in memory at this row and column
    register_  // a row scalar: a number that is the same along the row
  };
  Kind kind = Kind::none;
  std::uint16_t index = 0;
  friend bool operator==(const Ref&, const Ref&) = default;
};

/// One operation on a whole row.
struct Step {
  Code code;
  Ref in[3];
  std::uint16_t out = 0;  // of sinks: the register, or the pointer
  friend bool operator==(const Step&, const Step&) = default;
};

/// One operation on registers. It runs once for each row, or once for the program if it does not depend on the row.
struct RowStep {
  Code code;
  std::uint16_t in[3];
  std::uint16_t out;
  friend bool operator==(const RowStep&, const RowStep&) = default;
};

/// One pass over the columns of a row. A reduction along the row ends a phase: the next phase reads its register.
struct Phase {
  std::vector<Step> steps;
  std::vector<RowStep> after;  // run when the reductions of this phase are in their registers
  friend bool operator==(const Phase&, const Phase&) = default;
};

/// Memory that steps read and write.
struct Pointer {
  enum class Shape : std::uint8_t {
    full,    // rows x columns elements, row-major
    vector,  // one element for each column, the same for all rows
    scratch  // one row in memory of the thread, which carries a value from one phase to a later one
  };
  Shape shape = Shape::full;
  bool mask = false;  // whether elements are bytes 0 or 1 (bool), read as masks; else they have the program's dtype
  bool accumulator = false;  // whether accumulate steps add to it; it is 0 before the first row
  bool placed = false;       // whether it is an input that an Access describes (see Binding::places)
  friend bool operator==(const Pointer&, const Pointer&) = default;
};

/// A register that is loaded before the first phase of a row.
struct Load {
  enum class Source : std::uint8_t {
    argument,  // argument `index`, the same for all rows
    rows,      // element `row` of row operand `index`, of the program's dtype
    integers,  // element `row` of row operand `index`, an int64, as a number
    element    // the element of pointer `index` in the column whose number another load has put into a register
  };
  Source source = Source::argument;
  std::uint16_t index = 0;
  std::uint16_t register_ = 0;
  std::uint16_t column = 0;  // of elements: the register that has the column number
  bool placed = false;       // of rows: whether an Access describes the row operand (see Binding::row_places)
  friend bool operator==(const Load&, const Load&) = default;
};

/// A register that is written to memory after the last phase of each row: element `row` of row operand `index`.
struct RowStore {
  std::uint16_t register_;
  std::uint16_t index;
  friend bool operator==(const RowStore&, const RowStore&) = default;
};

/// A register that is written to one element of the row after its last phase: to the pointer, in the column whose
/// number a load has put into another register.
struct ElementStore {
  std::uint16_t register_;
  std::uint16_t pointer;
  std::uint16_t column;
  friend bool operator==(const ElementStore&, const ElementStore&) = default;
};

struct Program {
  DType dtype = float32;  // of every number: float32 or float64
  std::vector<Pointer> pointers;
  std::vector<Load> loads;
  std::vector<RowStep> before;  // before the first phase of each row
  std::vector<Phase> phases;
  std::vector<RowStore> row_stores;
  std::vector<ElementStore> element_stores;
  std::uint16_t registers = 0;
  std::uint16_t row_operands = 0;
  std::uint16_t arguments = 0;
  friend bool operator==(const Program&, const Program&) = default;
};

/// Rows with fewer columns are narrow.
inline constexpr std::int64_t narrow_columns = 64;

/// What a program runs on.
struct Binding {
  std::int64_t rows = 0, columns = 0;
  std::vector<void*> pointers;  // by pointer: element 0, also of placed ones; null for scratch
  std::vector<void*> row_operands;
  std::vector<double> arguments;
  // Sums over rows are taken of so many bands of equally many rows, one band after the other in each accumulator.
  std::int64_t bands = 1;
  // By pointer and by row operand: where the elements of placed ones lie.
  // Null for all others; empty if none is placed.
  std::vector<const PlacedView*> places{}, row_places{};
  // By pointer that is written: the bytes from each row to the next, where that are not those of a row; 0 for all
  // others. Empty if there are none. Rows are not narrow, and numbers of rows are not scattered into them.
  std::vector<std::int64_t> row_bytes{};
};

}  // namespace xgrad::fused
