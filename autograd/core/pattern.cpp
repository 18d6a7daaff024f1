#include "autograd/core/pattern.hpp"

#include <cstddef>

namespace xgrad {

// After a mismatch only the latest star takes one more character; earlier stars need not be tried again.
bool name_matches(std::string_view name, std::string_view pattern) {
  constexpr std::size_t none = std::string_view::npos;
  std::size_t at = 0, p = 0, star = none, after_star = 0;
  while (at < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after_star = at;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[at])) {
      ++p;
      ++at;
    } else if (star != none) {
      p = star + 1;
      at = ++after_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == none;
}

}  // namespace xgrad
