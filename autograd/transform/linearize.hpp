#pragma once

// Derivatives as linear maps. A function takes one Tensor, several, or one std::vector<Tensor>, and gives a Tensor or a
// std::vector<Tensor>; tangents and cotangents have the form of the arguments and of the result. For several Tensors
// the arguments are a list: jvp(f, {x, y}, {u, v}).

#include <concepts>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tensor_list.hpp"
#include "autograd/transform/arguments.hpp"

namespace xgrad {

template <class F>
concept TensorFunction = !std::convertible_to<F, Tensor> && !std::convertible_to<F, std::vector<Tensor>> &&
                         (std::is_class_v<std::remove_cvref_t<F>> || std::is_function_v<std::remove_reference_t<F>> ||
                          std::is_pointer_v<std::remove_cvref_t<F>>);

namespace detail {

Tensors track_all(std::span<const Tensor> xs, const Location& where);
/// The gradient of one element.
Tensors inner_grad(const Tensor& value, const Tensors& xs, const Location& where);
/// The cotangents of xs for those of ys.
Tensors pull(const Tensors& ys, const Tensors& cotangents, const Tensors& xs, const Location& where);

/// ValueError, ShapeError or DTypeError for tangents that are not like xs.
void check_tangents(const Tensors& xs, const Tensors& tangents, const char* name, const Location& where);

/// Maps tangents of xs to those of ys. The vjp is linear in its cotangent, so its own vjp is the jvp. The constructor
/// makes the first of the two backward passes, each tangent the second.
class Pushforward {
 public:
  Pushforward(const Tensors& ys, Tensors xs, const char* name, const Location& where);
  Tensors operator()(const Tensors& tangents) const;

 private:
  Tensors xs_, cotangents_, pulled_;
  const char* name_;
  Location where_;
};

template <class F, std::size_t... I>
concept TakesTensors = std::invocable<F&, decltype(static_cast<void>(I), std::declval<const Tensor&>())...>;
template <class F>
concept TakesSeveral = std::invocable<F&, const Tensor&> || TakesTensors<F, 0, 1> || TakesTensors<F, 0, 1, 2> ||
    TakesTensors<F, 0, 1, 2, 3> || TakesTensors<F, 0, 1, 2, 3, 4> || TakesTensors<F, 0, 1, 2, 3, 4, 5>;
/// A function that takes a single Tensor, so that {x} is an argument and not a list.
template <class F>
concept FunctionOfOne = TensorFunction<F> && TakesTensors<F, 0>;
[[noreturn]] void refuse_count(std::size_t count, const Location& where);

/// The result of f for as many Tensors as it takes.
template <class F, std::size_t... I>
auto outcome_of(std::index_sequence<I...>) {
  if constexpr (!TakesSeveral<F>)
    return std::type_identity<Outcome<std::invoke_result_t<F&, const Tensors&>>>();
  else if constexpr (TakesTensors<F, I...>)
    return std::type_identity<
        Outcome<decltype(std::declval<F&>()((static_cast<void>(I), std::declval<const Tensor&>())...))>>();
  else
    return outcome_of<F>(std::make_index_sequence<sizeof...(I) + 1>());
}
template <class F>
using OutcomeOf = typename decltype(outcome_of<F>(std::make_index_sequence<1>()))::type;

/// f(x, y, ...) or, for a function of a vector, f({x, y, ...}).
template <class F>
OutcomeOf<F> call_with_list(F& f, const Tensors& xs, const Location& where) {
  const auto with = [&]<std::size_t... I>(std::index_sequence<I...>)->OutcomeOf<F> {
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

/// A function at a point: its results there, and the tracked arguments X.
template <class X, class Y>
struct AtPoint {
  Tensors inputs;
  Y value;
  Location where;

  X pull(const Tensors& cotangents) const {
    return in_form_of<X>(detail::pull(flat(value), cotangents, inputs, where));
  }
  Pushforward pushforward(const char* name) const { return {flat(value), inputs, name, where}; }
};
template <class F>
auto at_point(F& f, const Operand& x) {
  const EnableGrad tracking;
  Tensors inputs{track_all({{x.tensor()}}, x.where())};
  Outcome<decltype(f(inputs[0]))> value = f(inputs[0]);
  return AtPoint<Tensor, decltype(value)>{std::move(inputs), std::move(value), x.where()};
}
template <class F>
auto at_point(F& f, const TensorList& xs) {
  const EnableGrad tracking;
  Tensors inputs = track_all(xs.tensors(), xs.where());
  auto value = call_with_list(f, inputs, xs.where());
  return AtPoint<Tensors, decltype(value)>{std::move(inputs), std::move(value), xs.where()};
}

template <class X, class Y>
auto vjp_of(AtPoint<X, Y> point) {
  Y value = point.value;
  return std::pair(std::move(value),
                   [point = std::move(point)](const Y& cotangent) -> X { return point.pull(flat(cotangent)); });
}
template <class X, class Y>
auto linearize_of(AtPoint<X, Y> point) {
  return std::pair(std::move(point.value), [push = point.pushforward("linearize")](const X& tangent) -> Y {
    return in_form_of<Y>(push(flat(tangent)));
  });
}
template <class X, class Y>
std::pair<Y, Y> jvp_of(AtPoint<X, Y> point, const X& tangent) {
  Y along = in_form_of<Y>(point.pushforward("jvp")(flat(tangent)));
  return {std::move(point.value), std::move(along)};
}

}  // namespace detail

/// {f(x), the function that takes a cotangent of f(x) to one of x}.
template <detail::FunctionOfOne F>
auto vjp(F&& f, const Operand& x) {
  return detail::vjp_of(detail::at_point(f, x));
}
/// {f(x, ...), the function that takes a cotangent of it to those of the list, as a vector}.
template <TensorFunction F>
auto vjp(F&& f, const TensorList& xs) {
  return detail::vjp_of(detail::at_point(f, xs));
}

/// {f(x), its derivative in the direction `tangent`, which is like x}.
template <detail::FunctionOfOne F>
auto jvp(F&& f, const Operand& x, const Tensor& tangent) {
  return detail::jvp_of(detail::at_point(f, x), tangent);
}
/// {f(x, ...), its derivative where each x moves in the direction of its tangent}.
template <TensorFunction F>
auto jvp(F&& f, const TensorList& xs, const TensorList& tangents) {
  return detail::jvp_of(detail::at_point(f, xs), tangents.tensors());
}

/// {f(x), the function that maps a tangent of x to one of f(x)}: its derivative at x. f is called once; each tangent
/// costs one backward pass over what it recorded.
template <detail::FunctionOfOne F>
auto linearize(F&& f, const Operand& x) {
  return detail::linearize_of(detail::at_point(f, x));
}
/// {f(x, ...), the function that takes tangents of the list, as a vector, to those of what f gives}.
template <TensorFunction F>
auto linearize(F&& f, const TensorList& xs) {
  return detail::linearize_of(detail::at_point(f, xs));
}

}  // namespace xgrad
