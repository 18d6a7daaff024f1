#pragma once

// Less memory for more time: values that are computed once more on the way back.

#include <algorithm>
#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tape.hpp"
#include "autograd/transform/arguments.hpp"

namespace xgrad {

/// Which of the values that a checkpoint computes are kept for the backward pass; what lies between them is computed
/// again.
struct CheckpointPolicy {
  enum class Keep { everything, nothing, products, names };
  Keep keep = Keep::nothing;
  std::vector<std::string> names = {};
};
/// As if there were no checkpoint.
inline constexpr CheckpointPolicy keep_everything{CheckpointPolicy::Keep::everything};
inline constexpr CheckpointPolicy keep_nothing{CheckpointPolicy::Keep::nothing};
/// The matrix products, which are dear; elementwise functions and reductions are computed again.
inline constexpr CheckpointPolicy keep_products{CheckpointPolicy::Keep::products};
/// What `name_value` gave one of these names.
inline CheckpointPolicy keep_names(std::vector<std::string> names) {
  return {CheckpointPolicy::Keep::names, std::move(names)};
}

/// x, under a name that a checkpoint around it may keep it by.
Tensor name_value(const Operand& x, std::string name);

namespace detail {

/// What this thread records later lies in checkpoints that have not ended.
inline constinit thread_local std::uint64_t open_since = ~std::uint64_t{0};

/// A checkpoint that is recorded now.
class Checkpoint {
 public:
  explicit Checkpoint(const CheckpointPolicy& policy);
  /// What f gave, as entries outside the checkpoint: to be called when it has ended.
  Tensors close(Tensors results, const Location& where) const;

  /// While it lives, what is recorded belongs to the checkpoint.
  class Inside {
   public:
    explicit Inside(const Checkpoint& checkpoint)
        : segment_(checkpoint.segment_), outer_(std::exchange(open_since, std::min(open_since, checkpoint.begin_))) {}
    ~Inside() { open_since = outer_; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    TapeScope<std::uint32_t, &Tape::segment> segment_;
    std::uint64_t outer_;
  };

 private:
  const CheckpointPolicy& policy_;
  std::uint32_t segment_;  // 0 where everything is kept
  std::uint64_t begin_;    // the latest entry before it
};

}  // namespace detail

/// f(x, ...), a Tensor or a vector of them, of which only the arguments, the result and what the policy says are kept
/// for the backward pass: the other values inside are computed again when they are needed, to the same bits (Chen et
/// al., "Training deep nets with sublinear memory cost", 2016).
template <class F, class... Xs>
auto checkpoint(const CheckpointPolicy& policy, F&& f, const Xs&... xs) {
  using Y = detail::Outcome<decltype(f(xs...))>;
  const detail::Checkpoint checkpoint(policy);
  const Y result = [&]() -> Y {
    const detail::Checkpoint::Inside inside(checkpoint);
    return f(xs...);
  }();
  return detail::in_form_of<Y>(checkpoint.close(detail::flat(result), Location::current()));
}
template <class F, class... Xs>
requires(!std::same_as<std::remove_cvref_t<F>, CheckpointPolicy>) auto checkpoint(F&& f, const Xs&... xs) {
  return checkpoint(keep_nothing, std::forward<F>(f), xs...);
}

}  // namespace xgrad
