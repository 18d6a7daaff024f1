#pragma once

#include <cstddef>
#include <new>

namespace xgrad {

namespace detail {
/// What is to be done when a thread ends.
struct ThreadEnd {
  ThreadEnd* next = nullptr;
  void (*end)(ThreadEnd&) noexcept = nullptr;  // null when there is nothing to do
};
/// Calls `what.end` when this thread ends: after the destructors of all thread_local objects, and those of other
/// libraries' keys, as far as the system lets it. The last to come goes first.
void at_thread_end(ThreadEnd& what) noexcept;
}  // namespace detail

/// What each thread has one of: made when the thread asks first, and destroyed when it ends, but later than any
/// thread_local object, whose destructor may ask for it; asked for again after that it is made again. That of the
/// thread that leaves the program is never destroyed. Declared as `constinit thread_local ThreadObject<T>`.
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
