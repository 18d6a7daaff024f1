#pragma once

#include <cstdint>
#include <functional>

#include "autograd/transform/arguments.hpp"

namespace xgrad::detail {

/// f(u) for each unit vector u of the space of x, along a new first axis: as one vmap, or as several, so that no more
/// than 2^24 numbers of each kind are there at a time if f computes `widest` of them; where f looks at values, for one
/// u after another. x is not empty.
Tensors along_unit_vectors(const Tensor& x, std::int64_t widest, const std::function<Tensors(const Tensor& u)>& f,
                           const Location& where);

}  // namespace xgrad::detail
