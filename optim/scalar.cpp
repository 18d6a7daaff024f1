#include "optim/scalar.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad::optim {

Scalar::Scalar(const Tensor& tensor, const Location& where) : tensor_(tensor) {
  check<GraphError>(tensor.defined(), where, "a hyperparameter is an undefined Tensor");
  check<DTypeError>(is_floating(tensor.dtype()), where, "a hyperparameter must be floating, got ", describe(tensor));
  check<ShapeError>(tensor.numel() == 1, where, "a hyperparameter is one number, got ", describe(tensor));
  if (tensor.ndim() > 0) tensor_ = reshape(Operand(tensor, where), {});
}

double Scalar::item(const Location& where) const { return is_number() ? number_ : tensor_.item(where); }

Tensor Scalar::tensor(DType dtype) const {
  if (is_number()) return full({}, number_, dtype);
  return tensor_.dtype() == dtype ? tensor_ : cast(tensor_, dtype);
}

Tensor Scalar::spread_like(const Tensor& other) const {
  return is_number() ? full(other.shape(), number_, other.dtype()) : broadcast_to(tensor(other.dtype()), other.shape());
}

namespace {

/// The dtype in which two Scalars that are not both numbers meet.
DType common(const Tensor& a, const Tensor& b) {
  if (!a.defined()) return b.dtype();
  if (!b.defined()) return a.dtype();
  return a.dtype() == b.dtype() ? a.dtype() : float64;
}

}  // namespace

Scalar operator+(const Scalar& a, const Scalar& b) {
  if (a.is_number() && b.is_number()) return a.number_ + b.number_;
  const DType dtype = common(a.tensor_, b.tensor_);
  return Scalar(a.tensor(dtype) + b.tensor(dtype));
}

Scalar operator-(const Scalar& a, const Scalar& b) {
  if (a.is_number() && b.is_number()) return a.number_ - b.number_;
  const DType dtype = common(a.tensor_, b.tensor_);
  return Scalar(a.tensor(dtype) - b.tensor(dtype));
}

Scalar operator*(const Scalar& a, const Scalar& b) {
  if (a.is_number() && b.is_number()) return a.number_ * b.number_;
  const DType dtype = common(a.tensor_, b.tensor_);
  return Scalar(a.tensor(dtype) * b.tensor(dtype));
}

Scalar operator/(const Scalar& a, const Scalar& b) {
  if (a.is_number() && b.is_number()) return a.number_ / b.number_;
  const DType dtype = common(a.tensor_, b.tensor_);
  return Scalar(a.tensor(dtype) / b.tensor(dtype));
}

Scalar operator-(const Scalar& a) {
  if (a.is_number()) return -a.number_;
  return Scalar(-a.tensor_);
}

Scalar pow(const Scalar& a, const Scalar& b) {
  if (a.is_number() && b.is_number()) return std::pow(a.number_, b.number_);
  const DType dtype = common(a.tensor_, b.tensor_);
  return Scalar(pow(a.tensor(dtype), b.tensor(dtype)));
}

Scalar sqrt(const Scalar& a) {
  if (a.is_number()) return std::sqrt(a.number_);
  return Scalar(sqrt(a.tensor_));
}

Tensor operator+(const Tensor& x, const Scalar& s) {
  if (s.is_number(0)) return x;
  return s.is_number() ? add(x, s.number_) : add(x, s.tensor(x.dtype()));
}

Tensor operator*(const Tensor& x, const Scalar& s) {
  if (s.is_number(1)) return x;
  return s.is_number() ? mul(x, s.number_) : mul(x, s.tensor(x.dtype()));  // x * number would come back here
}

}  // namespace xgrad::optim
