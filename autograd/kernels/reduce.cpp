#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <limits>
#include <span>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/convert.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/ranges.hpp"
#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels {

namespace {

// float32 is added and multiplied in double; whole numbers wrap around.
template <class T>
using Accumulator = std::conditional_t<std::same_as<T, float>, double, Wrapping<T>>;

template <class A>
struct Sum {
  using Value = A;
  static constexpr A start = 0;
  static A join(A a, A b) { return static_cast<A>(a + b); }
};
template <class A>
struct Product {
  using Value = A;
  static constexpr A start = 1;
  static A join(A a, A b) { return static_cast<A>(a * b); }
};
// A NaN wins: in a it fails the comparison, in b it is tested for.
template <class A>
struct Largest {
  using Value = A;
  static constexpr A start =
      std::floating_point<A> ? -std::numeric_limits<A>::infinity() : std::numeric_limits<A>::lowest();
  static A join(A a, A b) { return b > a || b != b ? b : a; }
};
template <class A>
struct Smallest {
  using Value = A;
  static constexpr A start =
      std::floating_point<A> ? std::numeric_limits<A>::infinity() : std::numeric_limits<A>::max();
  static A join(A a, A b) { return b < a || b != b ? b : a; }
};

constexpr std::int64_t block = 128;  // elements joined one after the other; blocks are joined in pairs
constexpr std::int64_t lanes = 8;
constexpr std::int64_t row_block = block / lanes;  // so that rows are joined as often as the elements of a run
constexpr std::int64_t tile = 256;                 // columns of which the partial results are kept at a time

std::int64_t half_of(std::int64_t n) { return (n / 2 + lanes - 1) / lanes * lanes; }

// Reduces a run: blocks in eight lanes, which are joined as a balanced tree.
template <class Op, class T>
typename Op::Value reduce_run(const T* x, std::int64_t n) {
  using A = typename Op::Value;
  if (n > block) {
    const std::int64_t half = half_of(n);
    return Op::join(reduce_run<Op>(x, half), reduce_run<Op>(x + half, n - half));
  }
  A lane[lanes];
  std::fill_n(lane, lanes, Op::start);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::int64_t j = 0; j < lanes; ++j) lane[j] = Op::join(lane[j], static_cast<A>(x[i + j]));
  for (std::int64_t j = 0; i < n; ++i, ++j) lane[j] = Op::join(lane[j], static_cast<A>(x[i]));
  for (std::int64_t width = lanes / 2; width > 0; width /= 2)
    for (std::int64_t j = 0; j < width; ++j) lane[j] = Op::join(lane[j], lane[j + width]);
  return lane[0];
}

// Reduces a long run in the same order, in parts on several threads.
template <class Op, class T>
class LongRun {
 public:
  static typename Op::Value reduce(const T* x, std::int64_t n) {
    if (n <= range_elements) return reduce_run<Op>(x, n);
    LongRun run;
    run.cut(x, n);
    run.values_.resize(run.parts_.size());
    parallel_ranges(std::ssize(run.parts_), range_elements, [&](std::int64_t i, std::int64_t end) {
      for (; i < end; ++i) {
        const std::span<const T> part = run.parts_[static_cast<std::size_t>(i)];
        run.values_[static_cast<std::size_t>(i)] = reduce_run<Op>(part.data(), std::ssize(part));
      }
    });
    return run.joined(n);
  }

 private:
  // Cuts the run where reduce_run() does.
  void cut(const T* x, std::int64_t n) {
    if (n <= range_elements) return parts_.emplace_back(x, x + n), void();
    cut(x, half_of(n));
    cut(x + half_of(n), n - half_of(n));
  }
  typename Op::Value joined(std::int64_t n) {
    if (n <= range_elements) return values_[next_++];
    const auto first = joined(half_of(n));
    return Op::join(first, joined(n - half_of(n)));
  }

  std::vector<std::span<const T>> parts_;
  std::vector<typename Op::Value> values_;
  std::size_t next_ = 0;
};

