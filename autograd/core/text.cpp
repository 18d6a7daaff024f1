#include "autograd/core/text.hpp"

#include <charconv>

namespace xgrad {

namespace {

std::string written(double number, std::chars_format format, int digits) {
  std::string text(static_cast<std::size_t>(digits) + 320, '\0');  // the longest number has 309 digits before the point
  text.resize(static_cast<std::size_t>(
      std::to_chars(text.data(), text.data() + text.size(), number, format, digits).ptr - text.data()));
  return text;
}

}  // namespace

std::string fixed(double number, int digits) { return written(number, std::chars_format::fixed, digits); }
std::string general(double number, int digits) { return written(number, std::chars_format::general, digits); }

}  // namespace xgrad
