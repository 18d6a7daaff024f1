#pragma once

#include <string>
#include <vector>

#include "optim/optimizer.hpp"

namespace xgrad::optim {

/// What the groups give each of the Parameters with these names; nothing at all without groups. ValueError as the
/// Optimizer says.
std::vector<OwnNumbers> own_numbers(const std::vector<Group>& groups, const std::vector<std::string>& names,
                                    const Transformation& rule, const Location& where);

}  // namespace xgrad::optim
