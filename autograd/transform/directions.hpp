#pragma once

#include <cstdint>
#include <functional>

#include "autograd/transform/arguments.hpp"

namespace xgrad::detail {

/// f(u) for each unit vector u of the space of x, along a new first axis. One vmap or several compute it, so that no
/// value has more than 2^24 numbers at a time if f computes values of up to `widest` numbers; if f reads values, one u
/// follows another. x is not empty.
Tensors along_unit_vectors(const Tensor& x, std::int64_t widest, const std::function<Tensors(const Tensor& u)>& f,
                           const Location& where);

}  // namespace xgrad::detail
