#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autograd/core/random.hpp"
#include "autograd/tape/parameter.hpp"

namespace xgrad::nn {

class Module;
class Step;
template <class T>
class Owned;

/// Is shown the members of a module, one by one, by the module's `visit`. The name of a member is joined to those of
/// the modules around it: `hidden.weight`.
class Visitor {
 public:
  void operator()(const std::string& name, Parameter& parameter);
  /// State that is not trained, such as running statistics.
  void operator()(const std::string& name, Tensor& buffer);
  void operator()(const std::string& name, Rng& rng);
  void operator()(const std::string& name, Module& module);
  /// A step of a Sequential or its like: shown if it is a module.
  void operator()(const std::string& name, Step& step);
  /// Shows the members of `module` under their own names, as if they were those of the module that shows it.
  void operator()(Module& module);

  /// The elements are named `name.0`, `name.1`, ...
  template <class T>
  void operator()(const std::string& name, std::vector<T>& members) {
    list(name, members);
  }
  template <class T, std::size_t N>
  void operator()(const std::string& name, std::array<T, N>& members) {
    list(name, members);
  }
  /// The elements are named `name.key`.
  template <class T>
  void operator()(const std::string& name, std::map<std::string, T>& members) {
    for (auto& [key, member] : members) (*this)(name + '.' + key, member);
  }
  template <class T>
  void operator()(const std::string& name, std::optional<T>& member) {
    if (member) (*this)(name, *member);
  }
  template <class T>
  void operator()(const std::string& name, std::unique_ptr<T>& member) {
    if (member) (*this)(name, *member);
  }
  template <class T>
  void operator()(const std::string& name, Owned<T>& member) {
    if (member) (*this)(name, *member);
  }

 protected:
  ~Visitor() = default;
  virtual void parameter(const std::string& path, Parameter& parameter) = 0;
  virtual void buffer(const std::string&, Tensor&) {}
  virtual void random(const std::string&, Rng&) {}
  virtual void module(const std::string&, Module&) {}  ///< before its members
  /// One that is shown without a name, before its members; the name is that of the module that shows it.
  virtual void unnamed(const std::string&, Module&) {}

 private:
  friend class VisitorFilter;
  template <class Members>
  void list(const std::string& name, Members& members) {
    std::size_t index = 0;
    for (auto& member : members) (*this)(name + '.' + std::to_string(index++), member);
  }

  void show_unnamed(Module& module) { unnamed(prefix_.substr(0, prefix_.size() - !prefix_.empty()), module); }

  std::string prefix_;
};

/// Hands on to another visitor what it is shown, but for what a subclass does otherwise: shows instead of one Parameter
/// several, say.
class VisitorFilter : public Visitor {
 public:
  explicit VisitorFilter(Visitor& to) : to_(to) {}

 protected:
  ~VisitorFilter() = default;
  void parameter(const std::string& path, Parameter& parameter) override { to_(path, parameter); }
  void buffer(const std::string& path, Tensor& buffer) override { to_(path, buffer); }
  void random(const std::string& path, Rng& rng) override { to_(path, rng); }
  void module(const std::string& path, Module& module) override { to_.module(to_.prefix_ + path, module); }
  void unnamed(const std::string& path, Module& module) override {
    path.empty() ? to_.show_unnamed(module) : to_.unnamed(to_.prefix_ + path, module);
  }

  Visitor& to_;
};

}  // namespace xgrad::nn
