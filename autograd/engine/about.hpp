#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace xgrad {

/// What computes on this machine, and the settings in force.
struct About {
  struct Set {
    std::string name;
    bool in_build, in_processor;
  };
  std::string version;
  std::string processor;
  std::string instruction_set;        // the one in use (see set_instruction_set)
  std::vector<Set> instruction_sets;  // all that the library knows, the widest first
  std::string blas;                   // the library, empty if it does not tell
  std::string blas_core;              // the processor that its kernels are made for; empty if it does not tell
  int threads = 1;                    // see set_num_threads
  std::string tier;                   // see set_tier
  bool machine_code = false;          // whether this build can generate any
  std::string engine;                 // see set_engine
  std::size_t memory_budget = 0;      // in bytes, 0 for any amount (see set_memory_budget)
};

/// Collects it. ValueError where an environment variable has an invalid value.
About about();

/// Prints one line for each member.
std::ostream& operator<<(std::ostream& out, const About& about);

}  // namespace xgrad
