#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::kernels {

namespace {

// Whole numbers in the order of the elements: -0 is 0, and every NaN is above everything.
std::uint32_t key_of(float x) {
  if (x != x) return ~std::uint32_t{0};
  const auto bits = std::bit_cast<std::uint32_t>(x + 0.0f);
  return bits >> 31 ? ~bits : bits | std::uint32_t{1} << 31;
}
std::uint64_t key_of(double x) {
  if (x != x) return ~std::uint64_t{0};
  const auto bits = std::bit_cast<std::uint64_t>(x + 0.0);
  return bits >> 63 ? ~bits : bits | std::uint64_t{1} << 63;
}
std::uint64_t key_of(std::int64_t x) { return static_cast<std::uint64_t>(x) ^ std::uint64_t{1} << 63; }

template <class Key>
struct Placed {
  Key key;
  std::conditional_t<sizeof(Key) == 4, std::uint32_t, std::uint64_t> place;
};

// Digit by digit, the lowest first: what is equal stays in order. A digit that all have moves nothing.
template <class Key>
void sort_by_digits(std::vector<Placed<Key>>& list, std::vector<Placed<Key>>& other) {
  constexpr int bits = 8, digits = 8 * sizeof(Key) / bits;
  std::array<std::array<std::size_t, 1 << bits>, digits> counts{};
  for (const auto& each : list)
    for (int digit = 0; digit < digits; ++digit) ++counts[digit][each.key >> digit * bits & ((1 << bits) - 1)];
  other.resize(list.size());
  for (int digit = 0; digit < digits; ++digit) {
    auto& starts = counts[digit];
    if (std::ranges::find(starts, list.size()) != starts.end()) continue;
    std::size_t start = 0;
    for (std::size_t& count : starts) start += std::exchange(count, start);
    for (const auto& each : list) other[starts[each.key >> digit * bits & ((1 << bits) - 1)]++] = each;
    list.swap(other);
  }
}

template <class Key>
bool comes_before(const Placed<Key>& a, const Placed<Key>& b) {
  return a.key < b.key || (a.key == b.key && a.place < b.place);
}

// The first `count` of the elements with these keys, in order, into `list`: the best so far are kept, and what is no
// better than the last of them is passed over.
template <class Key, class KeyAt>
void select_first(std::int64_t size, std::size_t count, KeyAt key_at, std::vector<Placed<Key>>& list) {
  list.clear();
  const auto keep = [&] {
    std::ranges::nth_element(list, list.begin() + static_cast<std::ptrdiff_t>(count) - 1, comes_before<Key>);
    list.resize(count);
  };
  Key last = ~Key{0};
  bool full = false;
  for (std::int64_t k = 0; k < size; ++k) {
    const Key key = key_at(k);
    if (full && key >= last) continue;
    list.push_back({key, static_cast<decltype(Placed<Key>::place)>(k)});
    if (list.size() < 2 * count + 16) continue;
    keep();
    full = true;
    last = list[count - 1].key;
  }
  if (list.size() > count) keep();
  std::ranges::sort(list, comes_before<Key>);
}

template <class T>
void order(const T* x, const Panels& shape, bool descending, std::int64_t count, std::int64_t* y) {
  using Key = decltype(key_of(T{}));
  constexpr std::int64_t few = 200;  // are sorted by comparing
  const auto [outer, size, inner] = shape;
  std::vector<Placed<Key>> list, other;
  for (std::int64_t i = 0; i < outer; ++i)
    for (std::int64_t j = 0; j < inner; ++j) {
      const std::int64_t begin = i * size * inner + j;
      const auto key_at = [&](std::int64_t k) {
        const Key key = key_of(x[begin + k * inner]);
        return descending ? static_cast<Key>(~key) : key;
      };
      if (count < size / 8) {
        select_first(size, static_cast<std::size_t>(count), key_at, list);
      } else {
        list.resize(static_cast<std::size_t>(size));
        for (std::int64_t k = 0; k < size; ++k)
          list[static_cast<std::size_t>(k)] = {key_at(k), static_cast<decltype(Placed<Key>::place)>(k)};
        if (size <= few)
          std::ranges::stable_sort(list, {}, &Placed<Key>::key);
        else
          sort_by_digits(list, other);
      }
      for (std::int64_t k = 0; k < count; ++k)
        y[i * count * inner + j + k * inner] = static_cast<std::int64_t>(list[static_cast<std::size_t>(k)].place);
    }
}

}  // namespace

void argsort(const View& x, std::int64_t axis, bool descending, const View& y) {
  if (y.numel() == 0) return;
  const bool known = dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::same_as<T, bool>) {
      order(x.as<const T>(), panels(x.shape, axis), descending, y.shape[axis], y.as<std::int64_t>());
      return true;
    }
    return false;
  });
  if (!known) fail<DTypeError>(Location::current(), "argsort: there is no order of ", x.dtype, " elements");
}

}  // namespace xgrad::kernels
