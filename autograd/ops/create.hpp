#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "autograd/core/random.hpp"
#include "autograd/tape/full.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Numbers as they are written in a program: `1.5`, `{1, 2}`, `{{1, 2}, {3, 4}}`.
class Literal {
 public:
  template <Number N>
  Literal(N number)
      : dtype_(std::floating_point<N> ? float32 : dtype_of<N>),
        number_(static_cast<double>(number)),
        whole_(std::floating_point<N> ? 0 : static_cast<std::int64_t>(number)) {}
  Literal(std::initializer_list<Literal> rows) : rows_(rows), is_list_(true) {}

  bool is_list() const { return is_list_; }
  DType dtype() const { return dtype_; }
  double number() const { return number_; }
  /// A whole number, exactly; 0 for one with a point.
  std::int64_t whole_number() const { return whole_; }
  std::span<const Literal> rows() const { return rows_; }

 private:
  DType dtype_ = float32;
  double number_ = 0;
  std::int64_t whole_ = 0;
  std::vector<Literal> rows_;
  bool is_list_ = false;
};

// The dtype of `tensor` follows from one rule, whether its numbers are written in braces or lie in a vector or a span:
// unless a dtype is given, whole numbers become int64, bool stays bool, and numbers with a point (double, too) become
// float32; of a mixture, float32 if one has a point, else int64.

/// A Tensor of the written numbers. ShapeError for rows of different lengths; ValueError for a number that a given
/// dtype does not have.
Tensor tensor(const Literal& values, std::optional<DType> dtype = {}, const Location& where = Location::current());

/// Copies `shape.numel()` elements of `from` in memory, row-major, as they are.
Tensor tensor_from(const void* from, const Shape& shape, DType dtype, const Location& where = Location::current());
namespace detail {
/// Copies `count` elements and converts them; ShapeError when the shape has another number of them.
Tensor tensor_of(const void* from, DType from_dtype, std::size_t count, const Shape& shape, DType dtype,
                 const Location& where);
}  // namespace detail

/// Copies elements. ShapeError when there are not `shape.numel()` of them, ValueError for one that is no int64 number
/// where that dtype is given.
template <Number T>
Tensor tensor(std::span<const T> values, const Shape& shape, std::optional<DType> dtype = {},
              const Location& where = Location::current()) {
  const DType to = dtype.value_or(std::floating_point<T> ? float32 : dtype_of<T>);
  if constexpr (is_floating(dtype_of<T>) || std::same_as<T, bool> || std::same_as<T, std::int64_t>) {
    return detail::tensor_of(values.data(), dtype_of<T>, values.size(), shape, to, where);
  } else {
    using Stored = std::conditional_t<std::floating_point<T>, double, std::int64_t>;
    const std::vector<Stored> converted(values.begin(), values.end());
    return detail::tensor_of(converted.data(), dtype_of<Stored>, converted.size(), shape, to, where);
  }
}
template <Number T>
Tensor tensor(std::span<const T> values, std::optional<DType> dtype = {}, const Location& where = Location::current()) {
  return tensor(values, Shape{static_cast<std::int64_t>(values.size())}, dtype, where);
}
template <Number T>
Tensor tensor(const std::vector<T>& values, const Shape& shape, std::optional<DType> dtype = {},
              const Location& where = Location::current()) {
  if constexpr (std::same_as<T, bool>) {  // std::vector<bool> is no array of bool
    const std::vector<std::int64_t> numbers(values.begin(), values.end());
    return tensor(std::span<const std::int64_t>(numbers), shape, dtype.value_or(boolean), where);
  } else {
    return tensor(std::span<const T>(values), shape, dtype, where);
  }
}
template <Number T>
Tensor tensor(const std::vector<T>& values, std::optional<DType> dtype = {},
              const Location& where = Location::current()) {
  return tensor(values, Shape{static_cast<std::int64_t>(values.size())}, dtype, where);
}

Tensor zeros(const Shape& shape, DType dtype = float32, const Location& where = Location::current());
Tensor ones(const Shape& shape, DType dtype = float32, const Location& where = Location::current());
Tensor zeros_like(const Operand& x);
Tensor ones_like(const Operand& x);
Tensor full_like(const Operand& x, AnyNumber value);
/// start, start + step, ... before stop.
Tensor arange(double start, double stop, double step = 1, DType dtype = float32,
              const Location& where = Location::current());
/// 0, 1, ..., stop - 1 as int64.
Tensor arange(std::int64_t stop, const Location& where = Location::current());
/// `count` numbers from start to stop, both included.
Tensor linspace(double start, double stop, std::int64_t count, DType dtype = float32,
                const Location& where = Location::current());
/// Ones on the diagonal of a matrix, zeros elsewhere.
Tensor eye(std::int64_t rows, std::optional<std::int64_t> columns = {}, DType dtype = float32,
           const Location& where = Location::current());

/// Uniform in [low, high).
Tensor uniform(const Shape& shape, Rng& rng, double low = 0, double high = 1, DType dtype = float32,
               const Location& where = Location::current());
/// Normally distributed.
Tensor normal(const Shape& shape, Rng& rng, double mean = 0, double deviation = 1, DType dtype = float32,
              const Location& where = Location::current());
/// Whole numbers in [low, high), each as likely as the others (to within 2^-64), as int64. ValueError unless low <
/// high.
Tensor randint(const Shape& shape, Rng& rng, std::int64_t low, std::int64_t high,
               const Location& where = Location::current());
/// true with probability p, as bool. ValueError unless 0 <= p <= 1.
Tensor bernoulli(const Shape& shape, Rng& rng, double p = 0.5, const Location& where = Location::current());
/// bool elements, true with the probabilities p, a floating Tensor. No derivative flows. ValueError, perhaps only when
/// it is evaluated, unless 0 <= p <= 1.
Tensor bernoulli(const Tensor& p, Rng& rng, const Location& where = Location::current());
/// Draws int64 indices along an axis, which the result does not have: index i with probability softmax(logits)_i. No
/// derivative flows. A logit of -inf is never drawn. ValueError, perhaps only when it is evaluated, for logits that are
/// no distribution: with NaN or +inf, or all -inf. For n draws from each: categorical(broadcast_to(logits, {n, ...}),
/// rng).
Tensor categorical(const Operand& logits, Rng& rng, std::int64_t axis = -1);
namespace detail {
/// For each number of u in [0, 1) an index along the last axis of the logits, which is the last axis of u here.
Tensor categorical_draws(const Tensor& logits, const Tensor& u, const Location& where);
}  // namespace detail
/// 0, ..., count - 1 in random order, as int64.
Tensor permutation(std::int64_t count, Rng& rng, const Location& where = Location::current());

}  // namespace xgrad
