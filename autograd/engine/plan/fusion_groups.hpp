#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "autograd/engine/plan/requirements.hpp"

namespace xgrad::fused {

/// Nodes that are computed together: by a row program over one space, a matrix product, or a reference kernel.
struct FusionGroup {
  enum class Kind : std::uint8_t { program, product, kernel };
  Kind kind = Kind::program;
  DType dtype = float32;
  std::int64_t rows = 1, columns = 1;  // the space of a program
  std::int64_t bands = 0;              // of rows whose sums are apart; 0 where there is no sum over rows
  std::vector<std::int32_t> members{};
};

/// A program over a space of so many elements has room for so much: the more it does, the longer its code is made, and
/// the more results it writes side by side.
constexpr std::int64_t room_of_program(std::int64_t elements) { return elements == 1 ? 4096 : 224; }
/// What a member takes of that. Over many elements a cheap one takes less: nobody keeps its value, and dividing the
/// program would write and read values of all elements.
constexpr std::int64_t room_of_member(const Node& node, std::int64_t elements) {
  constexpr std::int64_t many = 16384;
  return elements >= many && (node.cheap || node.is_mask) ? 2 : 4;
}

/// The nodes that roots depend on, in groups; the groups are in an order in which they can run.
class FusionGroups {
 public:
  /// Puts each node into the group of one of its producers, or of a node that reads the same memory, where space, dtype
  /// and the extents of its operands allow it and no cycle of groups arises; else into a group of its own.
  explicit FusionGroups(const Requirements& requirements);

  const Requirements& requirements() const { return requirements_; }
  const Graph& graph() const { return requirements_.graph(); }

  /// An operand as its consumer sees it: the node that holds it, its extent in the group's space, and whether a program
  /// over that space can read or compute it.
  struct OperandUse {
    std::int32_t node;
    Extent as;
    bool fits;
  };
  OperandUse use(std::int32_t input, Extent consumer, std::int64_t columns) const;
  /// The use of operand `i` of a node that has extent `extent` in its group.
  OperandUse use_of_operand(std::int32_t node, std::size_t i, Extent extent, std::int64_t columns) const;

  std::vector<FusionGroup> groups;
  std::vector<std::int32_t> group_of;  // by node; -1 where no group computes it
  std::vector<Extent> extent_of;       // by node: its extent in its group

 private:
  const Requirements& requirements_;
};

}  // namespace xgrad::fused
