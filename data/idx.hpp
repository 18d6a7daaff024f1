#pragma once

#include <string>

#include "autograd/tape/tensor.hpp"

namespace xgrad::data {

/// Reads an IDX file, gzip-compressed or not (the format of the MNIST files: LeCun, Cortes, Burges, "The MNIST
/// database of handwritten digits"): float32 and float64 as they are, whole numbers as int64. IoError when it cannot be
/// read; FormatError when it is not exactly what its header says; LimitError when the header asks for more than can be
/// held.
Tensor load_idx(const std::string& path, const Location& where = Location::current());

}  // namespace xgrad::data
