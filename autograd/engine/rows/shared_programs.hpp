#pragma once

#include <memory>

#include "autograd/engine/rows/tiered_program.hpp"

namespace xgrad::fused {

/// The program, verified and ready to run. Plans of all threads that have the same one at a time share it, and what it
/// has learnt: a plan for another shape has the machine code of those before. Throws Unverified.
std::shared_ptr<Compiled> shared_program(const Program& program);

/// How many there are.
std::size_t shared_programs();

}  // namespace xgrad::fused
