#pragma once

#include <string>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// A text as a Tensor, for states: its length in bytes, then the bytes, eight to an int64, the first one lowest.
Tensor text_tensor(const std::string& text, const Location& where = Location::current());

/// The text of such a Tensor; FormatError, in the name of `operation`, for another one.
std::string text_of(const Tensor& tensor, const char* operation, const Location& where = Location::current());

}  // namespace xgrad
