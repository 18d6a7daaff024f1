#include "optim/groups.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/core/pattern.hpp"

namespace xgrad::optim {

namespace {

void check_group(const Group& group, const Transformation& rule, const Location& where) {
  check<ValueError>(group.rate || group.decay, where, "Optimizer: the group ", group.names,
                    " has neither rate nor decay");
  check<ValueError>(!group.rate || rule.rates().size() == 1, where, "Optimizer: the group ", group.names,
                    " has a rate, but the rule has ", rule.rates().size());
  check<ValueError>(!group.decay || rule.decays().size() == 1, where, "Optimizer: the group ", group.names,
                    " has a decay, but the rule has ", rule.decays().size());
  if (group.rate) group.rate->require(non_negative, "Optimizer", "rate", where);
  if (group.decay) group.decay->require(non_negative, "Optimizer", "decay", where);
}

void give(std::optional<Hyperparameter>& to, const std::optional<Hyperparameter>& from, const char* what,
          const std::string& name, const Location& where) {
  if (!from) return;
  check<ValueError>(!to, where, "Optimizer: two groups give a ", what, " for ", name);
  to = from;
}

}  // namespace

std::vector<OwnNumbers> own_numbers(const std::vector<Group>& groups, const std::vector<std::string>& names,
                                    const Transformation& rule, const Location& where) {
  if (groups.empty()) return {};
  check<ValueError>(!names.empty(), where, "Optimizer: groups go by names: give it model.named_parameters()");
  std::vector<OwnNumbers> own(names.size());
  for (const Group& group : groups) {
    check_group(group, rule, where);
    bool any = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!name_matches(names[i], group.names)) continue;
      any = true;
      give(own[i].rate, group.rate, "rate", names[i], where);
      give(own[i].decay, group.decay, "decay", names[i], where);
    }
    check<ValueError>(any, where, "Optimizer: no parameter is named like ", group.names);
  }
  return own;
}

}  // namespace xgrad::optim
