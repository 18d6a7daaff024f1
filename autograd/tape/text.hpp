#pragma once

#include <string>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// A text as an int64 Tensor, for states: its length in bytes, then its bytes, eight to a number, the first one lowest.
Tensor text_tensor(const std::string& text, const Location& where = Location::current());

/// The text of such a Tensor. FormatError, which names `operation`, for any other Tensor.
std::string text_of(const Tensor& tensor, const char* operation, const Location& where = Location::current());

}  // namespace xgrad
