#pragma once

#include <cstddef>
#include <new>

namespace xgrad {

namespace detail {
/// An action for the end of a thread.
struct ThreadEnd {
  ThreadEnd* next = nullptr;
  void (*end)(ThreadEnd&) noexcept = nullptr;  // null when there is nothing to do
};
/// Calls `what.end` when this thread ends, after the destructors of all thread_local objects and, as far as the system
/// allows, of other libraries' keys. Actions that were registered last run first.
void at_thread_end(ThreadEnd& what) noexcept;
}  // namespace detail

/// An object of each thread. It is made at the first use and destroyed when the thread ends, after all thread_local
/// objects, whose destructors may use it; a use after that makes it again. That of the thread that ends the program is
/// never destroyed. Declared as `constinit thread_local ThreadObject<T>`.
template <class T>
class ThreadObject : private detail::ThreadEnd {
 public:
  constexpr ThreadObject() noexcept = default;
  ThreadObject(const ThreadObject&) = delete;
  ThreadObject& operator=(const ThreadObject&) = delete;

  T& operator*() {
    if (!end) [[unlikely]]
      make();
    return object();
  }
  T* operator->() { return &**this; }

 private:
  T& object() { return *std::launder(reinterpret_cast<T*>(memory_)); }
  [[gnu::noinline]] void make() {
    new (memory_) T();
    end = [](detail::ThreadEnd& made) noexcept {
      auto& self = static_cast<ThreadObject&>(made);
      self.object().~T();
      self.end = nullptr;
    };
    detail::at_thread_end(*this);
  }

  alignas(T) std::byte memory_[sizeof(T)] = {};
};

}  // namespace xgrad
