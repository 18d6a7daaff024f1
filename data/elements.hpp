#pragma once

// The elements of a file as they become those of a Tensor.

#include <cstddef>
#include <cstdint>
#include <string>

#include "autograd/tape/tensor.hpp"
#include "data/file.hpp"
#include "data/save_options.hpp"

namespace xgrad::data {

/// Element types that files hold. f32, f64, i64 and boolean are those of Tensors; the others are widened, floats to
/// float32 and whole numbers to int64.
enum class ElementType : std::uint8_t { f32, f64, i64, boolean, f16, bf16, i8, i16, i32, u8, u16, u32, u64 };

std::size_t item_size(ElementType type);
/// What it is in a Tensor.
DType tensor_dtype(ElementType type);

/// How elements lie in a file.
struct ElementLayout {
  ElementType type;
  bool big_endian = false;
  bool fortran_order = false;  // the first axis moves fastest, not the last
};

/// The size in bytes of so many elements; LimitError when it is beyond what can be held.
std::uint64_t checked_bytes(ElementType type, const Shape& shape, const char* operation, const std::string& path,
                            const Location& where);

/// A Tensor of the next elements of a file, whose size the caller has compared with the shape. Takes no more memory
/// than the Tensor and a few pieces. FormatError for a bool that is neither 0 nor 1, ValueError for a whole number
/// beyond int64.
Tensor read_elements(ByteSource& file, const ElementLayout& layout, const Shape& shape, const char* operation,
                     const std::string& path, const Location& where);

/// What elements of a dtype are in a file.
ElementType stored_type(DType dtype, FloatStorage floats);

/// Writes the elements of an evaluated Tensor as `type`, which is what `stored_type` says of its dtype.
void write_elements(ByteSink& file, const Tensor& tensor, ElementType type);

}  // namespace xgrad::data
