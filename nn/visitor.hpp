#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autograd/core/random.hpp"
#include "autograd/tape/parameter.hpp"

namespace xgrad::nn {

class Module;

/// Is shown the members of a module, one by one, by the module's `visit`. The name of a member is joined to those of
/// the modules around it: `hidden.weight`.
class Visitor {
 public:
  void operator()(const std::string& name, Parameter& parameter);
  /// State that is not trained, such as running statistics.
  void operator()(const std::string& name, Tensor& buffer);
  void operator()(const std::string& name, Rng& rng);
  void operator()(const std::string& name, Module& module);

  /// The elements are named `name.0`, `name.1`, ...
  template <class T>
  void operator()(const std::string& name, std::vector<T>& members) {
    list(name, members);
  }
  template <class T, std::size_t N>
  void operator()(const std::string& name, std::array<T, N>& members) {
    list(name, members);
  }
  template <class T>
  void operator()(const std::string& name, std::optional<T>& member) {
    if (member) (*this)(name, *member);
  }
  template <class T>
  void operator()(const std::string& name, std::unique_ptr<T>& member) {
    if (member) (*this)(name, *member);
  }

 protected:
  ~Visitor() = default;
  virtual void parameter(const std::string& path, Parameter& parameter) = 0;
  virtual void buffer(const std::string&, Tensor&) {}
  virtual void random(const std::string&, Rng&) {}
  virtual void module(const std::string&, Module&) {}  ///< before its members

 private:
  template <class Members>
  void list(const std::string& name, Members& members) {
    std::size_t index = 0;
    for (auto& member : members) (*this)(name + '.' + std::to_string(index++), member);
  }

  std::string prefix_;
};

}  // namespace xgrad::nn
