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

// The elements of a row, one after the other, as keys whose order is the one asked for.
template <class T>
struct Row {
  using Key = decltype(key_of(T{}));
  using Place = decltype(Placed<Key>::place);

  const T* first;
  std::int64_t size, stride;
  bool descending;

  Placed<Key> operator[](std::int64_t k) const {
    const Key key = key_of(first[k * stride]);
    return {descending ? static_cast<Key>(~key) : key, static_cast<Place>(k)};
  }
};

// Whether an element in a block may come before the limit: a comparison with NaN says so.
constexpr std::int64_t block = 8;
template <class T>
bool may_come_before(const T* x, T limit, bool descending) {
  int found = 0;
  if (descending)
    for (std::int64_t i = 0; i < block; ++i) found += !(x[i] <= limit);
  else
    for (std::int64_t i = 0; i < block; ++i) found += !(x[i] >= limit);
  return found > 0;
}

// The first `count` > 0 elements of the row, in order, into `list`. The best so far are kept, and what is no better
// than the last of them is passed over, whole blocks at a time.
template <class T, class Key = decltype(key_of(T{}))>
void select_first(const Row<T>& row, std::size_t count, std::vector<Placed<Key>>& list) {
  constexpr std::size_t few = 64;  // are kept in order; of more, as many again and then the best of them
  const auto keep = [&] {
    std::ranges::nth_element(list, list.begin() + static_cast<std::ptrdiff_t>(count) - 1, comes_before<Key>);
    list.resize(count);
  };
  bool full = false;
  const auto see = [&](const Placed<Key>& element) {
    if (full && element.key >= list[count - 1].key) return;
    if (count <= few) {
      if (!full) list.push_back(element);
      std::size_t at = list.size() - 1;
      for (; at > 0 && element.key < list[at - 1].key; --at) list[at] = list[at - 1];
      list[at] = element;
      full = list.size() == count;
    } else {
      list.push_back(element);
      if (list.size() < 2 * count) return;
      keep();
      full = true;
    }
  };
  list.clear();
  for (std::int64_t begin = 0; begin < row.size; begin += block) {
    const std::int64_t end = std::min(row.size, begin + block);
    if (full && row.stride == 1 && end - begin == block &&
        !may_come_before(row.first + begin, row.first[list[count - 1].place], row.descending))
      continue;
    for (std::int64_t k = begin; k < end; ++k) see(row[k]);
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
      const Row<T> row{x + i * size * inner + j, size, inner, descending};
      if (count < size / 8) {
        select_first(row, static_cast<std::size_t>(count), list);
      } else {
        list.resize(static_cast<std::size_t>(size));
        for (std::int64_t k = 0; k < size; ++k) list[static_cast<std::size_t>(k)] = row[k];
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
