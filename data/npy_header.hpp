#pragma once

// What stands before the elements of an array in numpy's format.

#include <cstdint>
#include <string>
#include <string_view>

#include "data/elements.hpp"
#include "data/file.hpp"

namespace xgrad::data {

constexpr std::string_view npy_magic = "\x93NUMPY";

struct NpyHeader {
  ElementLayout layout{ElementType::f32};
  Shape shape;
};

/// Reads the header of the array that `source` is from here to its end. FormatError unless the elements that it
/// announces take all the bytes that are left; LimitError for what is beyond all use.
NpyHeader read_npy_header(ByteSource& source, const char* operation, const std::string& path, const Location& where);

}  // namespace xgrad::data
