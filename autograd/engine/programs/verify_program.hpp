#pragma once

// Verifies row programs before they run. How they run (rows/, interpreter/, machine/): every group of
// rows goes through loads, `before`, each phase and its `after`, row stores and element stores, in this order; groups
// of any size, in any order and by any threads. Within a phase the columns are taken in any order, and for each column
// the steps in program order. So the result is that of the program as it is written, whichever tier runs it, if
//
//   numbers    every index is in range, and an operand is there just where its code has one; masks and numbers are what
//              the code, the pointer and the store take
//   values     a step reads values of earlier steps of its phase
//   registers  are defined once, by a load, a row step or a reduction, and read afterwards; what a phase reduces is
//              read in its `after` at the earliest
//   pointers   a full pointer is an input, which nothing stores to, or an output. An output is read only in a phase
//              after one that stored to it, and there before it is stored again; a phase stores to it once. So it may
//              hold what a phase leaves for a later one. Scratch is as an output. Vectors are inputs, or accumulators:
//              flagged, so that they are cleared, and only accumulated into, in one phase, never read
//   placed     what lies at places of its own is an input of numbers, full or a vector, and shares no memory
//   rows       a row operand is loaded, as integers or as numbers, or stored, once
//   elements   are loaded from inputs. A column number is loaded from integers, whose range is checked before. What an
//              element is stored to has been stored by a phase
//   sharing    an input and an output may lie in the same memory if no step reads the input after the output's first
//              store, both are full, and elements have the same size
//   derived    the registers that Analysis takes for the same in all rows are; what runs once reads only those; a
//              program that is flat or can be run in parts has nothing that looks along its rows or columns
//   unrolled   the program for several rows does to each of them what the other does, and adds sums over rows in order
//
// Everything throws Unverified, with the name of the rule. All of it is one pass over flat vectors.

#include <span>

#include "autograd/engine/programs/in_place.hpp"
#include "autograd/engine/programs/program.hpp"
#include "autograd/engine/programs/program_analysis.hpp"
#include "autograd/engine/programs/unroll_rows.hpp"
#include "autograd/engine/programs/violation.hpp"

namespace xgrad::fused {

/// The program by itself, every pointer in memory of its own. Returns it.
const Program& verified(const Program& program);
/// Pointers of a verified program that lie in the same memory.
void verify_sharing(const Program& program, std::span<const Overwrite> pairs);
/// What is derived from a verified program.
void verify_analysis(const Program& program, const Analysis& analysis);
void verify_unrolled(const Program& program, const Unrolled& unrolled);

}  // namespace xgrad::fused
