#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "autograd/engine/plan/requirements.hpp"

namespace xgrad::fused {

/// Some nodes computed together: a row program over one space, one matrix product, or one reference kernel.
struct FusionGroup {
  enum class Kind : std::uint8_t { program, product, kernel };
  Kind kind = Kind::program;
  DType dtype = float32;
  std::int64_t rows = 1, columns = 1;  // the space of a program
  std::int64_t bands = 0;              // of rows whose sums are apart; 0 where there is no sum over rows
  std::vector<std::int32_t> members{};
};

/// The most members of a program over a space of so many elements.
constexpr std::size_t most_members(std::int64_t elements) { return elements == 1 ? 1024 : 56; }

/// The used nodes of a graph in groups, in an order in which these can run.
class FusionGroups {
 public:
  /// A node joins the group of one that it reads, or of one that reads the same memory, where the space, the dtype and
  /// the extents of its operands allow it and no cycle between groups comes of it.
  explicit FusionGroups(const Requirements& requirements);

  const Requirements& requirements() const { return requirements_; }
  const Graph& graph() const { return requirements_.graph(); }

  /// What operand `input` is for a consumer of this extent in a space of so many columns, the node that holds it, and
  /// whether a program of that space can read or compute it at all.
  struct OperandUse {
    std::int32_t node;
    Extent as;
    bool fits;
  };
  OperandUse use(std::int32_t input, Extent consumer, std::int64_t columns) const;
  /// The same of operand `i` of a node that has this extent in its group.
  OperandUse use_of_operand(std::int32_t node, std::size_t i, Extent extent, std::int64_t columns) const;

  std::vector<FusionGroup> groups;
  std::vector<std::int32_t> group_of;  // by node; -1 for leaves and what needs no computing
  std::vector<Extent> extent_of;       // by node: what it is in its group

 private:
  const Requirements& requirements_;
};

}  // namespace xgrad::fused
