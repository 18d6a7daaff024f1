#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace xgrad {

/// What computes here, and how it is set.
struct About {
  struct Set {
    std::string name;
    bool in_build, in_processor;
  };
  std::string version;
  std::string processor;
  std::string instruction_set;        // the one in use (see set_instruction_set)
  std::vector<Set> instruction_sets;  // all that there could be, the widest first
  std::string blas;                   // the library, as far as it tells
  std::string blas_core;              // the processor that its kernels are made for; empty if it does not tell
  int threads = 1;                    // see set_num_threads
  std::string tier;                   // see set_tier
  bool machine_code = false;          // whether this build can generate any
  std::string engine;                 // see set_engine
  std::size_t memory_budget = 0;      // in bytes, 0 for any amount (see set_memory_budget)
};

/// ValueError where an environment variable has a value that makes no sense.
About about();

/// One line for each of them.
std::ostream& operator<<(std::ostream& out, const About& about);

}  // namespace xgrad
