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

}  // namespace xgrad
