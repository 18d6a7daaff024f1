#pragma once

#include <map>
#include <string>

#include "autograd/tape/tensor.hpp"

namespace xgrad::reference {

/// The value of a formula as the index writes them, in float64: numbers, the given names, pi and e, + - * / // % ** and
/// brackets, min, max and pow of two arguments, and the operations of the corpus on one tensor: `min(1, (t+1)/10)`,
/// `sin(x)`. FormatError for anything else.
Tensor evaluate_formula(const std::string& text, const std::map<std::string, Tensor>& names);

}  // namespace xgrad::reference
