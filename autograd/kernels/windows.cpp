// Sliding windows in memory, for products and reductions; whole rows of elements at a time.

#include <algorithm>
#include <vector>

#include "autograd/core/parallel.hpp"
#include "autograd/kernels/convert.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels {

namespace {

// Floor and ceiling of a / b for b > 0.
std::int64_t floor_of(std::int64_t a, std::int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
std::int64_t ceil_of(std::int64_t a, std::int64_t b) { return -floor_of(-a, b); }

// An axis from the first one with windows on: it has `places` windows in the unfolded array, and `elements` elements in
// the plain one. Element k of the window at place p is element p * stride + k * dilation - before.
struct SlidingAxis {
  std::int64_t elements = 1, places = 1, size = 1, stride = 1, dilation = 1, before = 0;

  std::int64_t start(std::int64_t k) const { return k * dilation - before; }
  // The places [low, high) whose element is inside, for one k.
  struct Inside {
    std::int64_t low, high;
  };
  Inside inside(std::int64_t k) const {
    const std::int64_t low = std::clamp<std::int64_t>(ceil_of(-start(k), stride), 0, places);
    return {low, std::clamp<std::int64_t>(floor_of(elements - 1 - start(k), stride) + 1, low, places)};
  }
};

// Maps rows of the unfolded array, in order, to elements of the plain one.
class Correspondence {
 public:
  Correspondence(const Shape& plain, const Shape& unfolded, std::span<const Sliding> windows) {
    const std::int64_t first = windows.front().axis, added = static_cast<std::int64_t>(windows.size());
    for (std::int64_t axis = 0; axis < first; ++axis) outer_ *= plain[axis];
    if (first + 1 == plain.ndim()) axes_.emplace_back();  // it has at least two axes
    const std::size_t none = axes_.size();
    for (std::int64_t axis = first; axis < plain.ndim(); ++axis) axes_.push_back({plain[axis], unfolded[axis + added]});
    for (const Sliding& window : windows) {
      SlidingAxis& axis = axes_[none + static_cast<std::size_t>(window.axis - first)];
      axis = {axis.elements, axis.places, window.size, window.stride, window.dilation, window.before};
    }
    for (const SlidingAxis& axis : axes_) {
      plain_ *= axis.elements;
      unfolded_ *= axis.places * axis.size;
    }
  }

  std::int64_t stride_in_row() const { return axes_.back().stride; }
  std::int64_t row() const { return axes_.back().places; }

  // Calls see(row, plain, low, high): element i of the row, which begins at `row` in the unfolded array, is element
  // plain + i * stride_in_row() of the plain one for low <= i < high, and outside otherwise. On several threads: rows
  // of one combination of the axes before the windows are seen by one of them, in order.
  template <class See>
  void each_row(See see) const {
    if (unfolded_ == 0) return;
    constexpr std::int64_t enough = 1 << 15;  // elements for a thread
    const std::int64_t at_once = std::clamp<std::int64_t>(enough / unfolded_, 1, outer_);
    parallel_blocks((outer_ + at_once - 1) / at_once, [&](std::int64_t block) {
      for (std::int64_t outer = block * at_once; outer < std::min(outer_, (block + 1) * at_once); ++outer)
        rows_of(outer, see);
    });
  }

 private:
  template <class See>
  void rows_of(std::int64_t outer, See& see) const {
    std::vector<std::int64_t> k(axes_.size()), place(axes_.size() - 2);
    std::int64_t row = outer * unfolded_;
    do do
        row = rows(outer * plain_, k, place, row, see);
      while (next(place, &SlidingAxis::places));
    while (next(k, &SlidingAxis::size));
  }
  // The rows of the last two axes.
  template <class See>
  std::int64_t rows(std::int64_t begin, const std::vector<std::int64_t>& k, const std::vector<std::int64_t>& place,
                    std::int64_t row, See& see) const {
    bool is_inside = true;
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < place.size(); ++i) {
      const std::int64_t element = place[i] * axes_[i].stride + axes_[i].start(k[i]);
      is_inside = is_inside && element >= 0 && element < axes_[i].elements;
      offset = offset * axes_[i].elements + element;
    }
    const SlidingAxis &upper = axes_[place.size()], &last = axes_.back();
    const SlidingAxis::Inside of_upper = upper.inside(k[place.size()]), of_last = last.inside(k.back());
    const bool is_any = is_inside && of_last.low < of_last.high;
    for (std::int64_t p = 0; p < upper.places; ++p, row += last.places) {
      if (!is_any || p < of_upper.low || p >= of_upper.high) {
        see(row, 0, 0, 0);
        continue;
      }
      const std::int64_t element = offset * upper.elements + p * upper.stride + upper.start(k[place.size()]);
      see(row, begin + element * last.elements + last.start(k.back()), of_last.low, of_last.high);
    }
    return row;
  }
  // The next combination, the last one counting fastest; false after the last.
  bool next(std::vector<std::int64_t>& index, std::int64_t SlidingAxis::*sizes) const {
    for (std::size_t i = index.size(); i-- > 0;) {
      if (++index[i] < axes_[i].*sizes) return true;
      index[i] = 0;
    }
    return false;
  }

  std::int64_t outer_ = 1, plain_ = 1, unfolded_ = 1;
  std::vector<SlidingAxis> axes_;
};

}  // namespace

void unfold(const View& x, std::span<const Sliding> windows, double value, const View& y) {
  if (y.numel() == 0) return;
  const Correspondence all(x.shape, y.shape, windows);
  const std::int64_t row = all.row(), stride = all.stride_in_row();
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T outside = convert<T>(value), *from = x.as<const T>();
    T* to = y.as<T>();
    all.each_row([&](std::int64_t at, std::int64_t begin, std::int64_t low, std::int64_t high) {
      T* out = to + at;
      std::fill_n(out, low, outside);
      if (stride == 1)
        std::copy_n(from + (begin + low), high - low, out + low);
      else
        for (std::int64_t i = low; i < high; ++i) out[i] = from[begin + i * stride];
      std::fill_n(out + high, row - high, outside);
    });
  });
}

void fold(const View& x, std::span<const Sliding> windows, const View& y) {
  if (y.numel() == 0) return;
  const Correspondence all(y.shape, x.shape, windows);
  const std::int64_t stride = all.stride_in_row();
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, bool>) {
      const T* from = x.as<const T>();
      T* to = y.as<T>();
      std::fill_n(to, y.numel(), T{0});
      all.each_row([&](std::int64_t at, std::int64_t begin, std::int64_t low, std::int64_t high) {
        const T* in = from + at;
        if (stride == 1) {
          T* out = to + (begin + low);
          for (std::int64_t i = 0; i < high - low; ++i) out[i] = wrapping_add(out[i], in[low + i]);
        } else {
          for (std::int64_t i = low; i < high; ++i)
            to[begin + i * stride] = wrapping_add(to[begin + i * stride], in[i]);
        }
      });
    }
  });
}

}  // namespace xgrad::kernels
