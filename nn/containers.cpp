#include "nn/containers.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"

namespace xgrad::nn {

ModuleList& ModuleList::add(Owned<Module> module, const Location& where) {
  check<ValueError>(static_cast<bool>(module), where, "ModuleList: there is no module");
  modules_.push_back(std::move(module));
  return *this;
}

Module& ModuleList::at(std::size_t index, const Location& where) {
  check<IndexError>(index < modules_.size(), where, "ModuleList: there is no module ", index, " of ", modules_.size());
  return *modules_[index];
}

void ModuleList::visit(Visitor& visitor) {
  for (std::size_t i = 0; i < modules_.size(); ++i) visitor(std::to_string(i), modules_[i]);
}

ModuleMap::ModuleMap(std::initializer_list<std::pair<std::string, Owned<Module>>> modules, const Location& where) {
  for (const auto& [key, module] : modules) add(key, module, where);
}

ModuleMap& ModuleMap::add(const std::string& key, Owned<Module> module, const Location& where) {
  check<ValueError>(static_cast<bool>(module), where, "ModuleMap: there is no module for ", key);
  check<ValueError>(!key.empty() && key.find('.') == std::string::npos, where, "ModuleMap: the key \"", key,
                    "\" is empty or has a dot");
  check<ValueError>(!contains(key), where, "ModuleMap: there is a module ", key, " already");
  modules_.emplace_back(key, std::move(module));
  return *this;
}

bool ModuleMap::contains(const std::string& key) const {
  return std::ranges::any_of(modules_, [&](const auto& item) { return item.first == key; });
}

std::vector<std::string> ModuleMap::keys() const {
  std::vector<std::string> found;
  for (const auto& [key, module] : modules_) found.push_back(key);
  return found;
}

Module& ModuleMap::at(const std::string& key, const Location& where) {
  for (auto& [name, module] : modules_)
    if (name == key) return *module;
  fail<ValueError>(where, "ModuleMap: there is no module ", key);
}

void ModuleMap::visit(Visitor& visitor) {
  for (auto& [key, module] : modules_) visitor(key, module);
}

}  // namespace xgrad::nn
