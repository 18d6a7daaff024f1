#pragma once

// The kernels of a program: for each way in which its pointers may be equal, and for each tier. Any number of threads
// may ask for them at the same time.

#include <atomic>
#include <memory>
#include <vector>

#include "autograd/core/mutex.hpp"
#include "autograd/engine/rows/narrow_rows.hpp"
#include "autograd/engine/rows/tier.hpp"
#include "autograd/engine/rows/wide_rows.hpp"

namespace xgrad::fused {

/// What all versions of a program are made from.
struct Source {
  explicit Source(Program p);
  Source(const Source&) = delete;

  const Program program;
  const InstructionSet set = instruction_set();  // the plans of another one are others
  const TileFunctions& functions;
  const Analysis analysis;
  const RowCode once;
  const WideRows wide;
};

/// The kernels for pointers that are equal in one way, in one tier. They start out interpreted; machine code takes over
/// when it has seen many elements, or has run many times, where there is any.
class Version {
 public:
  Version(const Source& source, Aliases aliases, Tier tier)
      : source_(source), aliases_(std::move(aliases)), tier_(tier) {}

  bool serves(const Aliases& aliases, Tier tier) const;
  /// To be called before narrow_for().
  void interpret_narrow();
  /// For one run on narrow rows of so many elements, which counts.
  const NarrowRows& narrow_for(std::int64_t elements);
  /// For all other rows; to be called before kernels_for().
  void interpret();
  /// For one run on so many elements, which counts; `several` says whether it takes several rows at a time if it can.
  const Kernels& kernels_for(std::int64_t elements, bool several);
  bool is_machine_code() const { return machine_.load(std::memory_order_relaxed); }

 private:
  static constexpr unsigned phases = 1, unrolled = 2, narrow = 4;

  /// Counts a run; whether it is time to ask for machine code that was not asked for before.
  bool is_due(unsigned wanted, std::int64_t elements);
  void compile(unsigned wanted);
  void compile_narrow();
  std::unique_ptr<Kernels> compiled(unsigned wanted);
  void publish(std::unique_ptr<Kernels> kernels);
  void publish(std::unique_ptr<NarrowRows> rows);

  const Source& source_;
  const Aliases aliases_;
  const Tier tier_;
  Mutex making_;                                      // held by who makes something
  std::vector<std::unique_ptr<const Kernels>> made_;  // earlier ones may still run
  std::vector<std::unique_ptr<const NarrowRows>> narrow_made_;
  std::atomic<const Kernels*> latest_{nullptr};
  std::atomic<const NarrowRows*> narrow_{nullptr};
  std::atomic<unsigned> asked_{0};  // which machine code was asked for
  std::atomic<bool> machine_{false};
  std::atomic<std::int64_t> elements_{0}, runs_{0};  // roughly, where several threads count
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
