#pragma once

// The plans that are remembered, by their keys, for all threads.

#include <cstdint>
#include <memory>

#include "autograd/engine/plan/plan.hpp"
#include "autograd/engine/run/plan_key.hpp"

namespace xgrad::fused {

/// The plan for these entries, whose key this is: one that some thread has made, or a new one. Throws what planning
/// throws.
class FoundPlan {
 public:
  FoundPlan(const Pending& pending, const Key& key, std::size_t budget);
  /// Runs it for this thread.
  void run(const Pending& pending, const Key& key) const;

  struct Shared;
  struct Own;

 private:
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Own> own_;
};

/// The plans that are remembered take so many bytes at most, roughly; the newest is remembered whatever it takes. Those
/// that are used least go.
void set_plan_memory(std::size_t bytes);
std::size_t plan_memory();
/// What they take now, and how many they are.
std::size_t plan_bytes();
std::size_t plans_kept();

}  // namespace xgrad::fused
