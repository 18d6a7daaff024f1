#pragma once

// An array in numpy's format, wherever its bytes lie: a file of its own, or a member of a .npz archive.

#include <string>

#include "data/elements.hpp"
#include "data/file.hpp"

namespace xgrad::data {

/// Reads the array that `source` is from here to its end. Errors as for `load_npy`.
Tensor read_npy(ByteSource& source, const char* operation, const std::string& path, const Location& where);

/// The bytes that `write_npy` writes before the elements.
std::string npy_header(const Shape& shape, ElementType type);

/// Writes an evaluated Tensor, version 1.0, in C order, its elements as `type`: one of those that Tensors have, or f16.
void write_npy(ByteSink& sink, const Tensor& tensor, ElementType type);

}  // namespace xgrad::data
