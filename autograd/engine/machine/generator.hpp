#pragma once

#include <cstdint>
#include <vector>

#include "autograd/engine/machine/vector_code.hpp"

namespace xgrad::fused::machine {

/// The code of a function of one `const PhaseArguments*` that runs the phase on AVX2 or, if `wide`, on AVX-512. It may
/// be put at any address. Empty where registers are too few.
std::vector<std::uint8_t> generate(const VectorCode& code, const Aliases& aliases, bool wide);

}  // namespace xgrad::fused::machine
