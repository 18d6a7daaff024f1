#include <algorithm>
#include <cmath>
#include <concepts>
#include <type_traits>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/core/parallel.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels {

namespace {

// Running sums along the middle axis, in parts of it. The parts depend on the shape alone, and each begins with the sum
// of all elements before it, so that the bits do not depend on the number of threads.
template <class A, class T>
class RunningSum {
 public:
  RunningSum(const T* x, const Panels& shape, bool reverse, T* y)
      : x_(x), shape_(shape), step_(reverse ? -shape.inner : shape.inner), y_(y) {
    rows_ = std::max<std::int64_t>(1, part_elements / shape.inner);
    parts_ = std::max<std::int64_t>(1, shape.size / rows_);  // the last part takes the rest
    if (parts_ == 1) rows_ = shape.size;
  }

  void run() {
    if (shape_.inner >= 2 * columns) return run_columns();
    if (parts_ == 1) return run_whole();
    const std::int64_t inner = shape_.inner;
    std::vector<A> starts(static_cast<std::size_t>(shape_.outer * parts_ * inner));
    parallel_blocks(shape_.outer * parts_,
                    [&](std::int64_t block) { add_up(block / parts_, block % parts_, starts.data() + block * inner); });
    // Sums of parts may overflow where running sums do not; then the axis is one part.
    std::vector<char> whole;
    for (std::int64_t i = 0; i < shape_.outer; ++i) whole.push_back(!start_parts(starts.data() + i * parts_ * inner));
    const std::int64_t groups = (parts_ + together - 1) / together;
    parallel_blocks(shape_.outer * groups, [&](std::int64_t block) {
      const std::int64_t i = block / groups, first = block % groups * together;
      if (!whole[static_cast<std::size_t>(i)]) return run_parts(i, first, starts.data() + (i * parts_ + first) * inner);
      if (first == 0) run_alone(i);
    });
  }

 private:
  static constexpr std::int64_t part_elements = 1 << 14;
  static constexpr std::int64_t columns = 256;
  // Parts that are added side by side, so that one sum need not wait for its last addition.
  static constexpr std::int64_t together = 4;

  std::int64_t begin(std::int64_t i, std::int64_t k) const {
    return (i * shape_.size + (step_ < 0 ? shape_.size - 1 - k : k)) * shape_.inner;
  }
  std::int64_t end_of(std::int64_t part) const { return part == parts_ - 1 ? shape_.size : (part + 1) * rows_; }

  // Divides columns among threads, where rows are long.
  void run_columns() {
    const std::int64_t groups = (shape_.inner + columns - 1) / columns;
    parallel_blocks(shape_.outer * groups, [&](std::int64_t block) {
      A total[columns] = {};
      const std::int64_t first = block % groups * columns;
      add_columns(begin(block / groups, 0) + first, shape_.size, std::min(columns, shape_.inner - first), total);
    });
  }

  void run_whole() {
    const std::int64_t least = shape_.outer < 4 * together ? 1 : together;
    const std::int64_t each = std::max(least, part_elements / (shape_.size * shape_.inner));
    parallel_blocks((shape_.outer + each - 1) / each, [&](std::int64_t block) {
      std::int64_t i = block * each;
      const std::int64_t end = std::min(shape_.outer, i + each);
      for (; shape_.inner == 1 && i + together <= end; i += together) {
        A sums[together] = {};
        side_by_side(begin(i, 0), shape_.size, shape_.size, sums);
      }
      for (; i < end; ++i) run_alone(i);
    });
  }

  // Adds so many rows from each of several parts, which are `apart` rows from each other.
  void side_by_side(std::int64_t row, std::int64_t apart, std::int64_t rows, A* totals) {
    A sums[together];
    std::copy_n(totals, together, sums);
    for (std::int64_t k = 0; k < rows; ++k, row += step_)
      for (std::int64_t place = 0; place < together; ++place) {
        const std::int64_t at = row + place * apart;
        sums[place] = static_cast<A>(sums[place] + static_cast<A>(x_[at]));
        y_[at] = static_cast<T>(sums[place]);
      }
    std::copy_n(sums, together, totals);
  }

