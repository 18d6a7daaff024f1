#pragma once

#include <string>

// Which kernels OpenBLAS uses, for both sides. It takes those of an old processor where it does not know the one it
// runs on, which makes it several times slower than it is, and libtorch with it.

namespace benchmarks {

/// The argument with which this program is a trial of the kernels that OPENBLAS_CORETYPE names: it prints their name
/// and GFLOP/s. Its status is 0 if their results are right.
inline constexpr const char* blas_trial = "--try-blas";
int try_blas();

/// Says which kernels are used. Unless OPENBLAS_CORETYPE says so already, tries those there are, each in a process of
/// its own, and begins this program anew with the fastest whose results are right.
void choose_blas_core(char** arguments);

/// "OpenBLAS, " and the name of its kernels.
std::string blas_in_use();

}  // namespace benchmarks