template <class Op>
void join_rows(std::int64_t width, const typename Op::Value* from, typename Op::Value* to) {
  for (std::int64_t j = 0; j < width; ++j) to[j] = Op::join(to[j], from[j]);
}

// `width` columns of a matrix with rows of `stride` elements. Blocks of rows are joined in pairs, as a counter in
// binary carries: partial[k] holds the result of 2^k blocks whenever bit k of the block count is set.
template <class Op, class T>
void reduce_rows(const T* x, std::int64_t rows, std::int64_t stride, std::int64_t width, typename Op::Value* y,
                 std::vector<typename Op::Value>& partial) {
  using A = typename Op::Value;
  partial.resize(static_cast<std::size_t>(tile * (std::bit_width(static_cast<std::uint64_t>(rows / row_block)) + 2)));
  const auto level = [&](int k) { return partial.data() + k * tile; };
  std::uint64_t blocks = 0;
  for (std::int64_t first = 0; first < rows; first += row_block, ++blocks) {
    std::fill_n(y, width, Op::start);
    for (std::int64_t row = first; row < std::min(rows, first + row_block); ++row) {
      const T* from = x + row * stride;
      for (std::int64_t j = 0; j < width; ++j) y[j] = Op::join(y[j], static_cast<A>(from[j]));
    }
    int k = 0;
    for (; (blocks >> k) & 1; ++k) join_rows<Op>(width, level(k), y);
    std::copy_n(y, width, level(k));
  }
  std::fill_n(y, width, Op::start);
  for (int k = 0; blocks >> k; ++k)
    if ((blocks >> k) & 1) join_rows<Op>(width, level(k), y);
}

// Reduces many rows in the same order on several threads: a part has 2^n blocks, which the counter would carry to bit
// n.
template <class Op, class T>
void reduce_many_rows(const T* x, std::int64_t rows, std::int64_t stride, std::int64_t width, typename Op::Value* y) {
  const auto blocks = static_cast<std::uint64_t>(std::max<std::int64_t>(1, range_elements / (row_block * width)));
  const std::int64_t part = row_block * static_cast<std::int64_t>(std::bit_ceil(blocks)), parts = rows / part;
  std::vector<typename Op::Value> values(static_cast<std::size_t>((parts + 1) * width));
  parallel_ranges(parts + 1, part * width, [&](std::int64_t i, std::int64_t end) {
    std::vector<typename Op::Value> partial;
    for (; i < end; ++i)
      reduce_rows<Op>(x + i * part * stride, std::min(part, rows - i * part), stride, width, values.data() + i * width,
                      partial);
  });
  std::array<const typename Op::Value*, 64> levels{};
  const auto count = static_cast<std::uint64_t>(parts);
  for (std::uint64_t i = 0; i < count; ++i) {
    typename Op::Value* value = values.data() + static_cast<std::int64_t>(i) * width;
    std::size_t k = 0;
    for (; (i >> k) & 1; ++k) join_rows<Op>(width, levels[k], value);
    levels[k] = value;
  }
  std::copy_n(values.data() + parts * width, width, y);  // the remaining blocks, perhaps none
  for (std::size_t k = 0; count >> k; ++k)
    if ((count >> k) & 1) join_rows<Op>(width, levels[k], y);
}

// x (outer, size, inner) -> y (outer, inner)
template <class Op, class T>
void reduce_middle(const T* x, const Panels& shape, typename Op::Value* y) {
  const std::int64_t size = shape.size, inner = shape.inner, tiles = (inner + tile - 1) / tile;
  if (inner == 1)
    return parallel_ranges(shape.outer, size, [=](std::int64_t i, std::int64_t end) {
      for (; i < end; ++i) y[i] = LongRun<Op, T>::reduce(x + i * size, size);
    });
  // Calls body with the first element, the width and the result of tile i.
  const auto with_tile = [=](std::int64_t i, auto body) {
    const std::int64_t outer = i / tiles, j = i % tiles * tile;
    body(x + outer * size * inner + j, std::min(tile, inner - j), y + outer * inner + j);
  };
  if (shape.outer * tiles < 8 && size * inner > 4 * range_elements) {
    for (std::int64_t i = 0; i < shape.outer * tiles; ++i)
      with_tile(i, [&](const T* from, auto width, auto to) { reduce_many_rows<Op>(from, size, inner, width, to); });
    return;
  }
  parallel_ranges(shape.outer * tiles, size * std::min(tile, inner), [&](std::int64_t i, std::int64_t end) {
    std::vector<typename Op::Value> partial;
    for (; i < end; ++i)
      with_tile(i, [&](const T* from, auto width, auto to) { reduce_rows<Op>(from, size, inner, width, to, partial); });
  });
}

