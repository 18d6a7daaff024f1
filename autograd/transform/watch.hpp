#pragma once

#include <cstddef>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::detail {

/// Is told of each step of a backward pass, for those who want to know what became of cotangents.
class Watcher {
 public:
  /// The rule of a recorded entry is about to be asked; `arrived` is the entry's cotangent, which may hold anything
  /// where a mask is still to make it zero.
  virtual void arrives(const Entry& entry, const Tensor& arrived) = 0;
  /// The rule's answer for one input; undefined for zero.
  virtual void gives(const Entry& entry, std::size_t input, const Tensor& cotangent) = 0;

 protected:
  ~Watcher() = default;
};

/// Watches the next backward pass of this thread, which takes it. Null, as it is mostly, for nobody.
inline constinit thread_local Watcher* watcher = nullptr;

}  // namespace xgrad::detail
