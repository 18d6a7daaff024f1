#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <typeinfo>
#include <unordered_set>

#include "autograd/core/text.hpp"
#include "nn/module.hpp"

namespace xgrad::nn {

namespace {

/// One line per module: name, type, and the shapes of the Parameters that are its own. Those that it shows after a
/// module inside it have a line of their own.
class Tree final : public Visitor {
 public:
  Text text;

 protected:
  void module(const std::string& path, Module& member) override {
    text << '\n' << indent(path) << last_part(path) << ": " << member.type_name();
    modules_.insert(path);
    line_of_ = path, between_ = "  ";
  }
  void parameter(const std::string& path, Parameter& member) override {
    show(path, member.shape());
    if (!member.trainable()) text << " frozen";
  }
  void buffer(const std::string& path, Tensor& member) override {
    show(path, member.shape());
    text << " buffer";
  }

 private:
  void show(const std::string& path, const Shape& shape) {
    std::string owner = path;
    while (!owner.empty()) {  // a list of Parameters has names with dots, too
      owner.resize(owner.find('.') == std::string::npos ? 0 : owner.rfind('.'));
      if (modules_.contains(owner)) break;
    }
    const std::string name = owner.empty() ? path : path.substr(owner.size() + 1);
    text << (owner == line_of_ ? between_ : '\n' + indent(owner.empty() ? "" : owner + '.')) << name << ' ' << shape;
    line_of_ = owner, between_ = ", ";
  }
  static std::string indent(const std::string& path) {
    return std::string(2 * static_cast<std::size_t>(1 + std::ranges::count(path, '.')), ' ');
  }
  static std::string last_part(const std::string& path) {
    const auto dot = path.rfind('.');
    return dot == std::string::npos ? path : path.substr(dot + 1);
  }
  std::unordered_set<std::string> modules_{""};
  std::string line_of_, between_ = "  ";  // the module that the last line is of, and what stands before its next member
};

}  // namespace

std::string Module::type_name() const {
  const char* mangled = typeid(*this).name();
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(mangled, nullptr, nullptr, &status),
                                                         &std::free);
  std::string name = status == 0 ? text.get() : mangled;
  // Colons may also stand in the arguments of templates and functions.
  std::size_t begin = 0, depth = 0;
  for (std::size_t i = 0; i + 1 < name.size(); ++i) {
    if (name[i] == '<' || name[i] == '(') ++depth;
    if ((name[i] == '>' || name[i] == ')') && depth > 0) --depth;
    if (depth == 0 && name.compare(i, 2, "::") == 0) begin = i + 2;
  }
  return name.substr(begin, name.find('<', begin) - begin);
}

std::string Module::to_string() const {
  std::int64_t count = 0;
  for (const Parameter& parameter : parameters()) count += parameter.numel();
  Tree tree;
  tree.text << type_name() << ": " << count << " parameters";
  const_cast<Module&>(*this).visit(tree);
  return tree.text.str();
}

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << module.to_string(); }

}  // namespace xgrad::nn
