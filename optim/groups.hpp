#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "optim/optimizer.hpp"

namespace xgrad::optim {

/// Whether a name is as the pattern says, in which `*` stands for any characters and `?` for one.
bool matches(std::string_view name, std::string_view pattern);

/// What the groups give each of the Parameters with these names; nothing at all without groups. ValueError as the
/// Optimizer says.
std::vector<OwnNumbers> own_numbers(const std::vector<Group>& groups, const std::vector<std::string>& names,
                                    const Transformation& rule, const Location& where);

}  // namespace xgrad::optim