// Reduces the innermost marked group.
template <class Op, class T>
std::vector<typename Op::Value> reduce_last(const T* x, std::vector<AxisGroup>& groups) {
  Panels shape;
  const bool trailing = groups.back().marked;
  const std::size_t at = groups.size() - (trailing ? 1 : 2);
  shape.size = groups[at].size;
  if (!trailing) shape.inner = groups.back().size;
  for (std::size_t i = 0; i < at; ++i) shape.outer *= groups[i].size;
  std::vector<typename Op::Value> y(static_cast<std::size_t>(shape.outer * shape.inner));
  reduce_middle<Op>(x, shape, y.data());
  groups.resize(at);
  if (!trailing) {
    if (groups.empty())
      groups.push_back({shape.inner, false});
    else
      groups.back().size *= shape.inner;
  }
  return y;
}

bool any_marked(const std::vector<AxisGroup>& groups) {
  return std::any_of(groups.begin(), groups.end(), [](const AxisGroup& group) { return group.marked; });
}

template <class Op, class T, class Y>
void reduce_groups(const T* x, std::vector<AxisGroup> groups, std::span<Y> y) {
  using A = typename Op::Value;
  const auto count = static_cast<std::int64_t>(y.size());
  if (!any_marked(groups))
    return parallel_ranges(count, 1, [&](std::int64_t i, std::int64_t end) {
      std::transform(x + i, x + end, y.data() + i, [](T v) { return convert<Y>(v); });
    });
  std::vector<A> partial = reduce_last<Op>(x, groups);
  while (any_marked(groups)) partial = reduce_last<Op>(partial.data(), groups);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<Y>(partial[i]);
}

template <template <class> class Op, class A, class T, class Y>
void apply(const View& x, AxisSet axes, const View& y) {
  const std::span<Y> to = y.span<Y>();
  if (to.empty()) return;
  if (x.numel() == 0) return std::fill(to.begin(), to.end(), static_cast<Y>(Op<A>::start)), void();
  using Element = std::conditional_t<std::same_as<T, bool>, std::uint8_t, T>;  // bytes are reduced as bytes
  reduce_groups<Op<A>>(reinterpret_cast<const Element*>(x.as<const T>()), group_axes(x.shape, axes), to);
}

template <class T, class Y>
bool add_or_multiply(Instruction f, const View& x, AxisSet axes, const View& y) {
  if (f == Instruction::sum) return apply<Sum, Accumulator<Y>, T, Y>(x, axes, y), true;
  if (f == Instruction::prod) return apply<Product, Accumulator<Y>, T, Y>(x, axes, y), true;
  return false;
}

}  // namespace

void reduce(Instruction f, const View& x, AxisSet axes, const View& y) {
  const bool known = dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    using A = std::conditional_t<std::same_as<T, bool>, std::uint8_t, T>;  // std::vector<bool> is not an array
    if (f == Instruction::max) return apply<Largest, A, T, T>(x, axes, y), true;
    if (f == Instruction::min) return apply<Smallest, A, T, T>(x, axes, y), true;
    if constexpr (std::same_as<T, bool>)
      return y.dtype == int64 && add_or_multiply<bool, std::int64_t>(f, x, axes, y);
    else
      return add_or_multiply<T, T>(f, x, axes, y);
  });
  if (!known) fail<DTypeError>(Location::current(), "reduce: there is no such reduction of ", x.dtype, " elements");
}

}  // namespace xgrad::kernels
