#pragma once

// Transforms of functions. They are ordinary functions themselves: what they return is recorded, and may be
// differentiated again. A function to be transformed takes Tensors (or one std::vector<Tensor>) and returns a Tensor.

#include <array>
#include <concepts>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/tape/record.hpp"
#include "autograd/transform/grad.hpp"

namespace xgrad {

template <class F>
concept TensorFunction = !std::convertible_to<F, Tensor> &&
                         (std::invocable<F&, const Tensor&> || std::invocable<F&, const std::vector<Tensor>&> ||
                          std::invocable<F&, const Tensor&, const Tensor&> ||
                          std::invocable<F&, const Tensor&, const Tensor&, const Tensor&> ||
                          std::invocable<F&, const Tensor&, const Tensor&, const Tensor&, const Tensor&>);

/// A value, and the gradient of it with respect to each argument.
template <class Gradient>
struct ValueAndGradient {
  Tensor value;
  Gradient gradient;
};

namespace detail {

std::vector<Tensor> track_all(std::span<const Tensor> xs, const Location& where);
std::vector<Tensor> inner_grad(const Tensor& value, const std::vector<Tensor>& xs, const Location& where);
Tensor pull(const Tensor& y, const Tensor& cotangent, const Tensor& x, const Location& where);
Tensor jacobian(const Tensor& y, const Tensor& x, const Location& where);
/// The tangent of y for the tangent u of x: the vjp is linear in its cotangent, so its own vjp is the jvp.
Tensor push(const Tensor& y, const Tensor& x, const Tensor& tangent, const Location& where);
/// The number of a new checkpoint.
std::uint32_t new_segment();
/// The same value, as an entry outside the checkpoint.
Tensor keep(const Tensor& result);

}  // namespace detail

/// `value_and_grad(f)(x, ...)` is {f(x, ...), its gradients}: a Tensor for one argument, an array for several, a vector
/// for a vector. f must return one element.
template <TensorFunction F>
auto value_and_grad(F f, const Location& where = Location::current()) {
  return [f = std::move(f), where]<class... Xs>(const Xs&... xs) {
    const EnableGrad tracking;
    if constexpr (sizeof...(Xs) == 1 && (std::same_as<Xs, std::vector<Tensor>> && ...)) {
      const std::vector<Tensor> inputs = detail::track_all(xs..., where);
      const Tensor value = f(inputs);
      return ValueAndGradient<std::vector<Tensor>>{value, detail::inner_grad(value, inputs, where)};
    } else {
      const std::array<Tensor, sizeof...(Xs)> given{Tensor(xs)...};
      const std::vector<Tensor> inputs = detail::track_all(given, where);
      const Tensor value = [&]<std::size_t... I>(std::index_sequence<I...>)->Tensor { return f(inputs[I]...); }
      (std::index_sequence_for<Xs...>());
      const std::vector<Tensor> gradients = detail::inner_grad(value, inputs, where);
      if constexpr (sizeof...(Xs) == 1) {
        return ValueAndGradient<Tensor>{value, gradients[0]};
      } else {
        std::array<Tensor, sizeof...(Xs)> each;
        std::copy(gradients.begin(), gradients.end(), each.begin());
        return ValueAndGradient<std::array<Tensor, sizeof...(Xs)>>{value, each};
      }
    }
  };
}

/// `grad(f)(x, ...)` is the gradient of f, which must return one element, with respect to its arguments.
template <TensorFunction F>
auto grad(F f, const Location& where = Location::current()) {
  return [both = value_and_grad(std::move(f), where)]<class... Xs>(const Xs&... xs) { return both(xs...).gradient; };
}

/// {f(x), the function that takes a cotangent of f(x) to one of x}.
template <std::invocable<const Tensor&> F>
auto vjp(F&& f, const Operand& x) {
  const EnableGrad tracking;
  const Tensor input = track(x), value = f(input);
  const Location where = x.where();
  return std::pair(
      value, [value, input, where](const Tensor& cotangent) { return detail::pull(value, cotangent, input, where); });
}

/// {f(x), its derivative in the direction `tangent`, which is like x}.
template <std::invocable<const Tensor&> F>
std::pair<Tensor, Tensor> jvp(F&& f, const Operand& x, const Tensor& tangent) {
  const EnableGrad tracking;
  const Tensor input = track(x), value = f(input);
  return {value, detail::push(value, input, tangent, x.where())};
}

/// `jacobian(f)(x)[i..., j...]` is the derivative of f(x)[i...] by x[j...].
template <std::invocable<const Tensor&> F>
auto jacobian(F f, const Location& where = Location::current()) {
  return [f = std::move(f), where](const Tensor& x) {
    const EnableGrad tracking;
    const Tensor input = track(Operand(x, where));
    return detail::jacobian(f(input), input, where);
  };
}

/// `hessian(f)(x)[i..., j...]` is the second derivative of f, which must return one element.
template <std::invocable<const Tensor&> F>
auto hessian(F f, const Location& where = Location::current()) {
  return jacobian(grad(std::move(f), where), where);
}

/// The Hessian of f at x times v, without the Hessian.
template <std::invocable<const Tensor&> F>
Tensor hvp(F&& f, const Operand& x, const Tensor& v) {
  return jvp(grad(std::forward<F>(f), x.where()), x, v).second;
}

/// f(x, ...), of which only the arguments and the result are kept for the walk back: the values inside are computed
/// again when they are needed (Chen et al., "Training deep nets with sublinear memory cost", 2016).
template <class F, class... Xs>
Tensor checkpoint(F&& f, const Xs&... xs) {
  const Tensor result = [&]() -> Tensor {
    const detail::TapeScope<std::uint32_t, &Tape::segment> segment(detail::new_segment());
    return f(xs...);
  }();
  return detail::keep(result);
}

}  // namespace xgrad
