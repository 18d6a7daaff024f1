#pragma once

#include <cstdint>
#include <vector>

#include "autograd/engine/machine/vector_code.hpp"

namespace xgrad::fused::machine {

/// Generates a function of one `const PhaseArguments*` that runs the phase, for AVX2 or, if `wide`, AVX-512. The code
/// may be copied to any address. Empty where registers do not suffice.
std::vector<std::uint8_t> generate(const VectorCode& code, const Aliases& aliases, bool wide);

}  // namespace xgrad::fused::machine
