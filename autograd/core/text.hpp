#pragma once

// Numbers as text, the same whatever the locale of the program. The library writes them in no other way.

#include <locale>
#include <sstream>
#include <string>

namespace xgrad {

/// A stream for text that does not depend on the program's locale.
class Text : public std::ostringstream {
 public:
  Text() { imbue(std::locale::classic()); }
};

/// What `parts` are, one after another.
template <class... Parts>
std::string text_of(const Parts&... parts) {
  Text text;
  (text << ... << parts);
  return text.str();
}

/// As printf writes it with %.*f and %.*g.
std::string fixed(double number, int digits);
std::string general(double number, int digits);

}  // namespace xgrad
