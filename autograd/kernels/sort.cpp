#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/ranges.hpp"

namespace xgrad::kernels {

namespace {

// Whole numbers in the order of the elements: -0 equals 0, and every NaN is above all numbers.
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

// A radix sort, which is stable: the lowest digit comes first, and a digit that all keys share is skipped.
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

// A row of elements as keys in the order that is asked for.
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

// Whether an element of a block may come before the limit; true for a block with NaN.
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

// Finds the first `count` > 0 elements of the row, in order. `list` keeps the best so far; elements that are no better
// than the last of them are skipped, whole blocks at a time.
template <class T, class Key = decltype(key_of(T{}))>
void select_first(const Row<T>& row, std::size_t count, std::vector<Placed<Key>>& list) {
  // So many are kept in order. A longer list grows to twice its size, and then keeps the better half.
  constexpr std::size_t few = 64;
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

// Numbers in one vector register, by the vector extension of the compiler.
constexpr std::int64_t register_bytes = 16;
template <class Key>
struct Register {
  using Several [[gnu::vector_size(register_bytes)]] = Key;
  static constexpr std::int64_t width = register_bytes / sizeof(Key);
  static Several all(Key key) { return Several{} + key; }
  static Several at(const Key* keys) {
    Several some;
    std::memcpy(&some, keys, sizeof some);
    return some;
  }
};

// The rank of each element of a short list, by comparing each with each in vectors, without branches. Equal elements
// keep their order.
template <class T>
class Ranks {
 public:
  using Key = std::make_signed_t<decltype(key_of(T{}))>;
  static constexpr std::int64_t most = sizeof(Key) == 4 ? 64 : 32;

  // `list` is a Row or a list of Placed with at most `most` elements.
  template <class List>
  Ranks(const List& list, std::int64_t size) : size_(size), parts_((size + width - 1) / width) {
    using Index = std::conditional_t<std::is_same_v<List, Row<T>>, std::int64_t, std::size_t>;
    constexpr Key lowest = std::numeric_limits<Key>::min();
    for (std::int64_t i = 0; i < parts_; ++i) {
      rank_[i] = Several{};
      for (std::int64_t j = i * width; j < (i + 1) * width; ++j)
        key_[i][j % width] = j < size_ ? static_cast<Key>(list[static_cast<Index>(j)].key) ^ lowest : lowest;
    }
    Several places[parts];
    for (Key i = 0; i < parts_ * width; ++i) places[i / width][i % width] = i;
    for (std::int64_t i = 0; i < size_; ++i) {
      const Several key = Register<Key>::all(key_[i / width][i % width]);
      const Several at = Register<Key>::all(static_cast<Key>(i));
      // A comparison gives -1 where element i comes first.
      for (std::int64_t j = 0; j < parts_; ++j) rank_[j] -= (key < key_[j]) | ((key == key_[j]) & (at < places[j]));
    }
  }
  // Sorts the list by these ranks.
  template <class List>
  void sort(List& list) const {
    typename List::value_type sorted[most];
    for (std::int64_t j = 0; j < size_; ++j) sorted[rank_[j / width][j % width]] = list[static_cast<std::size_t>(j)];
    std::copy_n(sorted, size_, list.begin());
  }
  // Writes the indices of the elements with ranks first, ..., first + count - 1.
  void write(std::int64_t first, std::int64_t count, std::int64_t stride, std::int64_t* y) const {
    std::int64_t order[most];
    for (std::int64_t j = 0; j < size_; ++j) order[rank_[j / width][j % width]] = j;
    for (std::int64_t k = 0; k < count; ++k) y[k * stride] = order[first + k];
  }

 private:
  using Several = typename Register<Key>::Several;
  static constexpr std::int64_t width = Register<Key>::width, parts = most / width;

  std::int64_t size_, parts_;
  Several key_[parts], rank_[parts];
};

// Finds the first `count` elements of a row, in order, if they are few of many. The row is divided into at least 2
// count groups. The count-th of the groups' first elements is a limit: at least `count` elements are not behind it, and
// few others. Only these get keys. A comparison with NaN never says that an element is behind, so they include every
// NaN.
template <class T, bool descending>
class SelectFew {
 public:
  using Element = Placed<decltype(key_of(T{}))>;

  static bool suits(const Row<T>& row, std::int64_t count) {
    return row.stride == 1 && row.size >= 64 && row.size <= std::int64_t{1} << 14 && count <= row.size / 32;
  }

  void run(const Row<T>& row, std::int64_t count, std::vector<Element>& list) {
    const T limit = limit_of(row, count);
    places_.resize(static_cast<std::size_t>(row.size));
    const std::int64_t found = find_up_to(row, limit);
    list.resize(static_cast<std::size_t>(found));
    for (std::int64_t i = 0; i < found; ++i)
      list[static_cast<std::size_t>(i)] = row[places_[static_cast<std::size_t>(i)]];
    if (found <= Ranks<T>::most)
      Ranks<T>(list, found).sort(list);
    else
      std::ranges::partial_sort(list, list.begin() + count, comes_before<decltype(Element::key)>);
  }

 private:
  using Several = typename Register<T>::Several;
  static constexpr std::int64_t lanes = 16, width = Register<T>::width, most_groups = 64;
  using Limits = std::numeric_limits<T>;
  static constexpr T largest = Limits::has_infinity ? Limits::infinity() : Limits::max();
  static constexpr T smallest = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  static constexpr T very_first = descending ? largest : smallest, very_last = descending ? smallest : largest;

  template <class X>
  static auto before(const X& a, const X& b) {
    if constexpr (descending)
      return a > b;
    else
      return a < b;
  }

  // Finds the limit. Groups are the lanes of some pieces of the row, so that vectors find their first elements.
  T limit_of(const Row<T>& row, std::int64_t count) {
    const std::int64_t pieces = (2 * count + lanes - 1) / lanes, groups = pieces * lanes;
    firsts_.assign(static_cast<std::size_t>(groups), very_last);
    const std::int64_t whole = row.size / lanes, part = (whole + pieces - 1) / pieces;
    for (std::int64_t i = 0; i < pieces; ++i)
      find_firsts(row.first + i * part * lanes, std::min(part, whole - i * part),
                  &firsts_[static_cast<std::size_t>(i * lanes)]);
    for (std::int64_t k = whole * lanes; k < row.size; ++k) {
      T& first = firsts_[static_cast<std::size_t>(k % lanes)];
      if (before(row.first[k], first)) first = row.first[k];
    }
    if (groups > most_groups) {
      std::ranges::nth_element(firsts_, firsts_.begin() + count - 1, [](T a, T b) { return before(a, b); });
      return firsts_[static_cast<std::size_t>(count - 1)];
    }
    return ranked(count);
  }
  static void find_firsts(const T* x, std::int64_t count, T* firsts) {
    Several first[lanes / width];
    std::memcpy(first, firsts, sizeof first);
    for (std::int64_t k = 0; k < count; ++k)
      for (std::int64_t j = 0; j < lanes / width; ++j) {
        const Several here = Register<T>::at(x + k * lanes + j * width);
        first[j] = before(here, first[j]) ? here : first[j];
      }
    std::memcpy(firsts, first, sizeof first);
  }
  // The last of the groups' first elements that have fewer than `count` others before them.
  T ranked(std::int64_t count) const {
    std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t> ranks[most_groups] = {};
    const auto size = static_cast<std::int64_t>(firsts_.size());
    const T* firsts = firsts_.data();
    for (std::int64_t i = 0; i < size; ++i)
      for (std::int64_t j = 0; j < size; ++j) ranks[j] += before(firsts[i], firsts[j]);
    T limit = very_first;
    for (std::int64_t j = 0; j < size; ++j) {
      const T up_to = ranks[j] < count ? firsts[j] : very_first;
      limit = before(limit, up_to) ? up_to : limit;
    }
    return limit;
  }

  // Writes the places of the elements that are not behind the limit, without a branch for each. Returns their number.
  std::int64_t find_up_to(const Row<T>& row, T limit) {
    const T* x = row.first;
    std::int64_t* places = places_.data();
    const Several limits = Register<T>::all(limit);
    std::int64_t found = 0, k = 0;
    for (; k + lanes <= row.size; k += lanes) {
      if (are_behind(limits, x + k)) continue;
      for (std::int64_t j = 0; j < lanes; ++j) {
        places[found] = k + j;
        found += !before(limit, x[k + j]);
      }
    }
    for (; k < row.size; ++k) {
      places[found] = k;
      found += !before(limit, x[k]);
    }
    return found;
  }

  // Whether all elements of a block are behind the limit.
  static bool are_behind(const Several& limits, const T* x) {
    auto behind = before(limits, Register<T>::at(x));  // -1 where one is
    for (std::int64_t j = width; j < lanes; j += width) behind &= before(limits, Register<T>::at(x + j));
    const auto halves = std::bit_cast<std::array<std::int64_t, 2>>(behind);
    return (halves[0] & halves[1]) == -1;
  }

  std::vector<T> firsts_;
  std::vector<std::int64_t> places_;
};

// Finds the element at position `first` of the order, among the few that share its leading bits.
template <class T, class Key = decltype(key_of(T{}))>
void select_one(const Row<T>& row, std::int64_t first, std::vector<Placed<Key>>& list) {
  constexpr int bits = 11, shift = 8 * sizeof(Key) - bits;
  std::array<std::int64_t, 1 << bits> counts{};
  for (std::int64_t k = 0; k < row.size; ++k) ++counts[row[k].key >> shift];
  std::size_t leading = 0;
  while (first >= counts[leading]) first -= counts[leading++];
  list.clear();
  list.reserve(static_cast<std::size_t>(counts[leading]));
  for (std::int64_t k = 0; k < row.size; ++k)
    if (const Placed<Key> element = row[k]; element.key >> shift == leading) list.push_back(element);
  std::ranges::nth_element(list, list.begin() + first, comes_before<Key>);
  list[0] = list[static_cast<std::size_t>(first)];
}

// Puts the elements at positions first, ..., first + count - 1 of the order in front of `list`.
template <class T, bool descending, class Key = decltype(key_of(T{}))>
void order_row(const Row<T>& row, std::int64_t first, std::int64_t count, std::vector<Placed<Key>>& list,
               std::vector<Placed<Key>>& other, SelectFew<T, descending>& select) {
  constexpr std::int64_t few = 200;  // so many are sorted by comparisons
  if (first == 0 && select.suits(row, count)) return select.run(row, count, list);
  if (first == 0 && count < row.size / 8) return select_first(row, static_cast<std::size_t>(count), list);
  if (count == 1) return select_one(row, first, list);
  list.resize(static_cast<std::size_t>(row.size));
  for (std::int64_t k = 0; k < row.size; ++k) list[static_cast<std::size_t>(k)] = row[k];
  if (row.size <= few)
    std::ranges::sort(list, comes_before<Key>);
  else
    sort_by_digits(list, other);
  list.erase(list.begin(), list.begin() + first);
}

template <bool descending, class T>
void order(const T* x, const Panels& shape, std::int64_t first, std::int64_t count, std::int64_t* y) {
  using Key = decltype(key_of(T{}));
  constexpr std::int64_t cost = 16;  // of an element, in units of a copied one
  const auto [outer, size, inner] = shape;
  parallel_ranges(outer * inner, cost * size, [=, size = size, inner = inner](std::int64_t i, std::int64_t end) {
    std::vector<Placed<Key>> list, other;
    SelectFew<T, descending> select;
    for (; i < end; ++i) {
      const Row<T> row{x + i / inner * size * inner + i % inner, size, inner, descending};
      std::int64_t* to = y + i / inner * count * inner + i % inner;
      if (size <= Ranks<T>::most) {
        Ranks<T>(row, size).write(first, count, inner, to);
        continue;
      }
      order_row(row, first, count, list, other, select);
      for (std::int64_t k = 0; k < count; ++k)
        to[k * inner] = static_cast<std::int64_t>(list[static_cast<std::size_t>(k)].place);
    }
  });
}

}  // namespace

void argsort(const View& x, std::int64_t axis, bool descending, std::int64_t first, const View& y) {
  if (y.numel() == 0) return;
  const bool known = dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::same_as<T, bool>) {
      const auto ordered = descending ? order<true, T> : order<false, T>;
      ordered(x.as<const T>(), panels(x.shape, axis), first, y.shape[axis], y.as<std::int64_t>());
      return true;
    }
    return false;
  });
  if (!known) fail<DTypeError>(Location::current(), "argsort: there is no order of ", x.dtype, " elements");
}

}  // namespace xgrad::kernels
