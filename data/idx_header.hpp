#pragma once

// What stands before the elements of an IDX file.

#include <string>

#include "data/contents.hpp"
#include "data/elements.hpp"

namespace xgrad::data {

struct IdxHeader {
  ElementType type;  // big-endian
  Shape shape;
};

/// Reads the header. FormatError when it is damaged, or the elements that it announces cannot be what is left of the
/// file; LimitError when it asks for more than can be held. What comes after the elements is for `file.expect_end`.
IdxHeader read_idx_header(Contents& file, const char* operation, const std::string& path, const Location& where);

}  // namespace xgrad::data
