#pragma once

#include <string>

namespace xgrad::parallel {

/// The MPI that ranks are run by, as far as it tells.
std::string about_mpi();

}  // namespace xgrad::parallel
