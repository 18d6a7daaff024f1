#include "tests/autograd/engine/networks/modes.hpp"

namespace xgrad::networks {

const Mode& plain_mode() {
  static const Mode mode{.name = "together"};
  return mode;
}

const Mode& reference_mode() {
  static const Mode mode{.name = "reference", .engine = "reference"};
  return mode;
}

const Mode& kept_mode() {
  static const Mode mode{.name = "kept for gradients", .held = 100, .engine = "reference"};
  return mode;
}

const std::vector<Mode>& all_modes() {
  static const std::vector<Mode> modes{
      {.name = "again"},
      {.name = "one by one", .order = Order::one_by_one},
      {.name = "one by one, latest first", .order = Order::reversed},
      {.name = "in parts", .order = Order::in_parts},
      {.name = "in parts, nothing else held", .order = Order::in_parts, .held = 0},
      {.name = "loss first", .order = Order::loss_first},
      {.name = "as recorded", .order = Order::as_recorded, .held = 60},
      {.name = "by the update alone", .order = Order::by_update},
      {.name = "eager", .eager = true},
      {.name = "printing", .prints = true},
      {.name = "nothing held", .held = 0},
      {.name = "half held", .held = 50},
      {.name = "all held", .held = 100},
      {.name = "keeping everything", .held = 50, .keeps = true},
      {.name = "dropping everything", .order = Order::by_update, .held = 0, .drops_roots = true},
      {.name = "interpreted", .tier = "interpreted"},
      {.name = "compiled at once", .tier = "compile-at-once"},
      {.name = "2 threads", .threads = 2},
      {.name = "3 threads", .threads = 3},
      {.name = "7 threads", .threads = 7},
      {.name = "least memory", .budget = 1},
      {.name = "16 KiB", .budget = 16384},
      {.name = "some memory", .budget = 100000},
      {.name = "after other data", .after_other_data = true},
  };
  return modes;
}

Mode mixed_mode(std::uint64_t seed) {
  Rng choices(seed ^ 0x6d69786564);
  Mode mode{.name = "mixed"};
  mode.order = static_cast<Order>(choices.below(7));
  mode.eager = choices.below(12) == 0;
  const int shares[] = {-1, 0, 30, 70, 100};
  mode.held = shares[choices.below(5)];
  mode.prints = choices.below(5) == 0;
  mode.keeps = choices.below(4) == 0;
  mode.drops_roots = choices.below(4) == 0;
  const char* const tiers[] = {nullptr, "interpreted", "compile-at-once"};
  mode.tier = tiers[choices.below(3)];
  const int threads[] = {1, 2, 3, 7};
  mode.threads = threads[choices.below(4)];
  mode.budget = choices.below(3) > 0 ? 0 : std::size_t{1} << choices.below(20);
  mode.salt = seed;
  return mode;
}

}  // namespace xgrad::networks
