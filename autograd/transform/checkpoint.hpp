#pragma once

// Checkpoints, which save memory: the backward pass computes values again instead of keeping them.

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

/// Which values inside a checkpoint are kept for the backward pass; it computes all others again.
struct CheckpointPolicy {
  enum class Keep { everything, nothing, products, names };
  Keep keep = Keep::nothing;
  std::vector<std::string> names = {};
};
/// Keeps all values, as without a checkpoint.
inline constexpr CheckpointPolicy keep_everything{CheckpointPolicy::Keep::everything};
inline constexpr CheckpointPolicy keep_nothing{CheckpointPolicy::Keep::nothing};
/// Keeps matrix products, which are expensive; elementwise functions and reductions are computed again.
inline constexpr CheckpointPolicy keep_products{CheckpointPolicy::Keep::products};
/// Keeps the values that `name_value` gave one of these names.
inline CheckpointPolicy keep_names(std::vector<std::string> names) {
  return {CheckpointPolicy::Keep::names, std::move(names)};
}

/// x, with a name by which a checkpoint can keep it.
Tensor name_value(const Operand& x, std::string name);

namespace detail {

/// Entries of this thread after this number are inside a checkpoint that has not ended.
inline constinit thread_local std::uint64_t open_since = ~std::uint64_t{0};

/// A checkpoint while it is recorded.
class Checkpoint {
 public:
  explicit Checkpoint(const CheckpointPolicy& policy);
  /// The results of f as entries outside the checkpoint; to be called after Inside has ended.
  Tensors close(Tensors results, const Location& where) const;

  /// While an Inside lives, entries belong to the checkpoint.
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

/// f(x, ...), a Tensor or a vector of them. For the backward pass only the arguments, the results and what the policy
/// says are kept; other values inside are computed again when it needs them, to the same bits (Chen et al., "Training
/// deep nets with sublinear memory cost", 2016).
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
