#pragma once

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::optim {

/// One number of an update rule: a plain number, with which arithmetic is done in double precision at once, or a 0-d
/// Tensor, through which derivatives flow. Beside a Tensor it takes that Tensor's dtype.
class Scalar {
 public:
  template <Number N>
  Scalar(N number) : number_(static_cast<double>(number)) {}
  /// ShapeError unless there is one element, DTypeError unless it is floating.
  explicit Scalar(const Tensor& tensor, const Location& where = Location::current());
  explicit Scalar(const Parameter& parameter, const Location& where = Location::current())
      : Scalar(parameter.value(where), where) {}

  bool is_number() const { return !tensor_.defined(); }
  bool is_number(double number) const { return is_number() && number_ == number; }
  /// The value. Evaluates.
  double item(const Location& where = Location::current()) const;
  Tensor tensor(DType dtype = float32) const;
  /// Every element of a Tensor like `other`.
  Tensor spread_like(const Tensor& other) const;

  friend Scalar operator+(const Scalar& a, const Scalar& b);
  friend Scalar operator-(const Scalar& a, const Scalar& b);
  friend Scalar operator*(const Scalar& a, const Scalar& b);
  friend Scalar operator/(const Scalar& a, const Scalar& b);
  friend Scalar operator-(const Scalar& a);
  friend Scalar pow(const Scalar& a, const Scalar& b);
  friend Scalar sqrt(const Scalar& a);

  friend Tensor operator+(const Tensor& x, const Scalar& s);
  friend Tensor operator*(const Tensor& x, const Scalar& s);
  friend Tensor operator*(const Scalar& s, const Tensor& x) { return x * s; }

 private:
  double number_ = 0;
  Tensor tensor_;
};

}  // namespace xgrad::optim
