#include "tests/reference_check/formula.hpp"

#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numbers>

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/reference_check/call.hpp"

namespace xgrad::reference {

namespace {

class Parser {
 public:
  Parser(const std::string& text, const std::map<std::string, Tensor>& names) : text_(text), names_(names) {}

  Tensor all() {
    const Tensor value = sum_of();
    if (skip_spaces(); at_ != text_.size()) refuse();
    return value;
  }

 private:
  [[noreturn]] void refuse() const {
    throw FormatError("the formula " + text_ + " is not understood from character " + std::to_string(at_) + " on");
  }
  void skip_spaces() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool takes(const std::string& symbol) {
    skip_spaces();
    if (text_.compare(at_, symbol.size(), symbol) != 0) return false;
    at_ += symbol.size();
    return true;
  }
  bool takes_single(char symbol) {
    skip_spaces();
    return !(at_ + 1 < text_.size() && text_[at_] == symbol && text_[at_ + 1] == symbol) &&
           takes(std::string(1, symbol));
  }

  Tensor sum_of() {
    Tensor value = product();
    while (true) {
      if (takes("+"))
        value = value + product();
      else if (takes("-"))
        value = value - product();
      else
        return value;
    }
  }

  Tensor product() {
    Tensor value = signed_power();
    while (true) {
      if (takes("//")) {
        value = floor(value / signed_power());
      } else if (takes_single('*')) {
        value = value * signed_power();
      } else if (takes("/")) {
        value = value / signed_power();
      } else if (takes("%")) {
        const Tensor divisor = signed_power();
        value = value - divisor * floor(value / divisor);
      } else {
        return value;
      }
    }
  }

  Tensor signed_power() {
    constexpr int deepest = 200;
    if (++depth_ > deepest) refuse();
    const Tensor value = takes("-") ? -signed_power() : takes("+") ? signed_power() : power();
    --depth_;
    return value;
  }

  Tensor power() {
    const Tensor base = atom();
    return takes("**") || takes("^") ? pow(base, signed_power()) : base;
  }

  Tensor atom() {
    if (takes("(")) {
      const Tensor value = sum_of();
      if (!takes(")")) refuse();
      return value;
    }
    skip_spaces();
    if (at_ == text_.size()) refuse();
    const char first = text_[at_];
    if (std::isdigit(static_cast<unsigned char>(first)) || first == '.') return number();
    if (std::isalpha(static_cast<unsigned char>(first))) return named();
    refuse();
  }

  Tensor number() {
    char* end = nullptr;
    const double value = std::strtod(text_.c_str() + at_, &end);
    if (end == text_.c_str() + at_) refuse();
    at_ = static_cast<std::size_t>(end - text_.c_str());
    return full({}, value, float64);
  }

  Tensor named() {
    const std::size_t start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_' || text_[at_] == '.'))
      ++at_;
    std::string name = text_.substr(start, at_ - start);
    name = name.substr(name.rfind('.') + 1);  // math.exp, torch.exp
    if (takes("(")) return applied(name);
    if (const auto found = names_.find(name); found != names_.end()) return found->second;
    if (name == "pi") return full({}, std::numbers::pi, float64);
    if (name == "e") return full({}, std::numbers::e, float64);
    refuse();
  }

  Tensor applied(const std::string& function) {
    Tensors arguments{sum_of()};
    while (takes(",")) arguments.push_back(sum_of());
    if (!takes(")")) refuse();
    if (arguments.size() == 2) {
      if (function == "min") return minimum(arguments[0], arguments[1]);
      if (function == "max") return maximum(arguments[0], arguments[1]);
      if (function == "pow") return pow(arguments[0], arguments[1]);
    }
    static const nlohmann::json no_arguments = nlohmann::json::object();
    const auto rule = rules().find(function);
    if (arguments.size() != 1 || rule == rules().end()) refuse();
    return rule->second({{{"input", arguments[0]}}, Record(no_arguments, "args")}).at(0);
  }

  const std::string& text_;
  const std::map<std::string, Tensor>& names_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Tensor evaluate_formula(const std::string& text, const std::map<std::string, Tensor>& names) {
  return Parser(text, names).all();
}

}  // namespace xgrad::reference
