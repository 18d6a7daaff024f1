#pragma once

// Turns the arguments of a call into one list of Tensors, and results for that list back into the form of the
// arguments.

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// The arguments that a transform differentiates by, counted from 0: grad(f, argnums<0, 2>)(x, y, z). All other
/// arguments may be of any type.
template <std::size_t... I>
struct ArgNums {};
template <std::size_t... I>
inline constexpr ArgNums<I...> argnums{};

}  // namespace xgrad

namespace xgrad::detail {

using Tensors = std::vector<Tensor>;

/// An argument that is a list of Tensors.
template <class X>
inline constexpr bool is_list = std::same_as<X, std::vector<Tensor>> || std::same_as<X, std::vector<Parameter>>;

/// An R for each Tensor of an argument.
template <class R, class X>
using Like = std::conditional_t<is_list<X>, std::vector<R>, R>;

template <class X>
void append(Tensors& flat, const X& x) {
  static_assert(is_list<X> || std::convertible_to<const X&, Tensor>,
                "derivatives are by Tensors, Parameters and vectors of them; name these arguments: argnums<0>");
  if constexpr (is_list<X>)
    flat.insert(flat.end(), x.begin(), x.end());
  else
    flat.push_back(x);
}

/// The result of a function: a Tensor, or a vector of them.
template <class Y>
using Outcome = std::conditional_t<is_list<std::remove_cvref_t<Y>>, Tensors, Tensor>;
inline Tensors flat(const Tensor& y) { return {y}; }
inline const Tensors& flat(const Tensors& ys) { return ys; }
/// A flat list in the form of Y.
template <class Y>
Y in_form_of(Tensors list) {
  if constexpr (is_list<Y>)
    return list;
  else
    return std::move(list[0]);
}

/// Takes the next results off a flat list, in the form of argument x.
template <class R, class X>
Like<R, X> next_like(const X& x, const R*& next) {
  if constexpr (is_list<X>) {
    const R* first = std::exchange(next, next + x.size());
    return {first, next};
  } else {
    return *next++;
  }
}

/// The position of K in I, or the size of I if it is not there.
template <std::size_t K, std::size_t... I>
constexpr std::size_t place_of() {
  constexpr std::array<std::size_t, sizeof...(I)> numbers{I...};
  std::size_t place = 0;
  while (place < numbers.size() && numbers[place] != K) ++place;
  return place;
}

template <std::size_t... I>
constexpr bool all_different() {
  constexpr std::array<std::size_t, sizeof...(I)> numbers{I...};
  for (std::size_t i = 0; i < numbers.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (numbers[i] == numbers[j]) return false;
  return true;
}

/// The arguments of one call, of which those numbered I are differentiated by.
template <class Numbers, class... Xs>
class Arguments;
template <std::size_t... I, class... Xs>
class Arguments<ArgNums<I...>, Xs...> {
  static_assert(((I < sizeof...(Xs)) && ...), "argnums names an argument that the call does not have");
  static_assert(all_different<I...>(), "argnums names an argument twice");

  template <std::size_t K>
  using Argument = std::tuple_element_t<K, std::tuple<Xs...>>;
  template <class R>
  static auto result_of() {
    if constexpr (sizeof...(I) == 1)
      return std::type_identity<Like<R, Argument<(I + ...)>>>();
    else if constexpr ((!is_list<Argument<I>> && ...))
      return std::type_identity<std::array<R, sizeof...(I)>>();
    else
      return std::type_identity<std::tuple<Like<R, Argument<I>>...>>();
  }

 public:
  explicit Arguments(const Xs&... xs) : given_(xs...) {}

  /// The Tensors to differentiate by.
  Tensors flat() const {
    Tensors all_of_them;
    (append(all_of_them, std::get<I>(given_)), ...);
    return all_of_them;
  }
  /// f, with other Tensors in place of these.
  template <class F>
  auto call(F& f, const Tensors& tensors) const {
    const Tensor* next = tensors.data();
    const std::tuple<Like<Tensor, Argument<I>>...> parts{next_like<Tensor>(std::get<I>(given_), next)...};
    return [&]<std::size_t... K>(std::index_sequence<K...>) {
      return Outcome<decltype(f(argument<K>(parts)...))>(f(argument<K>(parts)...));
    }
    (std::index_sequence_for<Xs...>());
  }
  /// The type of the results: for one argument its form, for several Tensors an array, else a tuple.
  template <class R>
  using Result = typename decltype(result_of<R>())::type;
  template <class R>
  Result<R> result(const std::vector<R>& found) const {
    const R* next = found.data();
    if constexpr (sizeof...(I) == 1)
      return next_like<R>(std::get<(I + ...)>(given_), next);
    else
      return Result<R>{next_like<R>(std::get<I>(given_), next)...};
  }

 private:
  template <std::size_t K, class Parts>
  const auto& argument(const Parts& parts) const {
    constexpr std::size_t place = place_of<K, I...>();
    if constexpr (place < sizeof...(I))
      return std::get<place>(parts);
    else
      return std::get<K>(given_);
  }

  std::tuple<const Xs&...> given_;
};

template <class Numbers>
struct AllUnlessGiven {
  template <class... Xs>
  using For = Arguments<Numbers, Xs...>;
};
template <>
struct AllUnlessGiven<ArgNums<>> {
  template <std::size_t... I>
  static ArgNums<I...> numbers(std::index_sequence<I...>);
  template <class... Xs>
  using For = Arguments<decltype(numbers(std::index_sequence_for<Xs...>())), Xs...>;
};
/// The Arguments of a call with xs. All are differentiated by, unless Numbers names some.
template <class Numbers, class... Xs>
auto arguments(const Xs&... xs) {
  return typename AllUnlessGiven<Numbers>::template For<Xs...>(xs...);
}

}  // namespace xgrad::detail
