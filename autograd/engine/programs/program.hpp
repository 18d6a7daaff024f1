#pragma once

// programs/: the row program: its steps, what they mean, what may be done to them.
//   in:  the steps of a fusion group.
//   out: a program that is simplified and verified, and what follows from it.
//
// The row program: what a fused group of entries computes, for every row of a space of rows and columns. One
// representation for both tiers, the tile interpreter and the machine code generator.

#include <cstdint>
#include <vector>

#include "autograd/core/access.hpp"
#include "autograd/core/dtype.hpp"
#include "autograd/core/instruction_facts.hpp"

namespace xgrad::fused {

/// What a step does: an instruction of the tape's table, on masks where the tape has bools, or one of those that are
/// only in row programs.
using Code = Instruction;

/// An operand of a step.
struct Ref {
  enum class Kind : std::uint8_t {
    none,
    value,     // the result of an earlier step of the same phase
    pointer,   // the element in memory at this row and column
    register_  // a number that is the same along the row
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

/// One operation on registers, done once for every row (once for the program, where nothing depends on the row).
struct RowStep {
  Code code;
  std::uint16_t in[3];
  std::uint16_t out;
  friend bool operator==(const RowStep&, const RowStep&) = default;
};

/// One sweep over the columns of a row. A reduction along the row ends a phase: its register is known in the next.
struct Phase {
  std::vector<Step> steps;
  std::vector<RowStep> after;  // once the reductions of this phase are in their registers
  friend bool operator==(const Phase&, const Phase&) = default;
};

/// Memory that steps read and write.
struct Pointer {
  enum class Shape : std::uint8_t {
    full,    // rows x columns elements, row-major
    vector,  // one element for each column, the same for all rows
    scratch  // one row of the thread's own memory, to carry a value from one phase to a later one
  };
  Shape shape = Shape::full;
  bool mask = false;         // bytes 0 or 1 (bool), which become masks when read; else elements of the program's dtype
  bool accumulator = false;  // target of accumulate steps: zero before the first row
  bool placed = false;       // an input whose elements lie at places of their own (see Binding::places)
  friend bool operator==(const Pointer&, const Pointer&) = default;
};

/// A register that has its number before the first phase of a row.
struct Load {
  enum class Source : std::uint8_t {
    argument,  // the number with this index in the arguments: the same for all rows
    rows,      // element `row` of the memory with this index among the row operands, of the program's dtype
    integers,  // the same, of int64 elements, as a number
    element    // the element of the pointer with this index at the column whose number an earlier load gave
  };
  Source source = Source::argument;
  std::uint16_t index = 0;
  std::uint16_t register_ = 0;
  std::uint16_t column = 0;  // of elements: the register
  bool placed = false;       // of rows: the numbers lie at places of their own (see Binding::row_places)
  friend bool operator==(const Load&, const Load&) = default;
};

/// A register that is written to memory after the last phase of each row: element `row` of row operand `index`.
struct RowStore {
  std::uint16_t register_;
  std::uint16_t index;
  friend bool operator==(const RowStore&, const RowStore&) = default;
};

/// A register that is written, after the last phase of each row, to one element of the row: that of the pointer at the
/// column whose number another register has, one that an earlier load gave for each row.
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
  std::vector<void*> pointers;  // one for each pointer; scratch ones are null; of what is placed element 0
  std::vector<void*> row_operands;
  std::vector<double> arguments;
  // Sums over rows are taken of so many bands of equally many rows, one band after the other in each accumulator.
  std::int64_t bands = 1;
  // Of what is placed: where the elements lie, in the order of rows and columns; coalesced. Null for all others, or no
  // list where there is none.
  std::vector<const Access*> places{}, row_places{};
};

}  // namespace xgrad::fused
