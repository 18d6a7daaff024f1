#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "autograd/core/location.hpp"

namespace xgrad {

/// A number for all spatial axes, or one for each: 2, or {2, 1}.
template <class Value>
class ForAxes {
 public:
  ForAxes() = default;  ///< not given: the function says what that means
  template <class N>
  requires(std::integral<N> || (std::floating_point<N> && std::floating_point<Value>)) ForAxes(N all)
      : list_{static_cast<Value>(all)} {}
  ForAxes(std::initializer_list<Value> list) : list_(list) {}
  ForAxes(std::vector<Value> list) : list_(std::move(list)) {}

  bool empty() const { return list_.empty(); }
  /// The numbers for so many axes. ValueError, with the name, if it has another number of them.
  std::vector<Value> of(std::int64_t axes, const char* call, const char* name, const Location& where) const;

 private:
  std::vector<Value> list_;
};

using PerAxis = ForAxes<std::int64_t>;
using ScalePerAxis = ForAxes<double>;

}  // namespace xgrad
