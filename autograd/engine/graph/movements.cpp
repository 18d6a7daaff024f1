#include <cmath>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/graph/graph.hpp"
#include "autograd/engine/programs/violation.hpp"

namespace xgrad::fused {

bool move(Access& access, const Entry& entry) {
  const Shape& shape = entry.input(0).shape();
  if (access.shape() != shape && !access.reshape(shape)) return false;
  return entry.primitive->move(access) && access.shape() == entry.shape;
}

std::optional<Movements> Movements::then(std::int32_t place, const Entry& entry) const {
  Movements next = *this;
  next.entries.push_back(place);
  if (!move(next.access, entry)) return {};
  Access joined = next.access;
  joined.coalesce();
  next.contiguous = joined.is_contiguous();
  const bool repeats = !joined.axes.empty() && joined.axes.back().stride == 0 && !joined.axes.back().bounded;
  next.repeated = repeats ? joined.axes.back().size : 1;
  return next;
}

Access access_of(const Movements& movements, const Pending& pending, std::span<const double> constants,
                 std::int64_t elements) {
  const auto& entries = movements.entries;
  if (planted("views keep the offsets of their first run")) {
    Access first = movements.access;
    first.coalesce();
    return first;
  }
  Access access(pending.entries[static_cast<std::size_t>(entries.front())]->input(0).shape());
  if (access.shape().numel() != elements) violated("a view is of a value of another size");
  for (const std::int32_t place : entries)
    if (!move(access, *pending.entries[static_cast<std::size_t>(place)]))
      violated("a view is moved in another way than it was planned");
  if (!access.lies_within(elements)) violated("a view reaches beyond its memory");
  for (const std::int32_t number : movements.scaled) {
    const double scale = number < 0 ? -1 : constants[static_cast<std::size_t>(number)];
    if (access.fill != 0 || !is_moderate(scale))
      violated("what is around a view changes with what it is multiplied by");
    if (std::signbit(scale) && !planted("what is around a view keeps its sign")) access.fill = -access.fill;
  }
  access.coalesce();
  return access;
}

}  // namespace xgrad::fused
