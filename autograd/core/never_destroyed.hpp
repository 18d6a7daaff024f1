#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace xgrad {

/// A static object that is never destroyed, because static objects of the program may use the library in their
/// destructors, and threads go on while another one calls exit(). What it points to stays reachable, so that it is no
/// leak. The library has no static object with a destructor; objects of a thread are ThreadObjects.
template <class T>
class NeverDestroyed {
 public:
  template <class... Arguments>
  explicit NeverDestroyed(Arguments&&... arguments) {
    new (memory_) T(std::forward<Arguments>(arguments)...);
  }
  NeverDestroyed(const NeverDestroyed&) = delete;
  NeverDestroyed& operator=(const NeverDestroyed&) = delete;

  T& operator*() { return *std::launder(reinterpret_cast<T*>(memory_)); }
  T* operator->() { return &**this; }

 private:
  alignas(T) std::byte memory_[sizeof(T)];
};

}  // namespace xgrad
