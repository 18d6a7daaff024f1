#pragma once

// Checking derivatives against numbers: of a layer, a loss, a primitive of one's own.

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// A function of Tensors, as the checker calls it.
using CheckedFunction = std::function<Tensor(const std::vector<Tensor>&)>;

struct GradientCheckOptions {
  /// Checks the first `order` derivatives. From the second on: the gradient of a directional derivative in random
  /// directions.
  int order = 1;
  /// Of the random cotangent and directions.
  std::uint64_t seed = 0;
  /// Agreement means |analytic - numeric| <= tolerance * max(1, |analytic|, |numeric|) + 10 * error estimate.
  double tolerance = 1e-9;
  /// An input with up to so many elements is checked in each of them, a larger one in `directions` random directions.
  std::int64_t all_elements_up_to = 64;
  int directions = 16;
  /// Allows float32 inputs. Numeric derivatives mean little in float32, so the gradients are compared with those of
  /// the same function in float64, which are then checked; the function must not fix a dtype of its own.
  bool allow_float32 = false;
  /// The agreement asked for between the float32 and the float64 gradients.
  double float32_tolerance = 1e-4;
};

enum class Verdict {
  pass,
  fail,
  inconclusive,  ///< no reliable numeric derivative here (a kink, a singularity, noise): choose another point
};
const char* name(Verdict verdict);

/// What a gradient check found: the verdict, and the place where the derivatives agree least.
struct GradientCheckReport {
  Verdict verdict = Verdict::pass;
  int order = 0;          ///< of the derivative
  std::size_t input = 0;  ///< number of the input
  /// The element of that input; empty where a random direction was checked.
  std::vector<std::int64_t> index;
  bool along_direction = false;
  double analytic = 0, numeric = 0;
  double error_estimate = 0;  ///< of the numeric derivative
  std::string reason;         ///< why the check is inconclusive

  /// After a failure: the primitive whose own rule is wrong, which of its inputs, and where it was recorded; empty when
  /// every rule on the tape is right by itself (a stop_gradient, a value read out on the way).
  std::string primitive;
  std::size_t primitive_input = 0;
  int primitive_order = 0;  ///< of the derivative of the primitive alone that is wrong
  Location where;

  explicit operator bool() const { return verdict == Verdict::pass; }
  std::string text() const;
};

/// Compares the derivatives of f at `inputs` with numeric ones (Ridders, "Accurate computation of F'(x) and
/// F'(x)F''(x)", 1982: central differences extrapolated to step 0, with an error estimate). f may return any shape; it
/// is contracted with a random cotangent. Inputs of int64 and bool are held constant. DTypeError for float32, unless
/// allowed.
GradientCheckReport check_gradient(const CheckedFunction& f, const std::vector<Tensor>& inputs,
                                   const GradientCheckOptions& options = {},
                                   const Location& where = Location::current());

namespace detail {
template <class F, class... Xs>
concept GivesTensor = std::invocable<F&, Xs...> && std::convertible_to<std::invoke_result_t<F&, Xs...>, Tensor>;

/// f as a function of a vector, whatever number of Tensors it takes.
template <class F>
CheckedFunction checked_function(F f) {
  using T = const Tensor&;
  if constexpr (GivesTensor<F, const std::vector<Tensor>&>)
    return f;
  else if constexpr (GivesTensor<F, T>)
    return [f](const std::vector<Tensor>& x) mutable -> Tensor { return f(x.at(0)); };
  else if constexpr (GivesTensor<F, T, T>)
    return [f](const std::vector<Tensor>& x) mutable -> Tensor { return f(x.at(0), x.at(1)); };
  else if constexpr (GivesTensor<F, T, T, T>)
    return [f](const std::vector<Tensor>& x) mutable -> Tensor { return f(x.at(0), x.at(1), x.at(2)); };
  else {
    static_assert(GivesTensor<F, T, T, T, T>, "a checked function takes up to four Tensors, or a vector of them");
    return [f](const std::vector<Tensor>& x) mutable -> Tensor { return f(x.at(0), x.at(1), x.at(2), x.at(3)); };
  }
}
}  // namespace detail

/// The same for a function of one to four Tensors.
template <class F>
requires(!std::convertible_to<F, CheckedFunction>) GradientCheckReport
    check_gradient(F f, const std::vector<Tensor>& inputs, const GradientCheckOptions& options = {},
                   const Location& where = Location::current()) {
  return check_gradient(detail::checked_function(std::move(f)), inputs, options, where);
}

}  // namespace xgrad
