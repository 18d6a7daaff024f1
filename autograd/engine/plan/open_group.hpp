#pragma once

#include <cstdint>

#include "autograd/engine/plan/fusion_groups.hpp"
#include "autograd/engine/plan/group_set.hpp"

namespace xgrad::fused {

/// A group that nodes may still join.
struct OpenGroup : FusionGroup {
  bool split = false;       // whether a member requires the number of columns
  bool preferred = false;   // whether a member chose it that allows others, too
  GroupSet before{};        // the groups that have to run before this one
  bool awaited = false;     // whether another group has to run after this one
  bool dead = false;        // merged into another one
  std::int64_t room = 0;    // what the members take of that of a program
  std::uint64_t reads = 0;  // a hash of the memory that members read: bit (node mod 64)
};

}  // namespace xgrad::fused
