#pragma once

#include <utility>

#include "autograd/tape/operand.hpp"

namespace xgrad {

/// The Tensor of an operand, for the function that takes the operand: the one that the operand refers to, whose handle
/// is not copied, or one of its own. Copying a handle and releasing it again are two atomic operations, which take
/// longer than all else that recording an entry does.
class OperandTensor {
 public:
  explicit OperandTensor(const Operand& x) : tensor_(x.defined_tensor()) {
    if (tensor_ == nullptr) {
      own_ = x.tensor();
      tensor_ = &own_;
    }
  }
  OperandTensor(const OperandTensor&) = delete;
  OperandTensor& operator=(const OperandTensor&) = delete;

  const Tensor& operator*() const { return *tensor_; }
  /// A handle to keep: its own, which it has no longer then, or a copy.
  Tensor take() { return tensor_ == &own_ ? std::move(own_) : *tensor_; }

 private:
  Tensor own_;
  const Tensor* tensor_;
};

/// a b^T of a [..., k] and b [n, k]: what matmul(a, transpose(b)) is, without an entry for the transposition.
Tensor matmul_transposed(const Operand& a, const Operand& b);
/// a + b, which takes both handles over.
Tensor add_taken(Tensor a, Tensor b, const Location& where = Location::current());

}  // namespace xgrad
