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

/// A Tensor of the written numbers: float32 if one has a point, else int64 (or bool), unless a dtype is given.
/// ShapeError for rows of different lengths.
Tensor tensor(const Literal& values, std::optional<DType> dtype = {}, const Location& where = Location::current());

/// Copies `shape.numel()` elements of `from` in memory, row-major.
Tensor tensor_from(const void* from, const Shape& shape, DType dtype, const Location& where = Location::current());
namespace detail {
void check_count(std::size_t count, const Shape& shape, const Location& where);
}

/// Copies elements; ShapeError when there are not `shape.numel()` of them. long double becomes float64, the whole
/// numbers int64.
template <Number T>
Tensor tensor(std::span<const T> values, const Shape& shape, const Location& where = Location::current()) {
  detail::check_count(values.size(), shape, where);
  if constexpr (is_floating(dtype_of<T>) || std::same_as<T, bool> || std::same_as<T, std::int64_t>) {
    return tensor_from(values.data(), shape, dtype_of<T>, where);
  } else {
    using Stored = std::conditional_t<std::floating_point<T>, double, std::int64_t>;
    const std::vector<Stored> converted(values.begin(), values.end());
    return tensor_from(converted.data(), shape, dtype_of<Stored>, where);
  }
}
template <Number T>
Tensor tensor(std::span<const T> values, const Location& where = Location::current()) {
  return tensor(values, Shape{static_cast<std::int64_t>(values.size())}, where);
}
template <Number T>
Tensor tensor(const std::vector<T>& values, const Shape& shape, const Location& where = Location::current()) {
  static_assert(!std::same_as<T, bool>, "std::vector<bool> is not an array of bool: use std::vector<int>, and cast");
  return tensor(std::span<const T>(values), shape, where);
}
template <Number T>
Tensor tensor(const std::vector<T>& values, const Location& where = Location::current()) {
  return tensor(values, Shape{static_cast<std::int64_t>(values.size())}, where);
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
/// 0, ..., count - 1 in random order, as int64.
Tensor permutation(std::int64_t count, Rng& rng, const Location& where = Location::current());

}  // namespace xgrad
