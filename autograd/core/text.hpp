#pragma once

// Numbers as text that does not depend on the locale of the program. The library writes all numbers this way.

#include <locale>
#include <sstream>
#include <string>

namespace xgrad {

/// A stream for text that does not depend on the program's locale.
class Text : public std::ostringstream {
 public:
  Text() { imbue(std::locale::classic()); }
};

/// The text of all `parts`, joined.
template <class... Parts>
std::string text_of(const Parts&... parts) {
  Text text;
  (text << ... << parts);
  return text.str();
}

/// The number as printf writes it with %.*f and %.*g.
std::string fixed(double number, int digits);
std::string general(double number, int digits);

}  // namespace xgrad
