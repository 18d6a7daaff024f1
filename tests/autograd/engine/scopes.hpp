#pragma once

// Other settings until the end of the scope.

#include <string>

#include "autograd/engine/cpu/threads.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/engine/memory_budget.hpp"

namespace xgrad::fused::testing {

class Threads {
 public:
  explicit Threads(int count = num_threads()) : before_(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

class InTier {
 public:
  explicit InTier(const std::string& name) : before_(tier()) { set_tier(name); }
  ~InTier() { set_tier(before_); }
  InTier(const InTier&) = delete;
  InTier& operator=(const InTier&) = delete;

 private:
  std::string before_;
};

class InEngine {
 public:
  explicit InEngine(const std::string& name) : before_(engine()) { set_engine(name); }
  ~InEngine() { set_engine(before_); }
  InEngine(const InEngine&) = delete;
  InEngine& operator=(const InEngine&) = delete;

 private:
  std::string before_;
};

class WithinBudget {
 public:
  explicit WithinBudget(std::size_t bytes) : before_(memory_budget()) { set_memory_budget(bytes); }
  ~WithinBudget() { set_memory_budget(before_); }
  WithinBudget(const WithinBudget&) = delete;
  WithinBudget& operator=(const WithinBudget&) = delete;

 private:
  std::size_t before_;
};

}  // namespace xgrad::fused::testing
