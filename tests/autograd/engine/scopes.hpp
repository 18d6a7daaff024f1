#pragma once

// Other settings until the end of the scope.

#include <string>

#include "autograd/engine/engine.hpp"
#include "autograd/engine/threads.hpp"

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

}  // namespace xgrad::fused::testing
