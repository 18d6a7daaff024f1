#pragma once

#include <memory>

#include "autograd/engine/rows/tiered_program.hpp"

namespace xgrad::fused {

/// The program, verified and ready to run. All plans that hold an equal program at the same time share it with its
/// machine code, so that a plan for another shape need not compile it again. Throws Unverified.
std::shared_ptr<Compiled> shared_program(const Program& program);

/// The number of shared programs, and about how many bytes they take.
std::size_t shared_programs();
std::size_t shared_program_bytes();

}  // namespace xgrad::fused
