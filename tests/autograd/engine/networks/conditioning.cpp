#include "tests/autograd/engine/networks/conditioning.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace xgrad::networks {

namespace {

constexpr std::uint64_t ways = 8;

/// The farthest that each value came from `reference`, by its name.
std::map<std::string, double> movements(const Recipe& recipe, const Mode& mode, const Result& computed,
                                        const Result& reference) {
  std::map<std::string, double> farthest;
  Recipe nudged = recipe;
  for (nudged.nudge = 1; nudged.nudge <= ways; ++nudged.nudge) {
    const Result moved = run(nudged, mode, &computed);
    for (const Seen& seen : reference.seen)
      if (const Seen* there = moved.find(seen.name))
        farthest[seen.name] = std::max(farthest[seen.name], largest_difference(seen, *there));
  }
  return farthest;
}

}  // namespace

Judgement judge(const Recipe& recipe, const Result& computed, const Mode& mode) {
  const Result reference = run(recipe, mode, &computed);
  Judgement judgement{difference_in_values(reference, computed), {}};
  if (!judgement.difference) return judgement;
  constexpr double anything = std::numeric_limits<double>::infinity();
  std::map<std::string, double> allowed;
  for (const Seen& seen : reference.seen) allowed[seen.name] = excused(anything, scale_of(seen));
  if (difference_in_values(reference, computed, allowed)) return judgement;  // whatever its condition
  const std::map<std::string, double> moved = movements(recipe, mode, computed, reference);
  for (const Seen& seen : reference.seen) {
    const auto found = moved.find(seen.name);
    allowed[seen.name] = found == moved.end() ? 0 : excused(found->second, scale_of(seen));
  }
  if (auto wrong = difference_in_values(reference, computed, allowed)) {
    judgement.difference = std::move(wrong);
    return judgement;
  }
  std::string text = judgement.difference->substr(0, judgement.difference->find('\n'));
  for (const Seen& seen : reference.seen)
    if (text.rfind(seen.name + ' ', 0) == 0)
      text += "; one unit in the last place of the leaves moves it by up to " +
              written(moved.at(seen.name) / scale_of(seen)) + " of the scale";
  judgement.difference.reset();
  judgement.ill_conditioned = std::move(text);
  return judgement;
}

double excused(double movement, double scale) {
  constexpr double most_movements = 8, most_of_scale = 1e-6;
  return std::min(most_movements * movement, most_of_scale * scale);
}

bool are_too_many(std::uint64_t ill_conditioned, std::uint64_t networks) {
  return ill_conditioned > 1 && 1000 * ill_conditioned > networks;
}

}  // namespace xgrad::networks
