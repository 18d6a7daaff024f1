#pragma once

#include "optim/transformation.hpp"
#include "tests/reference_check/record.hpp"

namespace xgrad::reference {

/// The library's rule for an optimiser of the corpus (`SGD`, `Adam`, ...) with these arguments; FormatError when it is
/// unknown.
optim::Transformation optimiser(const std::string& name, const Record& args);

}  // namespace xgrad::reference
