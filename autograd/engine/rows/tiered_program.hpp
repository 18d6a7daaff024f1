#pragma once

// rows/: runs a row program over rows, by the tier that fits.
//   in:  a program and what it is bound to.
//   out: its results, with the same bits in either tier and on any number of threads.
//
// Runs row programs: walks the rows, in blocks that threads share, and lets the tiers run the phases.

#include <memory>

#include "autograd/engine/cpu/rectangle.hpp"
#include "autograd/engine/programs/in_place.hpp"
#include "autograd/engine/programs/program_analysis.hpp"
#include "autograd/engine/rows/partial_sums.hpp"

namespace xgrad::fused {

class Compiled;
struct Kernels;

/// A program that is run in parts, until the thread that began it runs another one.
struct Begun {
  const Compiled& compiled;
  const Kernels& kernels;
  const void* registers;
  Partials& partials;
};

/// A program that is ready to run, and what it has learnt from running. It starts out interpreted; machine code takes
/// over when it has seen many elements, or has run many times, where there is any (see set_tier). Any number of threads
/// may run it at the same time.
class Compiled {
 public:
  explicit Compiled(Program program);
  Compiled(Compiled&& other) noexcept;
  Compiled& operator=(Compiled&& other) noexcept;
  ~Compiled();

  const Program& program() const;
  /// Whether there is machine code for phases of the version that ran last.
  bool is_machine_code() const;
  /// On which parts of its rows and columns it can be run by itself, where rows are not narrow.
  Parts parts() const;
  /// Which of its pointers may lie in the same memory.
  const std::vector<Overwrite>& overwrites() const;
  /// Roughly, the memory it takes.
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

/// Verifies what it has derived from its program, which has been verified. Throws Unverified.
void verify(const Compiled& compiled);
/// Does beforehand what memory is needed for to run the program on this, where this thread has run it on as much
/// before.
void prepare(Compiled& compiled, const Binding& binding);
/// Runs the program on what it is bound to. The results depend on the sizes alone, not on the number of threads or the
/// tier. Pointers may be equal, but must not overlap otherwise; row operands overlap no pointer.
void execute(Compiled& compiled, const Binding& binding);

/// The same in parts, in any order and by any threads at the same time: begin_parts(), then parts that cover all rows
/// and columns once, and are such as parts() says.
Begun begin_parts(Compiled& compiled, const Binding& binding);
void execute_part(const Begun& begun, const Binding& binding, const Rectangle& part);

}  // namespace xgrad::fused
