#pragma once

// Numbers as text that does not depend on the locale of the program. The library writes all numbers this way.

#include <initializer_list>
#include <sstream>
#include <string>

namespace xgrad {

/// A stream for text that does not depend on the program's locale.
class Text : public std::ostringstream {
 public:
  Text();
  ~Text() override;
};

/// A part of a text: a reference to a value, and how that is written. Whatever takes a list of them is compiled once
/// for all texts, where a template over the types of the values would be for each.
class TextPart {
 public:
  TextPart(const char* text) : value_(text), write_(write_characters) {}
  template <class T>
  TextPart(const T& value)
      : value_(&value), write_([](Text& text, const void* of) { text << *static_cast<const T*>(of); }) {}
  void write_to(Text& text) const { write_(text, value_); }

 private:
  static void write_characters(Text& text, const void* of);
  const void* value_;
  void (*write_)(Text&, const void*);
};
using TextParts = std::initializer_list<TextPart>;

/// The text of all `parts`, joined; numbers with so many digits.
std::string join_text(TextParts parts, int digits = 6);

/// The text of all `parts`, joined.
template <class... Parts>
std::string text_of(const Parts&... parts) {
  return join_text({TextPart(parts)...});
}

/// The number as printf writes it with %.*f and %.*g.
std::string fixed(double number, int digits);
std::string general(double number, int digits);

}  // namespace xgrad
