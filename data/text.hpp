#pragma once

#include <string>
#include <vector>

#include "autograd/tape/tensor.hpp"

namespace xgrad::data {

/// The text of a file, gzip-compressed or not, byte by byte but for a byte order mark of UTF-8 at its start. IoError
/// when it cannot be read; FormatError when what is compressed is damaged; LimitError when there is no memory for it.
std::string load_text(const std::string& path, const Location& where = Location::current());

/// Its lines, without the LF or CRLF that ends each. What comes after the last one is a line if it is anything.
std::vector<std::string> load_lines(const std::string& path, const Location& where = Location::current());

/// All bytes of a file, inflated if it is gzip-compressed: [bytes], int64, 0 to 255. Errors as for `load_text`.
Tensor load_bytes(const std::string& path, const Location& where = Location::current());

}  // namespace xgrad::data
