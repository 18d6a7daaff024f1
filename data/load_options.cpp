#include "data/load_options.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "autograd/core/fail.hpp"
#include "autograd/core/pattern.hpp"
#include "autograd/ops/elementwise.hpp"
#include "data/file.hpp"

namespace xgrad::data {

namespace {

bool is_selected(const std::string& name, const LoadOptions& options) {
  return options.only.empty() ||
         std::ranges::any_of(options.only, [&](const std::string& pattern) { return name_matches(name, pattern); });
}

void check_patterns(const std::vector<NamedTensor>& present, const LoadOptions& options, const char* operation,
                    const Location& where) {
  for (const std::string& pattern : options.only)
    check<ValueError>(std::ranges::any_of(present, [&](const auto& item) { return name_matches(item.name, pattern); }),
                      where, operation, ": no name matches ", printable(pattern), " of `only`");
}

Tensor cast_like(const Tensor& value, const Tensor& present, bool allowed, const Location& where) {
  if (!allowed || !value.defined() || value.dtype() == present.dtype() || !is_floating(value.dtype()) ||
      !is_floating(present.dtype()))
    return value;
  return cast({value, where}, present.dtype());
}

/// What is saved for the Parameters of an object, by whatever name.
class SavedParameters {
 public:
  void add(const Tensor& present, const Tensor& saved) {
    if (const Parameter holder = Parameter::holder(present); holder.defined()) values_.try_emplace(holder, saved);
  }
  Tensor find(const Tensor& present) const {
    const auto found = values_.find(Parameter::holder(present));
    return found == values_.end() ? Tensor() : found->second;
  }

 private:
  std::unordered_map<Parameter, Tensor> values_;
};

std::vector<std::string> names_of(const std::vector<NamedTensor>& tensors) {
  std::vector<std::string> names;
  for (const NamedTensor& tensor : tensors) names.push_back(tensor.name);
  return names;
}

}  // namespace

Renaming::Renaming(std::initializer_list<std::pair<std::string, std::string>> rules, const Location& where)
    : Renaming(std::vector(rules), where) {}

Renaming::Renaming(std::vector<std::pair<std::string, std::string>> rules, const Location& where)
    : rules_(std::move(rules)) {
  // The first that applies is the longest.
  std::ranges::stable_sort(rules_, std::greater(), [](const auto& rule) { return rule.first.size(); });
  std::unordered_set<std::string> names;
  for (const auto& [from, to] : rules_)
    check<ValueError>(names.insert(from).second, where, "rename: ", printable(from), " is given twice");
}

std::vector<std::string> Renaming::apply(const std::vector<std::string>& names, const char* operation,
                                         const Location& where) const {
  std::vector<std::string> renamed;
  std::vector<bool> used(rules_.size(), false);
  for (const std::string& name : names) {
    const auto rule = std::ranges::find_if(rules_, [&](const auto& each) {
      return name == each.first || (each.first.ends_with('.') && name.starts_with(each.first));
    });
    if (rule != rules_.end()) {
      used[static_cast<std::size_t>(rule - rules_.begin())] = true;
      renamed.push_back(rule->second + name.substr(rule->first.size()));
    } else {
      renamed.push_back(function_ ? function_(name) : name);
    }
  }
  for (std::size_t i = 0; i < rules_.size(); ++i)
    check<ValueError>(used[i], where, operation, ": nothing that is saved is named ", printable(rules_[i].first),
                      rules_[i].first.ends_with('.') ? " or begins so" : "", ", which was to be renamed");
  return renamed;
}

FittedState fit_state(const std::vector<NamedTensor>& saved, const std::vector<NamedTensor>& present,
                      const LoadOptions& options, const char* operation, const Location& where) {
  check_patterns(present, options, operation, where);
  const std::vector<std::string> names = options.rename.apply(names_of(saved), operation, where);
  std::unordered_map<std::string_view, const Tensor*> places;
  for (const auto& [name, value] : present) places.emplace(name, &value);
  FittedState fitted;
  std::unordered_set<std::string_view> given;
  SavedParameters parameters;
  for (std::size_t i = 0; i < saved.size(); ++i) {
    if (!is_selected(names[i], options)) continue;
    const auto place = places.find(names[i]);
    if (place == places.end()) {
      if (options.strict)
        fitted.state.push_back({names[i], saved[i].value});
      else
        fitted.report.unexpected.push_back(saved[i].name);
      continue;
    }
    given.insert(names[i]);
    fitted.state.push_back({names[i], cast_like(saved[i].value, *place->second, options.cast, where)});
    parameters.add(*place->second, fitted.state.back().value);
  }
  check<FormatError>(options.strict || !given.empty() || present.empty(), where, operation, ": none of the ",
                     saved.size(), " names that are saved fits, nothing was changed");
  for (const auto& [name, value] : present) {
    if (given.contains(name)) continue;
    const Tensor tied = parameters.find(value);
    const bool selected = is_selected(name, options);
    if (!tied.defined() && selected && options.strict) continue;
    if (!tied.defined() && selected) fitted.report.missing.push_back(name);
    fitted.state.push_back({name, tied.defined() ? tied : value});
  }
  return fitted;
}

std::vector<bool> needed_values(const std::vector<std::string>& names, const std::vector<NamedTensor>& present,
                                const LoadOptions& options, const char* operation, const Location& where) {
  std::unordered_set<std::string_view> known;
  for (const NamedTensor& tensor : present) known.insert(tensor.name);
  std::vector<bool> needed;
  for (const std::string& name : options.rename.apply(names, operation, where))
    needed.push_back(is_selected(name, options) && (options.strict || known.contains(name)));
  return needed;
}

}  // namespace xgrad::data
