#pragma once

// The kernels of a program, for each pattern of equal pointers and each tier. Any number of threads may ask for them at
// the same time.

#include <atomic>
#include <memory>
#include <vector>

#include "autograd/core/mutex.hpp"
#include "autograd/engine/rows/narrow_rows.hpp"
#include "autograd/engine/rows/tier.hpp"
#include "autograd/engine/rows/wide_rows.hpp"

namespace xgrad::fused {

/// What all versions of a program share.
struct Source {
  explicit Source(Program p);
  Source(const Source&) = delete;

  const Program program;
  const InstructionSet set = instruction_set();  // a plan is for one instruction set
  const TileFunctions& functions;
  const Analysis analysis;
  const RowCode once;
  const WideRows wide;
};

/// The kernels for one pattern of equal pointers, in one tier. They are interpreted at first; machine code takes over
/// after many elements or many runs, where there is any.
class Version {
 public:
  Version(const Source& source, Aliases aliases, Tier tier)
      : source_(source), aliases_(std::move(aliases)), tier_(tier) {}

  bool serves(const Aliases& aliases, Tier tier) const;
  /// Makes the interpreted narrow rows; call it before narrow_for().
  void interpret_narrow();
  /// The kernels for a run on narrow rows of so many elements. Counts the run.
  const NarrowRows& narrow_for(std::int64_t elements);
  /// Makes the interpreted kernels for all other rows; call it before kernels_for().
  void interpret();
  /// The kernels for a run on so many elements, with `several` also that for several rows at a time. Counts the run.
  const Kernels& kernels_for(std::int64_t elements, bool several);
  bool is_machine_code() const { return machine_.load(std::memory_order_relaxed); }

 private:
  static constexpr unsigned phases = 1, unrolled = 2, narrow = 4;

  /// Counts a run. Returns whether it is time to compile what was not compiled before.
  bool is_due(unsigned wanted, std::int64_t elements);
  void compile(unsigned wanted);
  void compile_narrow();
  std::unique_ptr<Kernels> compiled(unsigned wanted);
  void publish(std::unique_ptr<Kernels> kernels);
  void publish(std::unique_ptr<NarrowRows> rows);

  const Source& source_;
  const Aliases aliases_;
  const Tier tier_;
  Mutex making_;                                      // held by the thread that makes kernels
  std::vector<std::unique_ptr<const Kernels>> made_;  // earlier ones stay, because they may still run
  std::vector<std::unique_ptr<const NarrowRows>> narrow_made_;
  std::atomic<const Kernels*> latest_{nullptr};
  std::atomic<const NarrowRows*> narrow_{nullptr};
  std::atomic<unsigned> asked_{0};  // the machine code that was asked for
  std::atomic<bool> machine_{false};
  std::atomic<std::int64_t> elements_{0}, runs_{0};  // approximate where several threads count
};

class Versions {
 public:
  explicit Versions(const Source& source) : source_(source) {}
  Version& version(const Aliases& aliases);
  /// The one that was asked for last, or null.
  const Version* latest() const { return latest_.load(std::memory_order_acquire); }

 private:
  const Source& source_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Version>> all_;
  std::atomic<Version*> latest_{nullptr};
};

}  // namespace xgrad::fused