  void run_alone(std::int64_t i) {
    std::vector<A> total(static_cast<std::size_t>(shape_.inner));
    add(i, 0, shape_.size, total.data());
  }

  // Adds rows k to end to `total`, which is the sum of all rows before.
  void add(std::int64_t i, std::int64_t k, std::int64_t end, A* total) {
    add_columns(begin(i, k), end - k, shape_.inner, total);
  }
  void add_columns(std::int64_t row, std::int64_t rows, std::int64_t count, A* total) {
    for (std::int64_t k = 0; k < rows; ++k, row += step_)
      for (std::int64_t j = 0; j < count; ++j) {
        total[j] = static_cast<A>(total[j] + static_cast<A>(x_[row + j]));
        y_[row + j] = static_cast<T>(total[j]);
      }
  }

  void run_parts(std::int64_t i, std::int64_t first, A* total) {
    const std::int64_t inner = shape_.inner;
    if (inner > 1 || first + together > parts_) {
      for (std::int64_t part = first; part < std::min(parts_, first + together); ++part, total += inner)
        add(i, part * rows_, end_of(part), total);
      return;
    }
    side_by_side(begin(i, first * rows_), rows_ * step_, rows_, total);
    const std::int64_t last = first + together - 1;
    add(i, (last + 1) * rows_, end_of(last), total + together - 1);
  }

  // Sums up a part; rows of a single element several at a time.
  void add_up(std::int64_t i, std::int64_t part, A* total) const {
    constexpr std::int64_t lanes = 8;
    const std::int64_t end = end_of(part);
    std::int64_t k = part * rows_, row = begin(i, k);
    if (shape_.inner == 1) {
      A sums[lanes] = {};
      for (; k + lanes <= end; k += lanes, row += lanes * step_)
        for (std::int64_t lane = 0; lane < lanes; ++lane)
          sums[lane] = static_cast<A>(sums[lane] + static_cast<A>(x_[row + lane * step_]));
      for (const A sum : sums) total[0] = static_cast<A>(total[0] + sum);
    }
    for (; k < end; ++k, row += step_)
      for (std::int64_t j = 0; j < shape_.inner; ++j) total[j] = static_cast<A>(total[j] + static_cast<A>(x_[row + j]));
  }

  // Replaces the sum of each part by that of all parts before it. Returns whether all sums are finite.
  bool start_parts(A* sums) const {
    const std::int64_t inner = shape_.inner;
    std::vector<A> before(static_cast<std::size_t>(inner));
    bool finite = true;
    for (std::int64_t part = 0; part < parts_; ++part)
      for (std::int64_t j = 0; j < inner; ++j) {
        A &start = sums[part * inner + j], &sum = before[static_cast<std::size_t>(j)];
        const A next = static_cast<A>(sum + start);
        start = sum;
        sum = next;
        if constexpr (std::floating_point<A>) finite = finite && std::isfinite(start);
      }
    return finite;
  }

  const T* x_;
  Panels shape_;
  std::int64_t step_;  // from one row to the next
  T* y_;
  std::int64_t rows_, parts_;
};

}  // namespace

void cumsum(const View& x, std::int64_t axis, bool reverse, const View& y) {
  if (x.numel() == 0) return;
  const bool known = dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::same_as<T, bool>) {
      using A = std::conditional_t<std::same_as<T, float>, double, Wrapping<T>>;
      RunningSum<A, T>(x.as<const T>(), panels(x.shape, axis), reverse, y.as<T>()).run();
      return true;
    }
    return false;
  });
  if (!known) fail<DTypeError>(Location::current(), "cumsum: there are no sums of ", x.dtype, " elements");
}

}  // namespace xgrad::kernels
