#pragma once

// Remembers plans by their keys, for all threads.

#include <cstdint>
#include <memory>

#include "autograd/engine/plan/plan.hpp"
#include "autograd/engine/run/plan_key.hpp"

namespace xgrad::fused {

/// Finds the plan for a key, which any thread may have made, or makes one for these entries. Throws what planning
/// throws.
class FoundPlan {
 public:
  FoundPlan(const Pending& pending, const Key& key, std::size_t budget);
  /// Runs the plan on this thread.
  void run(const Pending& pending, const Key& key) const;

  struct Shared;
  struct Own;

 private:
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Own> own_;
};

/// Sets about how many bytes remembered plans may take. The least used ones are dropped; the newest is remembered
/// whatever it takes.
void set_plan_memory(std::size_t bytes);
std::size_t plan_memory();
/// The bytes that remembered plans take with their programs, and their number.
std::size_t plan_bytes();
std::size_t plans_kept();

}  // namespace xgrad::fused
