#include "autograd/engine/programs/placed_view.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace xgrad::fused {

namespace {

constexpr std::int64_t most_offsets = 256;

}  // namespace

void PlacedView::find_offsets() {
  const std::vector<Access::Axis>& axes = access.axes;
  if (axes.size() < 2 || axes.back().size >= least_long_run || axes.back().bounded) return;
  axis = axes.size() - 1;
  std::int64_t steps = axes[axis].size, farthest = 0;
  while (axis > 0 && !axes[axis - 1].bounded && 2 * block * steps <= most_offsets) {
    block *= steps;
    steps = std::min(axes[--axis].size, most_offsets / block);
  }
  if (axis == axes.size() - 1) return;
  for (std::size_t k = axis; k < axes.size(); ++k)
    farthest += ((k == axis ? steps : axes[k].size) - 1) * std::abs(axes[k].stride);
  if (farthest > std::numeric_limits<std::int32_t>::max()) return;
  offsets.resize(static_cast<std::size_t>(block * steps));
  std::size_t count = 1;
  for (std::size_t k = axes.size(); k-- > axis;)
    for (const std::size_t inner = count;
         count < offsets.size() && count < inner * static_cast<std::size_t>(axes[k].size); ++count)
      offsets[count] = offsets[count - inner] + static_cast<std::int32_t>(axes[k].stride);
}

}  // namespace xgrad::fused
