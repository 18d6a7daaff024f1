#pragma once

// Random tapes: whatever can be recorded, in any order. Values stay small, denominators away from 0, and what is
// compared has noise of its own added to it, so that only chance could make rounding decide: the generator avoids such
// places, and the tests compare to 1e-9.

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/autograd.hpp"

namespace xgrad::testing {

/// A random function of a few leaves. Two tapes of one seed are the same.
class RandomTape {
 public:
  RandomTape(std::uint64_t seed, DType dtype) : RandomTape(seed, dtype, {}) {}
  /// A random function of three leaves, which have the shapes of those of a tape of the same seed; its noise is data.
  RandomTape(std::uint64_t seed, DType dtype, const std::vector<Tensor>& leaves)
      : rng_(seed), dtype_(dtype), is_function_(!leaves.empty()) {
    const std::int64_t sizes[] = {1, 1, 2, 3, 4, 5, 7, 16, 33};
    for (int axis = 0; axis < 3; ++axis) extents_.push_back(sizes[rng_.below(9)]);
    if (rng_.below(20) == 0) extents_[rng_.below(3)] = 0;
    if (rng_.below(6) == 0) extents_ = {rng_.below(2) == 0 ? 1 : 150, 1, rng_.below(2) == 0 ? 70 : 1500};
    for (std::size_t i = 0; i < 3; ++i) {
      const Tensor own = noise(shape(), 1);
      leaves_.push_back(track(is_function_ ? leaves[i] : own));
    }
    values_ = leaves_;
    const std::uint64_t count = 3 + rng_.below(14);
    for (std::uint64_t i = 0; i < count; ++i) grow();
  }

  const std::vector<Tensor>& leaves() const { return leaves_; }

  /// The last values, the gradients of a loss made of them, and the gradients of those.
  std::vector<Tensor> roots() {
    std::vector<Tensor> result(values_.end() - static_cast<std::ptrdiff_t>(std::min<std::size_t>(3, values_.size())),
                               values_.end());
    Tensor loss = full({}, 0.0, dtype_);
    for (const Tensor& value : result) loss += average(sin(value));
    if (!loss.tracked()) return result;
    const auto first = grad(loss, leaves_, {.create_graph = true, .allow_unused = true});
    result.push_back(loss);
    result.insert(result.end(), first.begin(), first.end());
    if (rng_.below(2) == 0) return result;
    Tensor second = full({}, 0.0, dtype_);
    for (const Tensor& g : first) second += average(cos(g));
    if (!second.tracked()) return result;
    for (const Tensor& g : grad(second, leaves_, {.allow_unused = true})) result.push_back(g);
    return result;
  }

