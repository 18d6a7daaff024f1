#pragma once

// run/: finds the plan for what is pending, and runs it.
//   in:  the Tensors that somebody asks for.
//   out: their values, in their entries.

#include <span>
#include <string>
#include <vector>

#include "autograd/engine/graph/pending.hpp"

namespace xgrad {

/// Errors about a value name the call that recorded it, whoever asks for the value.
inline CallScope scope_of(const Entry& entry) {
  return {entry.call ? entry.call : entry.primitive->name(), entry.where, CallScope::recorded};
}

/// Memory for the value of an entry. LimitError if there is none.
Buffer memory_for(const Entry& entry);
/// Runs the reference kernel of an entry; `primitive` is the entry's. LimitError if there is no memory.
void run_kernel(const Entry& entry, const Primitive& primitive, std::span<const View> inputs, const View& output);

/// Computes pending entries. When it returns, every root has its value; other entries may have theirs, and an
/// untracked entry with a value has let go of its inputs. When it throws, whatever has no value is still pending.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void run(const Pending& pending) = 0;
  /// Describes what run() would do, line by line.
  virtual std::string describe(const Pending& pending) = 0;
};

/// Runs each entry's reference kernel in tape order.
class ReferenceExecutor final : public Executor {
 public:
  void run(const Pending& pending) override;
  std::string describe(const Pending& pending) override;
};

/// The number of entries that evaluations of this thread had to compute; an entry counts each time it was pending.
std::int64_t entries_computed();

/// How often the fused engine left a part of a tape to the reference kernels because it could not plan it.
std::int64_t unplanned();
/// How often it did so because verification failed, which is a fault of the engine and is reported on stderr.
std::int64_t violations();

/// Plans all pending entries together, fuses them into row programs and matrix products, and remembers the plan.
class FusedExecutor final : public Executor {
 public:
  void run(const Pending& pending) override;
  std::string describe(const Pending& pending) override;
};

}  // namespace xgrad
