#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <sstream>
#include <typeinfo>

#include "nn/module.hpp"

namespace xgrad::nn {

namespace {

/// The name of the module's type as it is written in the program, without namespaces.
std::string type_name(const Module& module) {
  const char* mangled = typeid(module).name();
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(mangled, nullptr, nullptr, &status),
                                                         &std::free);
  std::string name = status == 0 ? text.get() : mangled;
  const auto arguments = std::min(name.find('<'), name.size());
  const auto scope = name.rfind("::", arguments);
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

/// One line per module: name, type, and the shapes of the Parameters that are its own.
class Tree final : public Visitor {
 public:
  std::ostringstream text;

 protected:
  void module(const std::string& path, Module& member) override {
    text << '\n' << indent(path) << last_part(path) << ": " << type_name(member);
    own_ = 0;
  }
  void parameter(const std::string& path, Parameter& member) override {
    text << (own_++ == 0 ? "  " : ", ") << last_part(path) << ' ' << member.shape();
    if (!member.trainable()) text << " frozen";
  }
  void buffer(const std::string& path, Tensor& member) override {
    text << (own_++ == 0 ? "  " : ", ") << last_part(path) << ' ' << member.shape() << " buffer";
  }

 private:
  static std::string indent(const std::string& path) {
    return std::string(2 * static_cast<std::size_t>(1 + std::ranges::count(path, '.')), ' ');
  }
  static std::string last_part(const std::string& path) {
    const auto dot = path.rfind('.');
    return dot == std::string::npos ? path : path.substr(dot + 1);
  }
  int own_ = 0;
};

}  // namespace

std::string Module::to_string() const {
  std::int64_t count = 0;
  for (const Parameter& parameter : parameters()) count += parameter.numel();
  Tree tree;
  tree.text << type_name(*this) << ": " << count << " parameters";
  const_cast<Module&>(*this).visit(tree);
  return tree.text.str();
}

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << module.to_string(); }

}  // namespace xgrad::nn
