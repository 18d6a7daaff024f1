#pragma once

// Transforms of functions. They are ordinary functions themselves: what they return is recorded, and may be
// differentiated again. A function to be transformed returns a Tensor. `grad(f)(x, y)` and its kin take what f takes:
// Tensors, Parameters, vectors of them (`model.parameters()`) and, where `argnums<0>` says by which arguments to
// differentiate, anything else beside them. `jvp(f, {x, y}, {u, v})` and its kin take lists, for a function of several
// Tensors or of one std::vector<Tensor>.

#include <concepts>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/tape/record.hpp"
#include "autograd/tape/tensor_list.hpp"
#include "autograd/transform/arguments.hpp"
#include "autograd/transform/grad.hpp"

namespace xgrad {

template <class F>
concept TensorFunction = !std::convertible_to<F, Tensor> && !std::convertible_to<F, std::vector<Tensor>> &&
                         (std::is_class_v<std::remove_cvref_t<F>> || std::is_function_v<std::remove_reference_t<F>> ||
                          std::is_pointer_v<std::remove_cvref_t<F>>);

/// A value, and the gradient of it with respect to each argument.
template <class Gradient>
struct ValueAndGradient {
  Tensor value;
  Gradient gradient;
};

namespace detail {

Tensors track_all(std::span<const Tensor> xs, const Location& where);
Tensors inner_grad(const Tensor& value, const Tensors& xs, const Location& where);
Tensors pull(const Tensor& y, const Tensor& cotangent, const Tensors& xs, const Location& where);
/// d y / d x for each x.
Tensors jacobians(const Tensor& y, const Tensors& xs, const Location& where);
/// The tangents of ys for those of xs: the vjp is linear in its cotangent, so its own vjp is the jvp.
Tensors push(const Tensors& ys, const Tensors& xs, const Tensors& tangents, const Location& where);
[[noreturn]] void refuse_count(std::size_t count, const Location& where);
/// The number of a new checkpoint.
std::uint32_t new_segment();
/// The same value, as an entry outside the checkpoint.
Tensor keep(const Tensor& result);

template <class F, std::size_t... I>
concept TakesTensors = std::invocable<F&, decltype(static_cast<void>(I), std::declval<const Tensor&>())...>;
template <class F>
concept TakesSeveral = std::invocable<F&, const Tensor&> || TakesTensors<F, 0, 1> || TakesTensors<F, 0, 1, 2> ||
    TakesTensors<F, 0, 1, 2, 3> || TakesTensors<F, 0, 1, 2, 3, 4> || TakesTensors<F, 0, 1, 2, 3, 4, 5>;

/// f(x, y, ...) or, for a function of a vector, f({x, y, ...}).
template <class F>
Tensor call_with_list(F& f, const Tensors& xs, const Location& where) {
  const auto with = [&]<std::size_t... I>(std::index_sequence<I...>)->Tensor {
    if constexpr (TakesTensors<F, I...>) return f(xs[I]...);
    refuse_count(xs.size(), where);
  };
  if constexpr (!TakesSeveral<F>) return f(xs);
  switch (xs.size()) {
    case 1:
      return with(std::make_index_sequence<1>());
    case 2:
      return with(std::make_index_sequence<2>());
    case 3:
      return with(std::make_index_sequence<3>());
    case 4:
      return with(std::make_index_sequence<4>());
    case 5:
      return with(std::make_index_sequence<5>());
    case 6:
      return with(std::make_index_sequence<6>());
    default:
      refuse_count(xs.size(), where);
  }
}

}  // namespace detail

/// `value_and_grad(f)(x, ...)` is {f(x, ...), its gradients}: for one argument the gradient in its form, a Tensor or a
/// vector of them, for several an array (where one is a vector, a tuple). f must return one element.
///
///     const auto [value, gradients] = value_and_grad(loss, argnums<0>)(model.parameters(), images, labels);
template <TensorFunction F, std::size_t... I>
auto value_and_grad(F f, ArgNums<I...>, const Location& where = Location::current()) {
  return [f = std::move(f), where]<class... Xs>(const Xs&... xs) {
    const EnableGrad tracking;
    const auto arguments = detail::arguments<ArgNums<I...>>(xs...);
    const detail::Tensors tracked = detail::track_all(arguments.flat(), where);
    const Tensor value = arguments.call(f, tracked);
    auto gradient = arguments.result(detail::inner_grad(value, tracked, where));
    return ValueAndGradient<decltype(gradient)>{value, std::move(gradient)};
  };
}
template <TensorFunction F>
auto value_and_grad(F f, const Location& where = Location::current()) {
  return value_and_grad(std::move(f), argnums<>, where);
}

/// `grad(f)(x, ...)` is the gradient of f, which must return one element, with respect to its arguments.
template <TensorFunction F, std::size_t... I>
auto grad(F f, ArgNums<I...> numbers, const Location& where = Location::current()) {
  return [both = value_and_grad(std::move(f), numbers, where)]<class... Xs>(const Xs&... xs) {
    return both(xs...).gradient;
  };
}
template <TensorFunction F>
auto grad(F f, const Location& where = Location::current()) {
  return grad(std::move(f), argnums<>, where);
}

/// `jacobian(f)(x)[i..., j...]` is the derivative of f(x)[i...] by x[j...]; of several arguments there is one for each,
/// in the form of value_and_grad.
template <TensorFunction F, std::size_t... I>
auto jacobian(F f, ArgNums<I...>, const Location& where = Location::current()) {
  return [f = std::move(f), where]<class... Xs>(const Xs&... xs) {
    const EnableGrad tracking;
    const auto arguments = detail::arguments<ArgNums<I...>>(xs...);
    const detail::Tensors tracked = detail::track_all(arguments.flat(), where);
    return arguments.result(detail::jacobians(arguments.call(f, tracked), tracked, where));
  };
}
template <TensorFunction F>
auto jacobian(F f, const Location& where = Location::current()) {
  return jacobian(std::move(f), argnums<>, where);
}

/// `hessian(f)(x)[i..., j...]` is the second derivative of f, which must return one element; of several arguments
/// `hessian(f)(x, y)[0][1]` is the block of derivatives by x and then by y, and of a vector likewise.
template <TensorFunction F, std::size_t... I>
auto hessian(F f, ArgNums<I...>, const Location& where = Location::current()) {
  return [f = std::move(f), where]<class... Xs>(const Xs&... xs) {
    const EnableGrad tracking;
    const auto arguments = detail::arguments<ArgNums<I...>>(xs...);
    const detail::Tensors tracked = detail::track_all(arguments.flat(), where);
    using Row = decltype(arguments.result(tracked));
    std::vector<Row> rows;
    for (const Tensor& slope : detail::inner_grad(arguments.call(f, tracked), tracked, where))
      rows.push_back(arguments.result(detail::jacobians(slope, tracked, where)));
    return arguments.result(rows);
  };
}
template <TensorFunction F>
auto hessian(F f, const Location& where = Location::current()) {
  return hessian(std::move(f), argnums<>, where);
}

/// {f(x), the function that takes a cotangent of f(x) to one of x}.
template <TensorFunction F>
auto vjp(F&& f, const Operand& x) {
  const EnableGrad tracking;
  const Tensor input = track(x), value = f(input);
  const Location where = x.where();
  return std::pair(value, [value, input, where](const Tensor& cotangent) {
    return detail::pull(value, cotangent, {input}, where)[0];
  });
}
/// {f(x, ...), the function that takes a cotangent of it to those of the list, as a vector}.
template <TensorFunction F>
auto vjp(F&& f, const TensorList& xs) {
  const EnableGrad tracking;
  const Location where = xs.where();
  const detail::Tensors inputs = detail::track_all(xs.tensors(), where);
  const Tensor value = detail::call_with_list(f, inputs, where);
  return std::pair(
      value, [value, inputs, where](const Tensor& cotangent) { return detail::pull(value, cotangent, inputs, where); });
}

/// {f(x), its derivative in the direction `tangent`, which is like x}.
template <TensorFunction F>
std::pair<Tensor, Tensor> jvp(F&& f, const Operand& x, const Tensor& tangent) {
  const EnableGrad tracking;
  const Tensor input = track(x), value = f(input);
  return {value, detail::push({value}, {input}, {tangent}, x.where())[0]};
}
/// {f(x, ...), its derivative where each x moves in the direction of its tangent}.
template <TensorFunction F>
std::pair<Tensor, Tensor> jvp(F&& f, const TensorList& xs, const TensorList& tangents) {
  const EnableGrad tracking;
  const detail::Tensors inputs = detail::track_all(xs.tensors(), xs.where());
  const Tensor value = detail::call_with_list(f, inputs, xs.where());
  return {value, detail::push({value}, inputs, tangents.tensors(), xs.where())[0]};
}

/// The Hessian of f at x times v, without the Hessian.
template <TensorFunction F>
Tensor hvp(F&& f, const Operand& x, const Tensor& v) {
  return jvp(grad(std::forward<F>(f), x.where()), x, v).second;
}
/// The Hessian of f by all Tensors of a list together, times vectors like them: one product for each.
template <TensorFunction F>
std::vector<Tensor> hvp(F&& f, const TensorList& xs, const TensorList& vs) {
  const EnableGrad tracking;
  const detail::Tensors inputs = detail::track_all(xs.tensors(), xs.where());
  const Tensor value = detail::call_with_list(f, inputs, xs.where());
  return detail::push(detail::inner_grad(value, inputs, xs.where()), inputs, vs.tensors(), xs.where());
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
