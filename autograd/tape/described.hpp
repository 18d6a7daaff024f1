#pragma once

// Whether a primitive describes its data members; the compiler checks it, so that it cannot be forgotten.

#include <cstddef>
#include <type_traits>

#include "autograd/tape/primitive.hpp"

namespace xgrad::detail {

// T with bytes behind it, the first of which lie in the padding of T.
template <class T, std::size_t Count>
struct Followed : T {
  unsigned char more[Count];
};
template <class T, std::size_t Count>
requires std::is_final_v<T>
struct Followed<T, Count> {
  [[no_unique_address]] T first;
  unsigned char more[Count];
};

/// The bytes of T up to its last member. A class derived from T may have members in the padding after it.
template <class T, std::size_t Count = 1>
constexpr std::size_t data_size() {
  if constexpr (sizeof(Followed<T, Count>) > sizeof(T))
    return sizeof(T) - Count + 1;
  else
    return data_size<T, Count + 1>();
}

template <class C>
std::type_identity<C> declarer_of(void (C::*)(Fields&) const);

/// Whether the class that declares P's `describe` has all data members of P. Without any that class may be Primitive.
template <class P>
constexpr bool describes_itself() {
  if constexpr (requires { declarer_of(&P::describe); }) {
    using Declarer = typename decltype(declarer_of(&P::describe))::type;
    if constexpr (std::is_same_v<Declarer, P>) return true;
    return data_size<Declarer>() == data_size<P>();
  } else {
    return false;
  }
}

}  // namespace xgrad::detail
