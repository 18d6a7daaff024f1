#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "autograd/tape/tensor.hpp"

namespace xgrad::data {

/// What an IDX file holds, as it stands in the file: multi-byte elements are big-endian.
struct IdxArray {
  /// The element type, by the code in the file.
  enum class Type : std::uint8_t { u8 = 0x08, i8 = 0x09, i16 = 0x0B, i32 = 0x0C, f32 = 0x0D, f64 = 0x0E };

  Type type;
  Shape shape;
  std::vector<std::uint8_t> bytes;
};

/// Reads an IDX file, gzip-compressed or not (the format of the MNIST files: LeCun, Cortes, Burges, "The MNIST
/// database of handwritten digits"). IoError when it cannot be read; FormatError when it is not exactly what its
/// header says; LimitError when the header asks for more than can be addressed.
IdxArray read_idx(const std::string& path, const Location& where = Location::current());

/// The same as a Tensor: float32 and float64 as they are, whole numbers as int64.
Tensor load_idx(const std::string& path, const Location& where = Location::current());

}  // namespace xgrad::data
