#include "autograd/engine/rows/placed_operands.hpp"

namespace xgrad::fused {

PlacedLayout::PlacedLayout(const Program& program, const Analysis& analysis, const Binding& binding,
                           std::int64_t columns)
    : analysis_(analysis), binding_(binding), width_(std::min(columns, most_columns)) {
  any = !analysis.placed.empty() ||
        std::any_of(program.loads.begin(), program.loads.end(), [](const Load& load) { return load.placed; });
  if (!any) return;
  const auto item = static_cast<std::int64_t>(item_size(program.dtype));
  const bool transposed =
      std::any_of(analysis.placed.begin(), analysis.placed.end(), [this](std::uint16_t p) { return is_transposed(p); });
  if (transposed) width_ = std::min(columns, transposed_columns);
  const std::int64_t row = stride(columns, static_cast<std::size_t>(item));
  whole_group_ = transposed
                     ? std::clamp<std::int64_t>(most_copied / row, 1, most_rows)
                     : std::clamp<std::int64_t>(group_elements / std::max<std::int64_t>(1, columns), 1, most_rows);
  if (analysis.parts == Parts::none)
    copies = static_cast<std::size_t>(whole_group_ * row);
  else
    copies = static_cast<std::size_t>(group_elements * item + most_rows * 192);
  for (const std::uint16_t p : analysis.placed)
    if (program.pointers[p].shape == Pointer::Shape::vector) vectors = static_cast<std::size_t>(row);
  numbers = lines(static_cast<std::size_t>(most_rows * item));
  loads = lines(program.loads.size() * sizeof(RowsInMemory));
  bytes = analysis.placed.size() * (copies + vectors) + program.loads.size() * numbers + loads;
}

// Whether the columns of pointer p lie far apart, but its rows next to each other.
bool PlacedLayout::is_transposed(std::uint16_t p) const {
  const std::vector<Access::Axis>& axes = binding_.places[p]->access.axes;
  return axes.size() > 1 && axes.back().size == binding_.columns && std::abs(axes.back().stride) > 1 &&
         std::abs(axes[axes.size() - 2].stride) == 1;
}

std::int64_t PlacedLayout::columns_from(std::int64_t column) const {
  constexpr std::int64_t least = 16;
  std::int64_t columns = width_;
  for (const std::uint16_t p : analysis_.placed) {
    const std::vector<Access::Axis>& axes = binding_.places[p]->access.axes;
    if (axes.empty() || axes.back().size != binding_.columns) continue;
    for (const std::int64_t end : {(axes.back().low + least - 1) / least * least, axes.back().high / least * least})
      if (end > column) columns = std::min(columns, end - column);
  }
  return columns;
}

std::int64_t PlacedLayout::group(std::int64_t columns) const {
  if (analysis_.parts == Parts::none) return whole_group_;
  return std::clamp<std::int64_t>(group_elements / std::max<std::int64_t>(1, columns), 1, most_rows);
}

}  // namespace xgrad::fused
