#include "optim/forgotten.hpp"

#include <cstdio>
#include <set>

#include "autograd/core/fail.hpp"
#include "autograd/core/mutex.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/transform/derivation.hpp"

namespace xgrad::optim {

namespace {

// What no Optimizer has been given by now.
std::vector<Parameter> forgotten_by(const Derivation& derivation) {
  std::vector<Parameter> forgotten;
  for (const auto& weak : derivation.forgotten)
    if (const auto cell = weak.lock(); cell && !cell->optimised && cell->trainable)
      if (const Parameter parameter = Parameter::holder(cell->read()); parameter.defined())
        forgotten.push_back(parameter);
  return forgotten;
}

bool is_new(const Location& where) {
  static Mutex mutex;
  static NeverDestroyed<std::set<std::string>> known;
  const std::lock_guard lock(mutex);
  return known->insert(std::string(where.file_name()) + place(where)).second;
}

}  // namespace

void warn_of_forgotten(const Tensors& gradients, const Location& where) {
  for (const Derivation& derivation : derivations_of(gradients)) {
    const std::vector<Parameter> forgotten = forgotten_by(derivation);
    if (forgotten.empty() || !is_new(where)) continue;
    const Parameter& first = forgotten[0];
    Text text;
    text << "xgrad: step: the loss recorded at " << place(derivation.loss) << " depends on " << describe(first)
         << ", made at " << place(first.made());
    if (forgotten.size() > 1) text << " (and " << forgotten.size() - 1 << " more)";
    text << ", which no Optimizer was given";
    if (first.name().empty()) text << " and no `visit` has shown";
    text << ", so that it is not trained; set_trainable(false) says that this is meant, at " << place(where) << '\n';
    std::fputs(text.str().c_str(), stderr);
    return;
  }
}

}  // namespace xgrad::optim
