#include "autograd/core/printable.hpp"

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace xgrad {

std::ostream& operator<<(std::ostream& out, Printable from) {
  constexpr std::size_t most = 200;
  out << '\'';
  for (std::size_t i = 0; i < std::min(from.text.size(), most); ++i) {
    const auto byte = static_cast<unsigned char>(from.text[i]);
    char escaped[5];
    std::snprintf(escaped, sizeof escaped, byte < 0x20 || byte == 0x7f ? "\\x%02x" : "%c", byte);
    out << escaped;
  }
  return out << (from.text.size() > most ? "...'" : "'");
}

}  // namespace xgrad
