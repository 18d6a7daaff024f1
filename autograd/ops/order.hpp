#pragma once

// Sorting and selecting. NaN is above every number. Derivatives flow through elements, not through indices.

#include <cstdint>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Elements of an axis, and their indices there (int64).
struct Ordered {
  Tensor values, indices;
};

/// The indices that would sort an axis; equal elements stay in their order. int64.
Tensor argsort(const Operand& x, std::int64_t axis = -1, bool descending = false);
/// The elements of an axis in order; equal ones stay in theirs.
Ordered sort(const Operand& x, std::int64_t axis = -1, bool descending = false);
/// The k largest elements of an axis, the largest first, or the k smallest; equal ones stay in their order. ValueError
/// unless 0 <= k <= size.
Ordered topk(const Operand& x, std::int64_t k, std::int64_t axis = -1, bool largest = true);
/// The k-th smallest element, counted from 1. ValueError unless 1 <= k <= size.
Ordered kthvalue(const Operand& x, std::int64_t k, std::int64_t axis = -1, KeepDims keep = KeepDims::no);
/// The middle element; of two, the lower one. NaN where there is a NaN. Over all axes without an axis. ValueError for
/// no elements.
Tensor median(const Operand& x);
Tensor median(const Operand& x, std::int64_t axis, KeepDims keep = KeepDims::no);
/// The element at position q (n - 1) of the sorted axis, interpolated linearly. NaN where there is a NaN. Over all axes
/// without an axis. ValueError unless 0 <= q <= 1, and for no elements.
Tensor quantile(const Operand& x, double q);
Tensor quantile(const Operand& x, double q, std::int64_t axis, KeepDims keep = KeepDims::no);

/// The different elements, sorted, as a vector. Evaluates; no derivative flows.
Tensor unique(const Operand& x);
/// For each value the number of elements of `sorted`, an ascending vector, that are below it, or, from the right, not
/// above it: where it would be inserted. int64. Evaluates.
Tensor searchsorted(const Operand& sorted, const Operand& values, bool right = false);
/// How often each number 0, 1, ... occurs among int64 numbers, at least up to `least - 1`. Evaluates. ValueError for
/// numbers below 0 and for more than 2^31 counts.
Tensor bincount(const Operand& x, std::int64_t least = 0);
/// How many elements are in each of so many equal parts of [low, high], the last of which has its upper end; what lies
/// outside and NaN is not counted. int64. Evaluates. ValueError unless bins > 0 and low < high, both finite.
Tensor histogram(const Operand& x, std::int64_t bins, double low, double high);

}  // namespace xgrad
