#pragma once

// Products of vectors with matrices of second derivatives, without the matrices, and traces of Jacobians. Arguments and
// vectors are as in linearize.hpp.

#include "autograd/transform/functional.hpp"
#include "autograd/transform/linearize.hpp"

namespace xgrad {

namespace detail {

template <class X>
X hvp_of(const AtPoint<X, Tensor>& point, const X& v) {
  const EnableGrad tracking;
  const Pushforward push(inner_grad(point.value, point.inputs, point.where), point.inputs, "hvp", point.where);
  return in_form_of<X>(push(flat(v)));
}

/// J^T H J v, with J of the function at the point and H the Hessian of `loss`, which takes the function's results.
template <class X, class Y, class Loss>
X gauss_newton_of(const AtPoint<X, Y>& point, Loss&& loss, const X& v) {
  const EnableGrad tracking;
  const Tensors outputs = flat(point.value), moved = point.pushforward("gauss_newton_product")(flat(v));
  // Tracks the outputs anew, so that the derivative ends there; J continues it.
  const TensorList at(outputs, point.where);
  return point.pull(hvp_of(at_point(loss, at), moved));
}

/// sum_i d y_i / d x_i: the trace of the Jacobian of ys by xs, which are alike. Exact, by a product with each unit
/// vector.
Tensor jacobian_trace(const Tensors& ys, const Tensors& xs, const char* name, const Location& where);

}  // namespace detail

/// The Hessian of f at x times v, without the Hessian: the derivative of the gradient in the direction v. f must return
/// one element. (Forward over reverse: it costs a small multiple of the gradient.)
template <detail::FunctionOfOne F>
Tensor hvp(F&& f, const Operand& x, const Tensor& v) {
  return detail::hvp_of(detail::at_point(f, x), v);
}
/// The Hessian of f by all Tensors of a list together, times vectors like them: one product for each.
template <TensorFunction F>
std::vector<Tensor> hvp(F&& f, const TensorList& xs, const TensorList& vs) {
  return detail::hvp_of(detail::at_point(f, xs), vs.tensors());
}

/// J^T H J v, where J is the Jacobian of f at x and H the Hessian of `loss` at f(x): the Hessian of loss(f(x)) without
/// the curvature of f, and positive semi-definite where the loss is convex. loss takes what f gives, a Tensor or a
/// vector of them, and gives one element. (Schraudolph, "Fast curvature matrix-vector products", 2002)
template <detail::FunctionOfOne F, TensorFunction Loss>
Tensor gauss_newton_product(F&& f, Loss&& loss, const Operand& x, const Tensor& v) {
  return detail::gauss_newton_of(detail::at_point(f, x), loss, v);
}
template <TensorFunction F, TensorFunction Loss>
std::vector<Tensor> gauss_newton_product(F&& f, Loss&& loss, const TensorList& xs, const TensorList& vs) {
  return detail::gauss_newton_of(detail::at_point(f, xs), loss, vs.tensors());
}

/// The distribution that has a Tensor of outputs as its natural parameters.
enum class OutputDistribution {
  gaussian,     ///< of deviation 1, with the outputs as means (for another one, divide by its square)
  bernoulli,    ///< of probability sigmoid(z) for each output
  categorical,  ///< of classes, with probabilities softmax(z) along the last axis
  poisson,      ///< of rate e^z for each output
};

namespace detail {
/// The logarithm of what normalises it, summed over all samples. Its gradient is the mean, its Hessian the covariance
/// of what is observed, which is the Fisher information of the natural parameters.
Tensor log_partition(const Tensor& z, OutputDistribution distribution);
}  // namespace detail

/// F v, where F = sum_n E[s_n s_n^T] with s_n = d log p(y_n | f(x)_n) / dx and y_n drawn from the distribution that
/// f(x) gives for sample n: the Fisher information, J^T cov J. The sum is over all samples (all axes of f(x), but for
/// the classes): divide by their number for the mean. (Martens, "New insights and perspectives on the natural gradient
/// method", 2020, section 9)
template <detail::FunctionOfOne F>
Tensor fisher_product(F&& f, OutputDistribution distribution, const Operand& x, const Tensor& v) {
  return gauss_newton_product(
      f, [distribution](const Tensor& z) { return detail::log_partition(z, distribution); }, x, v);
}
template <TensorFunction F>
std::vector<Tensor> fisher_product(F&& f, OutputDistribution distribution, const TensorList& xs, const TensorList& vs) {
  return gauss_newton_product(
      f, [distribution](const Tensor& z) { return detail::log_partition(z, distribution); }, xs, vs);
}

/// sum_n g_n (g_n . v), where g_n is the gradient of losses(x)_n = -log p(y_n | x) of the observed y_n: the empirical
/// Fisher information times v. `losses` gives one loss for each sample, of any shape.
template <detail::FunctionOfOne F>
Tensor empirical_fisher_product(F&& losses, const Operand& x, const Tensor& v) {
  const auto point = detail::at_point(losses, x);
  return point.pull(point.pushforward("empirical_fisher_product")({v}));
}
template <TensorFunction F>
std::vector<Tensor> empirical_fisher_product(F&& losses, const TensorList& xs, const TensorList& vs) {
  const auto point = detail::at_point(losses, xs);
  return point.pull(point.pushforward("empirical_fisher_product")(vs.tensors()));
}

/// `divergence(f)(x)` = sum_i d f(x)_i / d x_i, exactly, for an f that gives what is like x; of several arguments, one
/// of them is named: divergence(f, argnums<0>)(x, t). ShapeError for results that are not like the arguments.
template <TensorFunction F, std::size_t... I>
auto divergence(F f, ArgNums<I...>, const Location& where = Location::current()) {
  return [f = std::move(f), where]<class... Xs>(const Xs&... xs) {
    const EnableGrad tracking;
    const auto arguments = detail::arguments<ArgNums<I...>>(xs...);
    const detail::Tensors tracked = detail::track_all(arguments.flat(), where);
    return detail::jacobian_trace(detail::flat(arguments.call(f, tracked)), tracked, "divergence", where);
  };
}
template <TensorFunction F>
auto divergence(F f, const Location& where = Location::current()) {
  return divergence(std::move(f), argnums<>, where);
}

/// `laplacian(f)(x)` = sum_i d^2 f(x) / d x_i^2, exactly, for an f that gives one element; of several arguments over
/// all of them or those that are named: laplacian(f, argnums<0>)(x, t).
template <TensorFunction F, std::size_t... I>
auto laplacian(F f, ArgNums<I...>, const Location& where = Location::current()) {
  return [f = std::move(f), where]<class... Xs>(const Xs&... xs) {
    const EnableGrad tracking;
    const auto arguments = detail::arguments<ArgNums<I...>>(xs...);
    const detail::Tensors tracked = detail::track_all(arguments.flat(), where);
    const detail::Tensors slopes = detail::inner_grad(arguments.call(f, tracked), tracked, where);
    return detail::jacobian_trace(slopes, tracked, "laplacian", where);
  };
}
template <TensorFunction F>
auto laplacian(F f, const Location& where = Location::current()) {
  return laplacian(std::move(f), argnums<>, where);
}

}  // namespace xgrad
