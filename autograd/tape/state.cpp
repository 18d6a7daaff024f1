#include "autograd/tape/state.hpp"

#include <unordered_map>

#include "autograd/core/fail.hpp"

namespace xgrad {

namespace {

/// Collects the differences, one line each.
class Differences {
 public:
  template <class... Parts>
  void add(const Parts&... parts) {
    ++count_;
    text_ << "\n  ";
    (text_ << ... << parts);
  }
  void raise_if_any(const char* operation, const Location& where) const {
    check<FormatError>(count_ == 0, where, operation, ": ", count_, count_ == 1 ? " difference" : " differences",
                       ", nothing was changed:", text_.str());
  }

 private:
  std::size_t count_ = 0;
  Text text_;
};

}  // namespace

std::vector<Tensor> match_state(const std::vector<NamedTensor>& expected, const std::vector<NamedTensor>& saved,
                                const char* operation, const Location& where) {
  Differences differences;
  std::unordered_map<std::string, const Tensor*> unmatched;
  for (const auto& [name, value] : saved)
    if (!unmatched.emplace(name, &value).second) differences.add(name, ": given twice");

  std::vector<Tensor> values;
  for (const auto& [name, value] : expected) {
    const auto found = unmatched.find(name);
    if (found == unmatched.end()) {
      differences.add(name, ": missing, expected ", describe(value));
      continue;
    }
    const Tensor& given = *found->second;
    unmatched.erase(found);
    if (!given.defined() || given.shape() != value.shape() || given.dtype() != value.dtype())
      differences.add(name, ": expected ", describe(value), ", got ", describe(given));
    values.push_back(given);
  }
  for (const auto& [name, value] : saved)
    if (const auto found = unmatched.find(name); found != unmatched.end() && found->second == &value)
      differences.add(name, ": unexpected, ", describe(value));
  differences.raise_if_any(operation, where);
  return values;
}

}  // namespace xgrad
