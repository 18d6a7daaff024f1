#pragma once

#include <string_view>

namespace xgrad {

/// Whether a name matches a pattern in which `*` stands for any characters, dots included, and `?` for one: `*.weight`,
/// `encoder.*`. Takes time proportional to the product of the lengths at most.
bool name_matches(std::string_view name, std::string_view pattern);

}  // namespace xgrad
