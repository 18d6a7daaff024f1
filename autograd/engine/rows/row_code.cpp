#include "autograd/engine/rows/row_code.hpp"

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/interpreter/tile_code.hpp"

namespace xgrad::fused {

RowCode::RowCode(const std::vector<RowStep>& steps, const TileFunctions& functions) {
  for (const RowStep& step : steps)
    if (!join(step))
      instructions_.push_back({what_of(step.code),
                               element_function(functions, step.code, 0),
                               step.out,
                               {step.in[0], step.in[1], step.in[2]}});
}

RowCode::What RowCode::what_of(Code code) {
  switch (code) {
    case Code::add:
      return What::add;
    case Code::sub:
      return What::sub;
    case Code::mul:
      return What::mul;
    case Code::div:
      return What::div;
    default:
      return What::call;
  }
}

bool RowCode::join(const RowStep& step) {
  const bool adds = step.code == Code::add, subtracts = step.code == Code::sub;
  if (!(adds || subtracts) || instructions_.empty() || instructions_.back().what != What::mul) return false;
  Instruction& last = instructions_.back();
  const bool first = step.in[0] == last.out, second = step.in[1] == last.out;
  if (first == second && (first || !planted("a sum joins a product that it does not read")))
    return false;  // it reads the product twice or not at all
  last.what = adds ? What::mul_add : first ? What::mul_sub : What::sub_mul;
  last.product = planted("the product inside a step is not kept") ? step.out : last.out;
  last.in[2] = step.in[first ? 1 : 0];
  last.out = step.out;
  return true;
}

}  // namespace xgrad::fused
