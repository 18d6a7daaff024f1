#pragma once

#include <iosfwd>
#include <string>

namespace xgrad {

/// A text for a message: in quotes, shortened, with unprintable characters escaped. It refers to the text.
struct Printable {
  const std::string& text;
};
std::ostream& operator<<(std::ostream& out, Printable from);
inline Printable printable(const std::string& text) { return {text}; }

}  // namespace xgrad
