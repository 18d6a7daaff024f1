#pragma once

#include <cstddef>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::detail {

/// Is told of each step of a backward pass, to see what becomes of cotangents.
class Watcher {
 public:
  /// The rule of a recorded entry is called next. `arrived` is the entry's cotangent, which may hold anything where a
  /// mask will make it zero.
  virtual void arrives(const Entry& entry, const Tensor& arrived) = 0;
  /// The rule has given a cotangent for one input; undefined for zero.
  virtual void gives(const Entry& entry, std::size_t input, const Tensor& cotangent) = 0;

 protected:
  ~Watcher() = default;
};

/// The Watcher of the next backward pass of this thread, which takes it from here; mostly null.
inline constinit thread_local Watcher* watcher = nullptr;

}  // namespace xgrad::detail
