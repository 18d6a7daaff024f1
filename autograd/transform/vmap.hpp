#pragma once

// Turns a function of one example into a function of many.

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "autograd/transform/batch.hpp"
#include "autograd/transform/functional.hpp"

namespace xgrad {

/// In place of an axis: the argument is the same for all examples.
inline constexpr std::nullopt_t unmapped = std::nullopt;

/// The axis of the examples: one number for all arguments (or results), or a list with one for each.
class MapAxes {
 public:
  template <std::integral Axis>
  MapAxes(Axis axis) : list_{static_cast<std::int64_t>(axis)}, for_each_(true) {}
  MapAxes(std::initializer_list<std::optional<std::int64_t>> list) : list_(list) {}
  MapAxes(std::vector<std::optional<std::int64_t>> list) : list_(std::move(list)) {}

  /// ValueError if it is a list of another length.
  void check_count(std::size_t count, const char* of_what, const Location& where) const;
  std::optional<std::int64_t> operator[](std::size_t i) const { return list_[for_each_ ? 0 : i]; }

 private:
  std::vector<std::optional<std::int64_t>> list_;
  bool for_each_ = false;
};

namespace detail {

// Calls `see` with all Tensors of a result, in order.
template <class See>
void each_tensor(Tensor& x, See&& see) {
  see(x);
}
template <class X, class See>
void each_tensor(std::vector<X>& xs, See&& see) {
  for (X& x : xs) each_tensor(x, see);
}
template <class X, std::size_t N, class See>
void each_tensor(std::array<X, N>& xs, See&& see) {
  for (X& x : xs) each_tensor(x, see);
}
template <class X, class Y, class See>
void each_tensor(std::pair<X, Y>& xs, See&& see) {
  each_tensor(xs.first, see);
  each_tensor(xs.second, see);
}
template <class... Xs, class See>
void each_tensor(std::tuple<Xs...>& xs, See&& see) {
  std::apply([&](Xs&... x) { (each_tensor(x, see), ...); }, xs);
}
template <class G, class See>
void each_tensor(ValueAndGradient<G>& x, See&& see) {
  each_tensor(x.value, see);
  each_tensor(x.gradient, see);
}

/// One call of the function that vmap returns.
class Mapping {
 public:
  Mapping(const MapAxes& in_axes, std::size_t arguments, const Location& where);

  /// Notes how many examples an argument has; `begin` follows after all arguments.
  void look_at(const Tensor& x, std::size_t argument);
  void begin();
  /// Argument number i for one example.
  Tensor example(const Tensor& x, std::size_t argument);
  /// Replaces results for one example by those for all.
  void finish(const std::vector<Tensor*>& results, const MapAxes& out_axes);

 private:
  const MapAxes& axes_;
  Location where_;
  std::optional<std::int64_t> count_;
  std::optional<Batch> batch_;
};

template <class X>
concept MappedArgument = std::convertible_to<const X&, Tensor> || is_list<X>;

template <class X>
void look_at_argument(Mapping& mapping, const X& x, std::size_t i) {
  if constexpr (is_list<X>) {
    for (const auto& element : x) mapping.look_at(element, i);
  } else if constexpr (MappedArgument<X>) {
    mapping.look_at(x, i);
  }
}
template <class X>
decltype(auto) example_of_argument(Mapping& mapping, const X& x, std::size_t i) {
  if constexpr (is_list<X>) {
    Tensors list;
    for (const auto& element : x) list.push_back(mapping.example(element, i));
    return list;
  } else if constexpr (MappedArgument<X>) {
    return mapping.example(x, i);
  } else {
    return x;
  }
}

}  // namespace detail

/// `vmap(f)(x, y, ...)` is f of each example: of x[i], y[i], ..., all at once, the results stacked. Arguments are
/// Tensors, Parameters and vectors of them, whose examples lie along the axis that `in_axes` says, or which are the
/// same for all (`unmapped`), as anything else is, and what f captures. f gives a Tensor, or a vector, array, pair or
/// tuple of Tensors, or what value_and_grad gives; `out_axes` says where the examples lie there.
///
///     vmap(grad(loss, argnums<0>), {unmapped, 0, 0})(parameters, images, labels)  // the gradient of each example
///
/// f is called once, with examples that have shapes and no values, and what it records is recorded again for all of
/// them, by one batching rule for each primitive: f may be made of any operations and transforms, vmap too, but it may
/// not look at values (GraphError). An operation from outside the library that has no rule is recorded for one example
/// after another. Random numbers inside f are drawn for each example by itself. ValueError when nothing is mapped;
/// ShapeError when the arguments have different numbers of examples.
template <class F>
auto vmap(F f, MapAxes in_axes = 0, MapAxes out_axes = 0, const Location& where = Location::current()) {
  return [f = std::move(f), in_axes = std::move(in_axes), out_axes = std::move(out_axes),
          where]<class... Xs>(const Xs&... xs) {
    detail::Mapping mapping(in_axes, sizeof...(Xs), where);
    std::size_t i = 0;
    (detail::look_at_argument(mapping, xs, i++), ...);
    mapping.begin();
    auto result = [&]<std::size_t... K>(std::index_sequence<K...>) {
      return f(detail::example_of_argument(mapping, xs, K)...);
    }
    (std::index_sequence_for<Xs...>());
    std::vector<Tensor*> results;
    detail::each_tensor(result, [&](Tensor& x) { results.push_back(&x); });
    mapping.finish(results, out_axes);
    return result;
  };
}

}  // namespace xgrad
