#pragma once

// The codes of row programs by their form, as the table has them.

#include <algorithm>
#include <vector>

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused::testing {

inline std::vector<Code> codes_of(std::initializer_list<Form> forms) {
  std::vector<Code> codes;
  for (int i = 0; i < instruction_count; ++i)
    if (std::find(forms.begin(), forms.end(), form_of(static_cast<Code>(i))) != forms.end())
      codes.push_back(static_cast<Code>(i));
  return codes;
}

}  // namespace xgrad::fused::testing
