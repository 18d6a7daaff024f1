// What an Optimizer saves, and what it lets itself be loaded with.

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/core/text.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/tape/text.hpp"
#include "optim/optimizer.hpp"

namespace xgrad::optim {

namespace {

constexpr const char *operation = "load_state", *taken_steps = "taken_steps", *skipped_steps = "skipped_steps",
                     *rule_name = "rule", *parameter_names = "parameters";
constexpr std::int64_t most_steps = std::int64_t{1} << 53;  // a double counts as far

const Tensor* find(const std::vector<NamedTensor>& state, const std::string& name) {
  const auto found = std::ranges::find(state, name, &NamedTensor::name);
  return found == state.end() ? nullptr : &found->value;
}

void drop(std::vector<NamedTensor>& state, const std::string& name) {
  std::erase_if(state, [&](const NamedTensor& each) { return each.name == name; });
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
    end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
  }
  return lines;
}

/// A name is longer where an outer module has given it, and empty where none has.
bool same_name(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() || a == b || a.ends_with('.' + b) || b.ends_with('.' + a);
}

/// `[128, 784] hidden.weight`
bool same_parameter(const std::string& a, const std::string& b) {
  const auto split = [](const std::string& line) {
    const std::size_t end = std::min(line.find(']') + 1, line.size());
    return std::pair(line.substr(0, end), line.substr(std::min(end + 1, line.size())));
  };
  const auto [a_shape, a_name] = split(a);
  const auto [b_shape, b_name] = split(b);
  return a_shape == b_shape && same_name(a_name, b_name);
}

/// `3.exp_avg_sq`
bool is_slot_of(const std::string& name, const std::vector<std::string>& slots) {
  return std::ranges::find(slots, name.substr(name.find('.') + 1)) != slots.end();
}

void check_not_negative(const NamedTensor& slot, const Location& where) {
  dispatch(slot.value.dtype(), [&](auto zero) {
    const auto values = slot.value.data<decltype(zero)>(where);
    const auto negative = std::ranges::find_if(values, [](auto value) { return static_cast<double>(value) < 0; });
    if (negative != values.end())
      fail<FormatError>(where, operation, ": ", slot.name, " is ", *negative, " at element ", negative - values.begin(),
                        ", and cannot be negative; nothing was changed");
  });
}

std::string or_none(const std::string& name) { return name.empty() ? "one without a name" : name; }

/// The numbers of an Optimizer's state, checked.
struct Counts {
  std::int64_t steps, skipped = 0;
  std::vector<std::int64_t> taken;

  Counts(const std::vector<NamedTensor>& state, std::size_t parameters, const Location& where)
      : steps(find(state, "step")->item<std::int64_t>(where)), taken(parameters, steps) {
    check<FormatError>(steps >= 0 && steps <= most_steps, where, operation, ": step is ", steps);
    if (const Tensor* each = find(state, taken_steps)) taken = each->to_vector<std::int64_t>(where);
    for (std::size_t i = 0; i < taken.size(); ++i)
      check<FormatError>(taken[i] >= 0 && taken[i] <= steps, where, operation, ": parameter ", i, " has taken ",
                         taken[i], " of ", steps, " steps");
    if (const Tensor* left_out = find(state, skipped_steps)) skipped = left_out->item<std::int64_t>(where);
    check<FormatError>(skipped >= 0 && skipped <= most_steps, where, operation, ": skipped_steps is ", skipped);
  }
};

}  // namespace

std::string Optimizer::parameter_list() const {
  Text text;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    std::string name = names_.empty() ? parameters_[i].name() : names_[i];
    std::ranges::replace(name, '\n', ' ');
    text << parameters_[i].shape() << (name.empty() ? "" : " ") << name << '\n';
  }
  return text.str();
}

std::vector<NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> state{{"step", tensor(steps_)}};
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    for (std::size_t slot = 0; slot < rule_.slots().size(); ++slot)
      state.push_back({std::to_string(i) + '.' + rule_.slots()[slot], state_[i][slot]});
  state.push_back({taken_steps, tensor(taken_)});
  state.push_back({skipped_steps, tensor(skipped_)});
  state.push_back({rule_name, text_tensor(rule_.name())});
  state.push_back({parameter_names, text_tensor(parameter_list())});
  return state;
}

void Optimizer::check_parameters(const std::string& saved, const Location& where) const {
  const std::vector<std::string> theirs = lines_of(saved), ours = lines_of(parameter_list());
  check<FormatError>(theirs.size() == ours.size(), where, operation, ": the state is of ", theirs.size(),
                     " parameters, this Optimizer has ", ours.size(), "; nothing was changed");
  for (std::size_t i = 0; i < ours.size(); ++i)
    check<FormatError>(same_parameter(ours[i], theirs[i]), where, operation, ": parameter ", i, " of the state is ",
                       theirs[i], ", that of this Optimizer ", ours[i], "; nothing was changed");
}

void Optimizer::load_state(const std::vector<NamedTensor>& saved, const Location& where) {
  std::vector<NamedTensor> expected = state(), given = saved;
  if (const Tensor* name = find(saved, rule_name)) {
    const std::string theirs = text_of(*name, operation, where);
    check<FormatError>(theirs == rule_.name(), where, operation, ": the state is of the rule ", or_none(theirs),
                       ", that of this Optimizer is ", or_none(rule_.name()), "; nothing was changed");
  }
  // Their sizes depend on what they say.
  for (std::vector<NamedTensor>* state : {&expected, &given})
    for (const char* text : {rule_name, parameter_names}) drop(*state, text);
  for (const char* optional : {taken_steps, skipped_steps})
    if (!find(saved, optional)) drop(expected, optional);
  const std::vector<Tensor> values = match_state(expected, given, operation, where);
  evaluate(values, where);
  for (std::size_t i = 0; i < values.size(); ++i) expected[i].value = values[i];
  if (const Tensor* names = find(saved, parameter_names)) check_parameters(text_of(*names, operation, where), where);
  Counts counts(expected, parameters_.size(), where);
  for (const NamedTensor& slot : expected)
    if (is_slot_of(slot.name, rule_.non_negative())) check_not_negative(slot, where);
  steps_ = counts.steps;
  skipped_ = counts.skipped;
  taken_ = std::move(counts.taken);
  auto next = values.begin() + 1;
  for (Tensors& slots : state_)
    for (Tensor& slot : slots) slot = *next++;
  give_up_others();
}

void Optimizer::keep_only(const std::vector<std::size_t>& places, const Location& where) {
  check<ValueError>(!rule_.couples(), where, "keep_only: the updates of the rule ", or_none(rule_.name()),
                    " depend on the gradients of all Parameters together (clip_by_global_norm does)");
  std::vector<bool> kept(parameters_.size());
  for (const std::size_t place : places) {
    check<ValueError>(place < kept.size(), where, "keep_only: there is no parameter ", place, " of ", kept.size());
    kept[place] = true;
  }
  kept_ = std::move(kept);
  give_up_others();
}

// Constants take no memory until somebody asks for their values.
void Optimizer::give_up_others() {
  for (std::size_t i = 0; i < state_.size(); ++i)
    if (!keeps(i))
      for (Tensor& slot : state_[i]) slot = zeros(slot.shape(), slot.dtype());
}

}  // namespace xgrad::optim
