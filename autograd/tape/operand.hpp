#pragma once

#include <utility>

#include "autograd/core/any_number.hpp"
#include "autograd/core/location.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

class Parameter;

/// What operators and functions take: a Tensor, a Parameter or a C++ number, together with the caller's place.
/// It refers to the Tensor or Parameter that it is made from, so it is for function parameters only.
class Operand {
 public:
  Operand(const Tensor& tensor, const Location& where = Location::current()) noexcept
      : tensor_(&tensor), where_(where) {}
  Operand(const Parameter& parameter, const Location& where = Location::current()) noexcept
      : parameter_(&parameter), where_(where) {}
  template <Number N>
  Operand(N number, const Location& where = Location::current()) noexcept : scalar_(number), where_(where) {}

  bool is_number() const { return tensor_ == nullptr && parameter_ == nullptr; }
  /// The Tensor that it is made from; null for an undefined one and for a number.
  const Tensor* defined_tensor() const { return tensor_ && tensor_->defined() ? tensor_ : nullptr; }
  bool is_whole_number() const { return is_number() && scalar_.is_whole(); }
  double number() const { return scalar_.number(); }
  const Location& where() const { return where_; }

  /// The Tensor; for a number, a 0-d Tensor: float32, or int64 for a whole number.
  Tensor tensor() const {
    if (tensor_ && tensor_->defined()) [[likely]]
      return *tensor_;
    return other_tensor();
  }
  /// The Tensor; for a number, one of the shape and dtype of `other`.
  Tensor tensor_like(const Tensor& other) const { return is_number() ? number_like(other) : tensor(); }

 private:
  Tensor other_tensor() const;
  Tensor number_like(const Tensor& other) const;
  void check_beside(const Tensor& other) const;
  const Tensor* tensor_ = nullptr;
  const Parameter* parameter_ = nullptr;
  AnyNumber scalar_ = 0.0;
  Location where_;
};

/// Both as Tensors: a number takes the shape and dtype of the Tensor beside it, and of two numbers one with a point
/// makes both float32.
std::pair<Tensor, Tensor> tensors_of(const Operand& a, const Operand& b);

}  // namespace xgrad
