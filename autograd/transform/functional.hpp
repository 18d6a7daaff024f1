#pragma once

// Transforms of functions. They are ordinary functions themselves: what they return is recorded, and may be
// differentiated again. A function to be transformed returns a Tensor. `grad(f)(x, y)` and its kin take what f takes:
// Tensors, Parameters, vectors of them (`model.parameters()`) and, where `argnums<0>` says by which arguments to
// differentiate, anything else beside them. `jvp(f, {x, y}, {u, v})` and its kin (linearize.hpp) take lists.

#include <functional>
#include <utility>
#include <vector>

#include "autograd/transform/arguments.hpp"
#include "autograd/transform/checkpoint.hpp"
#include "autograd/transform/grad.hpp"
#include "autograd/transform/linearize.hpp"

namespace xgrad {

/// A value, and the gradient of it with respect to each argument.
template <class Gradient>
struct ValueAndGradient {
  Tensor value;
  Gradient gradient;
};

namespace detail {

/// d y / d x for each x.
Tensors jacobians(const Tensor& y, const Tensors& xs, const Location& where);

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

}  // namespace xgrad
