#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace xgrad::optim {

struct OwnNumbers;

/// Which step of which Parameter it is. It converts to the number of steps that this Parameter has taken before, 0, 1,
/// 2, ..., which is what corrections of a bias and "the first step" go by. A Parameter that is frozen takes none, so
/// the Optimizer may have done more: `of_optimizer`, which is what Schedules go by.
class StepNumber {
 public:
  StepNumber(std::int64_t of_parameter) : StepNumber(of_parameter, of_parameter) {}
  StepNumber(std::int64_t of_parameter, std::int64_t of_optimizer, const OwnNumbers* own = nullptr)
      : of_parameter_(of_parameter), of_optimizer_(of_optimizer), own_(own) {}

  operator std::int64_t() const { return of_parameter_; }
  std::int64_t of_optimizer() const { return of_optimizer_; }
  /// What the group of this Parameter has in place of the rule's numbers; null for nothing.
  const OwnNumbers* own() const { return own_; }

 private:
  std::int64_t of_parameter_, of_optimizer_;
  const OwnNumbers* own_;
};

/// The numbers of one step: of the Optimizer and, where they differ, of each Parameter.
class StepNumbers {
 public:
  StepNumbers(std::int64_t of_all) : of_optimizer_(of_all) {}
  StepNumbers(std::int64_t of_optimizer, std::vector<std::int64_t> of_each, std::vector<const OwnNumbers*> own = {})
      : of_optimizer_(of_optimizer), of_each_(std::move(of_each)), own_(std::move(own)) {}

  std::int64_t of_optimizer() const { return of_optimizer_; }
  /// Whether Parameters may have numbers of their own.
  bool has_groups() const { return !own_.empty(); }
  StepNumber of(std::size_t parameter) const {
    return {of_each_.empty() ? of_optimizer_ : of_each_[parameter], of_optimizer_,
            own_.empty() ? nullptr : own_[parameter]};
  }

 private:
  std::int64_t of_optimizer_;
  std::vector<std::int64_t> of_each_;
  std::vector<const OwnNumbers*> own_;  // of each; none where there are no groups
};

}  // namespace xgrad::optim
