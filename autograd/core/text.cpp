#include "autograd/core/text.hpp"

#include <charconv>
#include <locale>

namespace xgrad {

namespace {

std::string written(double number, std::chars_format format, int digits) {
  std::string text(static_cast<std::size_t>(digits) + 320, '\0');  // the longest number has 309 digits before the point
  text.resize(static_cast<std::size_t>(
      std::to_chars(text.data(), text.data() + text.size(), number, format, digits).ptr - text.data()));
  return text;
}

}  // namespace

Text::Text() { imbue(std::locale::classic()); }
Text::~Text() = default;

void TextPart::write_characters(Text& text, const void* of) { text << static_cast<const char*>(of); }

std::string join_text(TextParts parts, int digits) {
  Text text;
  text.precision(digits);
  for (const TextPart& part : parts) part.write_to(text);
  return text.str();
}

std::string fixed(double number, int digits) { return written(number, std::chars_format::fixed, digits); }
std::string general(double number, int digits) { return written(number, std::chars_format::general, digits); }

}  // namespace xgrad
