#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
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
  Literal(N number) : dtype_(std::floating_point<N> ? float32 : dtype_of<N>), number_{static_cast<double>(number)} {}
  Literal(std::initializer_list<Literal> rows) : rows_(rows), is_list_(true) {}

  bool is_list() const { return is_list_; }
  DType dtype() const { return dtype_; }
  double number() const { return number_; }
  std::span<const Literal> rows() const { return rows_; }

 private:
  DType dtype_ = float32;
  double number_ = 0;
  std::vector<Literal> rows_;
  bool is_list_ = false;
};

/// A Tensor of the written numbers: float32 if one has a point, else int64 (or bool), unless a dtype is given.
/// ShapeError for rows of different lengths.
Tensor tensor(const Literal& values, std::optional<DType> dtype = {}, const Location& where = Location::current());

/// Copies `shape.numel()` elements of `from` in memory, row-major.
Tensor tensor_from(const void* from, const Shape& shape, DType dtype, const Location& where = Location::current());
/// Copies elements; the shape defaults to one axis. ShapeError when it does not fit.
template <Number T>
Tensor tensor(std::span<const T> values, const Location& where = Location::current()) {
  return tensor_from(values.data(), {static_cast<std::int64_t>(values.size())}, dtype_of<T>, where);
}
template <Number T>
requires(!std::same_as<T, bool>) Tensor
    tensor(const std::vector<T>& values, const Shape& shape, const Location& where = Location::current());
template <Number T>
requires(!std::same_as<T, bool>) Tensor
    tensor(const std::vector<T>& values, const Location& where = Location::current()) {
  return tensor(values, Shape{static_cast<std::int64_t>(values.size())}, where);
}

Tensor zeros(const Shape& shape, DType dtype = float32, const Location& where = Location::current());
Tensor ones(const Shape& shape, DType dtype = float32, const Location& where = Location::current());
Tensor zeros_like(const Operand& x);
Tensor ones_like(const Operand& x);
Tensor full_like(const Operand& x, double value);
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

namespace detail {
void check_count(std::size_t count, const Shape& shape, const Location& where);
}

template <Number T>
requires(!std::same_as<T, bool>) Tensor
    tensor(const std::vector<T>& values, const Shape& shape, const Location& where) {
  detail::check_count(values.size(), shape, where);
  if constexpr (std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int64_t>)
    return tensor_from(values.data(), shape, dtype_of<T>, where);
  else
    return tensor(std::vector<std::int64_t>(values.begin(), values.end()), shape, where);
}

}  // namespace xgrad
