// The indices of extremes.

#include <concepts>
#include <limits>
#include <type_traits>
#include <vector>

#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/ranges.hpp"

namespace xgrad::kernels {

namespace {

// Whether b replaces the extreme a. A NaN replaces every number and is never replaced. It compiles without a branch.
struct Above {
  template <class T>
  bool operator()(T a, T b) const {
    return !(b <= a) & (a == a);
  }
};
struct Below {
  template <class T>
  bool operator()(T a, T b) const {
    return !(b >= a) & (a == a);
  }
};

template <class T>
struct Found {
  T value;
  std::int64_t at;
};

constexpr std::int64_t block = 64;

// Whether any element of a block may replace a number.
template <class Better, class T>
bool may_be_better(const T* x, T best, Better better) {
  using Count = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  Count found = 0;
  for (std::int64_t i = 0; i < block; ++i) found += better(best, x[i]);
  return found != 0;
}

// Finds the first best element; skips blocks without a better one.
template <class Better, class T>
Found<T> first_best(const T* x, std::int64_t n, Better better) {
  Found<T> best{x[0], 0};
  for (std::int64_t begin = 0; begin < n; begin += block) {
    const std::int64_t end = std::min(n, begin + block);
    if (end - begin == block && !may_be_better(x + begin, best.value, better)) continue;
    for (std::int64_t i = begin; i < end; ++i)
      if (better(best.value, x[i])) best = {x[i], i};
  }
  return best;
}

// The index of the first best element; long runs are divided among threads.
template <class Better, class T>
std::int64_t place_in_run(const T* x, std::int64_t n, Better better) {
  const std::int64_t parts = (n + range_elements - 1) / range_elements;
  if (parts == 1) return first_best(x, n, better).at;
  std::vector<Found<T>> found(static_cast<std::size_t>(parts));
  parallel_ranges(parts, range_elements, [&](std::int64_t part, std::int64_t end) {
    for (; part < end; ++part) {
      const std::int64_t begin = part * range_elements;
      const Found<T> best = first_best(x + begin, std::min(range_elements, n - begin), better);
      found[static_cast<std::size_t>(part)] = {best.value, begin + best.at};
    }
  });
  Found<T> best = found.front();
  for (const Found<T>& each : found)
    if (better(best.value, each.value)) best = each;
  return best.at;
}

// For columns side by side: the best element of some rows, and its row.
constexpr std::int64_t columns = 256;
constexpr std::int64_t most_rows = std::int64_t{1} << 24;  // that can be counted in 32 bits
template <class T>
struct BestOfColumns {
  using Row = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  T value[columns];
  Row row[columns];

  template <class Better>
  void find(const T* x, std::int64_t rows, std::int64_t stride, std::int64_t width, Better better) {
    for (std::int64_t j = 0; j < width; ++j) value[j] = x[j], row[j] = 0;
    for (std::int64_t k = 1; k < rows; ++k)
      for (std::int64_t j = 0; j < width; ++j) {
        const T now = x[k * stride + j];
        const bool is_better = better(value[j], now);
        value[j] = is_better ? now : value[j];
        row[j] = is_better ? static_cast<Row>(k) : row[j];
      }
  }
};

template <class Better, class T>
void places_in_columns(const T* x, const Panels& shape, std::int64_t* y, Better better) {
  const std::int64_t inner = shape.inner, tiles = (inner + columns - 1) / columns;
  const std::int64_t rows = std::clamp(range_elements * 4 / std::min(columns, inner), std::int64_t{256}, most_rows);
  const std::int64_t parts = (shape.size + rows - 1) / rows, cells = shape.outer * inner;
  std::vector<T> values(static_cast<std::size_t>(parts > 1 ? parts * cells : 0));
  std::vector<std::int64_t> places(values.size());
  parallel_ranges(shape.outer * tiles * parts, std::min(rows, shape.size) * std::min(columns, inner),
                  [&](std::int64_t i, std::int64_t end) {
                    BestOfColumns<T> best;
                    for (; i < end; ++i) {
                      const std::int64_t tile = i % tiles * columns, outer = i / tiles % shape.outer;
                      const std::int64_t first = i / tiles / shape.outer * rows,
                                         width = std::min(columns, inner - tile);
                      best.find(x + (outer * shape.size + first) * inner + tile, std::min(rows, shape.size - first),
                                inner, width, better);
                      const std::int64_t to = first / rows * cells + outer * inner + tile;
                      for (std::int64_t j = 0; j < width; ++j)
                        (parts > 1 ? places.data() : y)[to + j] = first + best.row[j];
                      if (parts > 1) std::copy_n(best.value, width, values.data() + to);
                    }
                  });
  for (std::int64_t i = 0; parts > 1 && i < cells; ++i) {
    std::int64_t best = i;
    for (std::int64_t at = i; at < parts * cells; at += cells)
      if (better(values[static_cast<std::size_t>(best)], values[static_cast<std::size_t>(at)])) best = at;
    y[i] = places[static_cast<std::size_t>(best)];
  }
}

template <class Better, class T>
void find_places(const T* x, const Panels& shape, std::int64_t* y, Better better) {
  if (shape.inner > 1) return places_in_columns(x, shape, y, better);
  parallel_ranges(shape.outer, shape.size, [&, size = shape.size](std::int64_t i, std::int64_t end) {
    for (; i < end; ++i) y[i] = place_in_run(x + i * size, size, better);
  });
}

}  // namespace

void arg_extreme(Instruction max_or_min, const View& x, std::int64_t axis, const View& y) {
  if (x.numel() == 0) return;
  dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    // std::vector<bool> is not an array: truth values are compared as bytes.
    using Stored = std::conditional_t<std::same_as<T, bool>, unsigned char, T>;
    const Panels shape = panels(x.shape, axis);
    const auto* from = static_cast<const Stored*>(x.data);
    if (max_or_min == Instruction::max)
      find_places(from, shape, y.as<std::int64_t>(), Above{});
    else
      find_places(from, shape, y.as<std::int64_t>(), Below{});
  });
}

}  // namespace xgrad::kernels
