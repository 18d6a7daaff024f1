#pragma once

#include <cstdint>

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// Equal programs have the same hash; a program that differs from another in anything has mostly another one.
std::uint64_t hash_of(const Program& program);

}  // namespace xgrad::fused
