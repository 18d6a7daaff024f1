#include "nn/reparametrised.hpp"

#include "autograd/core/fail.hpp"

namespace xgrad::nn::detail {

namespace {

class Find final : public Visitor {
 public:
  explicit Find(const std::string& name) : name_(name) {}
  Parameter found;

 protected:
  void parameter(const std::string& path, Parameter& member) override {
    if (path == name_) found = member;
  }

 private:
  const std::string& name_;
};

class Renaming final : public VisitorFilter {
 public:
  Renaming(Visitor& to, const std::string& name, const std::string& suffix)
      : VisitorFilter(to), name_(name), suffix_(suffix) {}

 protected:
  void parameter(const std::string& path, Parameter& member) override {
    to_(path == name_ ? path + suffix_ : path, member);
  }

 private:
  const std::string &name_, &suffix_;
};

}  // namespace

Parameter find_parameter(const Module& module, const std::string& name, const char* call, const Location& where) {
  Find visitor(name);
  const_cast<Module&>(module).visit(visitor);
  check<ValueError>(visitor.found.defined(), where, call, ": ", module.type_name(), " has no Parameter named ", name);
  return visitor.found;
}

void show_renamed(Module& module, const std::string& name, const std::string& suffix, Visitor& to) {
  Renaming visitor(to, name, suffix);
  visitor(module);
}

}  // namespace xgrad::nn::detail
