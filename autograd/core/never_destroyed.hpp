#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace xgrad {

/// An object of static storage that is never destroyed: static objects of the program may use the library when they are
/// destroyed, and threads go on while another one calls exit(). What it points to can be reached to the end, so that it
/// is no leak. The library has no static object with a destructor; those that each thread has one of are ThreadObjects.
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