 private:
  // The extents, some of them 1, perhaps without the first.
  Shape shape() {
    std::vector<std::int64_t> sizes;
    for (std::size_t axis = rng_.below(4) == 0 ? 1 : 0; axis < extents_.size(); ++axis)
      sizes.push_back(rng_.below(5) == 0 ? 1 : extents_[axis]);
    return sizes;
  }
  const Tensor& any() { return values_[rng_.below(values_.size())]; }
  std::int64_t axis_of(const Tensor& x) {
    return static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(x.ndim())));
  }
  /// The sum, small enough for sin and cos of what comes of it.
  static Tensor average(const Tensor& x) { return sum(x) / std::max<std::int64_t>(1, x.numel()); }
  /// Small again, where sums and products of sums would go on growing.
  static Tensor bounded(const Tensor& x) { return 3 * tanh(x / 3); }
  /// Without ties, and without what should be 0 and is not quite.
  Tensor apart(const Tensor& x) { return x + noise(x.shape(), 0.5); }
  Tensor noise(const Shape& shape, double deviation) {
    if (!is_function_) return normal(shape, rng_, 0, deviation, dtype_);
    std::vector<double> numbers;
    for (std::int64_t i = 0; i < shape.numel(); ++i)
      numbers.push_back(deviation * (static_cast<double>(rng_.below(4001)) / 1000 - 2));
    return tensor(numbers, shape, dtype_);
  }

  void grow() {
    const Tensor x = any();
    Tensor y;
    switch (rng_.below(8)) {
      case 0:
      case 1:
        y = unary(x);
        break;
      case 2:
      case 3:
        y = binary(x, any());
        break;
      case 4:
        y = reduce(x);
        break;
      case 5:
        y = move(x);
        break;
      case 6:
        y = choose(x, any());
        break;
      default:
        y = compose(x);
        break;
    }
    if (y.numel() <= most_elements) values_.push_back(y);
  }

  Tensor unary(const Tensor& x) {
    switch (rng_.below(14)) {
      case 0:
        return -x;
      case 1:
        return exp(tanh(x));
      case 2:
        return log(square(x) + 0.5);
      case 3:
        return sin(x);
      case 4:
        return cos(x) * 2;
      case 5:
        return tanh(x);
      case 6:
        return erf(x);
      case 7:
        return abs(apart(x));
      case 8:
        return sqrt(square(x) + 1);
      case 9:
        return atan(x);
      case 10:
        return expm1(tanh(x));
      case 11:
        return log1p(square(x));
      case 12:
        return 1 / (square(x) + 1);
      default:
        return stop_gradient(x);
    }
  }
  Tensor binary(const Tensor& a, const Tensor& b) {
    Tensor lhs = a, rhs = b;
    while (lhs.ndim() < rhs.ndim()) lhs = unsqueeze(lhs, 0);
    while (rhs.ndim() < lhs.ndim()) rhs = unsqueeze(rhs, 0);
    for (std::int64_t axis = 0; axis < lhs.ndim(); ++axis) {
      if (lhs.size(axis) == rhs.size(axis) || lhs.size(axis) == 1 || rhs.size(axis) == 1) continue;
      lhs = bounded(sum(lhs, axis, keep_dims));
    }
    switch (rng_.below(8)) {
      case 0:
        return bounded(lhs + rhs);
      case 1:
        return lhs - 0.5 * rhs;
      case 2:
        return tanh(lhs) * rhs;
      case 3:
        return lhs / (square(rhs) + 1);
      case 4:
        return maximum(apart(lhs), rhs);
      case 5:
        return minimum(lhs, apart(rhs));
      case 6:
        return bounded(lhs * lhs - rhs * rhs);
      default:
        return atan2(lhs, square(rhs) + 0.1);
    }
  }
  Tensor reduce(const Tensor& x) {
    if (x.ndim() == 0) return x * 0.5;
    std::vector<std::int64_t> axes;
    for (std::int64_t axis = 0; axis < x.ndim(); ++axis)
      if (rng_.below(2) == 0) axes.push_back(axis);
    const KeepDims keep{rng_.below(2) == 0};
    bool empty = false;
    for (const std::int64_t axis : axes) empty = empty || x.size(axis) == 0;
    switch (rng_.below(empty ? 1 : 4)) {
      case 0:
        return tanh(sum(x, axes, keep));
      case 1:
        return max(apart(x), axes, keep);
      case 2:
        return min(apart(x), axes, keep);
      default:
        return mean(x, axes, keep);
    }
  }
  Tensor move(const Tensor& x) {
    if (x.ndim() == 0) return reshape(x, {1, 1});
    const std::int64_t axis = axis_of(x);
    switch (rng_.below(9)) {
      case 0:
        return flatten(x);
      case 1:
        return transpose(x, axis, axis_of(x));
      case 2:
        return slice(x, axis, 1, std::nullopt, 2);
      case 3:
        return pad(x, axis, 1, 2);
      case 4:
        return flip(x, axis);
      case 5:
        return concat({x, bounded(x * 2)}, axis);
      case 6:
        return cumsum(tanh(x), axis) / std::max<std::int64_t>(1, x.size(axis));
      case 7:
        return x.size(axis) == 0 ? x : gather(x, axis, argmax(apart(x), axis, keep_dims));
      default:
        return unsqueeze(x, axis);
    }
  }
  Tensor choose(const Tensor& a, const Tensor& b) {
    const Tensor compared = apart(a);
    if (a.shape() == b.shape()) return where(compared > b, bounded(a * b), sin(a));
    return rng_.below(2) == 0 ? where(compared > 0, a, 0)
                              : where(logical_and(compared > -0.7, compared < 0.7), a, tanh(a));
  }
  Tensor compose(const Tensor& x) {
    if (x.ndim() == 0 || x.numel() == 0) return bounded(x * x);
    const std::int64_t axis = axis_of(x);
    switch (rng_.below(6)) {
      case 0:
        return softmax(x, axis);
      case 1:
        return log_softmax(bounded(x), axis);
      case 2:
        return logsumexp(x, axis);
      case 3:
        return bounded((x - mean(x, -1, keep_dims)) / sqrt(var(x, -1, 0, keep_dims) + 0.1));
      case 4:
        return x.ndim() >= 2 ? tanh(matmul(x, transpose(x)) / x.size(-1)) : x;
      default:
        return norm(apart(x), axis) / std::sqrt(static_cast<double>(x.size(axis))) + 1;
    }
  }

  static constexpr std::int64_t most_elements = 1 << 20;  // products and broadcasts grow beyond any memory otherwise

  Rng rng_;
  DType dtype_;
  bool is_function_;
  std::vector<std::int64_t> extents_;
  std::vector<Tensor> leaves_, values_;
};

}  // namespace xgrad::testing
