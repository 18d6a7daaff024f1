#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "autograd/core/location.hpp"
#include "autograd/core/shape.hpp"

namespace xgrad {

/// Axes as a caller writes them: a number, a list (negative counts from the end), or `all_axes`.
class Axes {
 public:
  Axes() = default;  ///< no axes
  template <std::integral Axis>
  requires(!std::same_as<Axis, bool>) Axes(Axis axis) : axes_{static_cast<std::int64_t>(axis)} {}
  Axes(std::initializer_list<std::int64_t> axes) : axes_(axes) {}
  Axes(std::vector<std::int64_t> axes) : axes_(std::move(axes)) {}
  static constexpr Axes all() {
    Axes axes;
    axes.all_ = true;
    return axes;
  }

  bool is_all() const { return all_; }
  const std::vector<std::int64_t>& list() const { return axes_; }

 private:
  std::vector<std::int64_t> axes_;
  bool all_ = false;
};

inline constexpr Axes all_axes = Axes::all();
/// Whether a reduction leaves the axes that it reduces, with size 1. No bool, number or axis converts to it, nor it to
/// them, so that it cannot be taken for another argument; what a program decides is `KeepDims{condition}`.
enum class KeepDims : bool { no, yes };
/// For the last argument of a reduction: `sum(x, -1, keep_dims)`, and over all axes `sum(x, keep_dims)`.
inline constexpr KeepDims keep_dims = KeepDims::yes;
/// Matches the argument `keep_dims` where the axes are left out. (`{}` means no axes.)
template <class T>
concept OnlyKeepDims = std::same_as<T, KeepDims>;

/// A set of axes of one Tensor, as a mask.
class AxisSet {
 public:
  constexpr AxisSet() = default;
  constexpr explicit AxisSet(std::uint64_t mask) : mask_(mask) {}

  bool contains(std::int64_t axis) const { return (mask_ >> axis) & 1; }
  void insert(std::int64_t axis) { mask_ |= std::uint64_t{1} << axis; }
  bool empty() const { return mask_ == 0; }
  int size() const { return std::popcount(mask_); }
  std::uint64_t mask() const { return mask_; }
  friend bool operator==(AxisSet, AxisSet) = default;

 private:
  std::uint64_t mask_ = 0;
};

/// `axis` counted from the front; AxisError when it is not in [-ndim, ndim).
std::int64_t normalise_axis(std::int64_t axis, std::int64_t ndim, const char* operation, const Location& where);
/// The axes as a set. AxisError for an axis that is out of range or given twice.
AxisSet normalise_axes(const Axes& axes, std::int64_t ndim, const char* operation, const Location& where);
/// `shape` with size 1 at each axis of the set.
Shape reduced_shape(const Shape& shape, AxisSet axes);
/// `shape` without the axes of the set.
Shape without_axes(const Shape& shape, AxisSet axes);

}  // namespace xgrad
