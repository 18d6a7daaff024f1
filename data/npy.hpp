#pragma once

#include <string>

#include "autograd/tape/tensor.hpp"

namespace xgrad::data {

/// Reads a .npy file (numpy, "A simple file format for NumPy arrays", versions 1 to 3), in C or Fortran order, little-
/// or big-endian. float32, float64, int64 and bool as they are; float16 becomes float32, all other whole numbers int64.
/// IoError when it cannot be read; FormatError when it is not exactly what its header says, or holds something else
/// (complex numbers, texts, objects, records); ValueError for a uint64 beyond int64; LimitError when the header asks
/// for more than can be held.
Tensor load_npy(const std::string& path, const Location& where = Location::current());

/// Writes a .npy file, version 1.0, in C order. The file appears whole or not at all; IoError otherwise.
void save_npy(const std::string& path, const Tensor& tensor, const Location& where = Location::current());

}  // namespace xgrad::data
