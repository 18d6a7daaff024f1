#pragma once

// rows/: runs a row program over rows, by the tier that fits.
//   in:  a program and what it is bound to.
//   out: its results, with the same bits in either tier and on any number of threads.
//
// Goes over the rows in blocks that threads share, and lets the tiers run the phases.

#include <memory>

#include "autograd/engine/cpu/rectangle.hpp"
#include "autograd/engine/programs/in_place.hpp"
#include "autograd/engine/programs/program_analysis.hpp"
#include "autograd/engine/rows/partial_sums.hpp"

namespace xgrad::fused {

class Compiled;
struct Kernels;

/// A run of a program in parts. It ends when the thread that began it runs another program.
struct Begun {
  const Compiled& compiled;
  const Kernels& kernels;
  const void* registers;
  Partials& partials;
};

/// A program that is ready to run. It is interpreted at first; when it has run on many elements or many times, machine
/// code takes over where there is any (see set_tier). Any number of threads may run it at the same time.
class Compiled {
 public:
  explicit Compiled(Program program);
  Compiled(Compiled&& other) noexcept;
  Compiled& operator=(Compiled&& other) noexcept;
  ~Compiled();

  const Program& program() const;
  /// Whether the version that ran last has machine code for any phase.
  bool is_machine_code() const;
  /// On which parts of its rows and columns it can run separately, where rows are not narrow.
  Parts parts() const;
  /// The pairs of its pointers that may share memory.
  const std::vector<Overwrite>& overwrites() const;
  /// About how many bytes it takes.
  std::size_t bytes() const;

 private:
  friend void verify(const Compiled& compiled);
  friend void prepare(Compiled& compiled, const Binding& binding);
  friend void execute(Compiled& compiled, const Binding& binding);
  friend Begun begin_parts(Compiled& compiled, const Binding& binding);
  friend void execute_part(const Begun& begun, const Binding& binding, const Rectangle& part);
  struct State;
  std::unique_ptr<State> state_;
};

/// Verifies what is derived from the program, which has been verified itself. Throws Unverified.
void verify(const Compiled& compiled);
/// Allocates what the program needs to run on `binding`, so that execute() cannot fail on a thread that has run it on
/// as much before.
void prepare(Compiled& compiled, const Binding& binding);
/// Runs the program. The bits of the results depend on the sizes, not on the number of threads or the tier. Pointers
/// may be equal, but must not overlap otherwise; row operands overlap no pointer.
void execute(Compiled& compiled, const Binding& binding);

/// Runs the program in parts: begin_parts(), then execute_part() on parts that parts() allows and that cover all rows
/// and columns once, in any order and on any threads at the same time.
Begun begin_parts(Compiled& compiled, const Binding& binding);
void execute_part(const Begun& begun, const Binding& binding, const Rectangle& part);

}  // namespace xgrad::fused
