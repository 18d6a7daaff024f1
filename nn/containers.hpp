#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "nn/owned.hpp"

namespace xgrad::nn {

/// Modules of any types, named by their place: `0.weight`, `1.weight`. (Where all are of one type, a std::vector of it
/// is as good.) Copying it copies the modules.
///
///     nn::ModuleList stages(nn::Linear(2, 8), nn::Dropout(0.1));
///     y = stages.at<nn::Linear>(0)(x);
class ModuleList : public Module {
 public:
  ModuleList() = default;
  template <std::derived_from<Module>... Modules>
  requires(sizeof...(Modules) > 1 ||
           (... && !std::same_as<Modules, ModuleList>)) explicit ModuleList(Modules... modules) {
    (add(std::move(modules)), ...);
  }

  ModuleList& add(Owned<Module> module, const Location& where = Location::current());
  std::size_t size() const { return modules_.size(); }
  /// IndexError when there are not so many.
  Module& at(std::size_t index, const Location& where = Location::current());
  /// ValueError also when it is no M.
  template <std::derived_from<Module> M>
  M& at(std::size_t index, const Location& where = Location::current()) {
    return as<M>(at(index, where), "at", where);
  }
  template <std::derived_from<Module> M>
  const M& at(std::size_t index, const Location& where = Location::current()) const {
    return const_cast<ModuleList&>(*this).at<M>(index, where);
  }

  void visit(Visitor& visitor) override;

 private:
  std::vector<Owned<Module>> modules_;
};

/// Modules of any types, named by keys, in the order in which they were added. Copying it copies the modules.
///
///     nn::ModuleMap heads{{"class", nn::Linear(8, 10)}, {"box", nn::Linear(8, 4)}};
///     y = heads.at<nn::Linear>("box")(x);
class ModuleMap : public Module {
 public:
  ModuleMap() = default;
  ModuleMap(std::initializer_list<std::pair<std::string, Owned<Module>>> modules,
            const Location& where = Location::current());

  /// ValueError for a key that there is already, for an empty one, and for one with a dot, which joins names.
  ModuleMap& add(const std::string& key, Owned<Module> module, const Location& where = Location::current());
  std::size_t size() const { return modules_.size(); }
  bool contains(const std::string& key) const;
  std::vector<std::string> keys() const;
  /// ValueError when there is no such key.
  Module& at(const std::string& key, const Location& where = Location::current());
  /// ValueError also when it is no M.
  template <std::derived_from<Module> M>
  M& at(const std::string& key, const Location& where = Location::current()) {
    return as<M>(at(key, where), "at", where);
  }
  template <std::derived_from<Module> M>
  const M& at(const std::string& key, const Location& where = Location::current()) const {
    return const_cast<ModuleMap&>(*this).at<M>(key, where);
  }

  void visit(Visitor& visitor) override;

 private:
  std::vector<std::pair<std::string, Owned<Module>>> modules_;
};

}  // namespace xgrad::nn
