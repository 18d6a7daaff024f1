#include "autograd/engine/rows/tier.hpp"

#include <cstdlib>

#include "autograd/core/fail.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/engine/engine.hpp"

namespace xgrad {

namespace {

using fused::Tier;

Tier tier_named(const std::string& name, const Location& where) {
  if (name == "compiled") return Tier::compiled;
  if (name == "interpreted") return Tier::interpreted;
  if (name == "compile-at-once") return Tier::compile_at_once;
  fail<ValueError>(where, "tier: there is no tier '", name, "'; there are: compiled, interpreted, compile-at-once");
}

struct Selected {
  std::string name;
  Tier choice;
};

Selected& selected() {
  static NeverDestroyed<Selected> selection([] {
    const char* name = std::getenv("XGRAD_TIER");
    const std::string tier = name && *name ? name : "compiled";
    return Selected{tier, tier_named(tier, Location::current())};
  }());
  return *selection;
}

}  // namespace

fused::Tier fused::chosen_tier() { return selected().choice; }

void set_tier(const std::string& name, const Location& where) {
  const Tier choice = tier_named(name, where);
  selected() = {name, choice};
}

const std::string& tier() { return selected().name; }

}  // namespace xgrad
