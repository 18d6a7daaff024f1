#pragma once

#include <string_view>

namespace xgrad {

/// Whether a name is as the pattern says, in which `*` stands for any characters, dots among them, and `?` for one:
/// `*.weight`, `encoder.*`. Time grows at most as the product of the lengths.
bool name_matches(std::string_view name, std::string_view pattern);

}  // namespace xgrad
