#include "autograd/core/thread_object.hpp"

#include <limits.h>
#include <pthread.h>

#include <utility>

namespace xgrad::detail {

namespace {

constinit thread_local ThreadEnd* last = nullptr;
// The system calls destructors of a thread's keys up to so many times. The last time is left for objects that are made
// again, and for sanitizers, which forget the thread then.
constinit thread_local int calls_left = PTHREAD_DESTRUCTOR_ITERATIONS - 1;

void end_thread(void*);

pthread_key_t key() noexcept {
  static const pthread_key_t made = [] {
    pthread_key_t fresh{};
    pthread_key_create(&fresh, end_thread);
    return fresh;
  }();
  return made;
}

void end_thread(void*) {
  if (--calls_left > 0) {
    pthread_setspecific(key(), &last);
    return;
  }
  while (ThreadEnd* const what = last) {
    last = what->next;
    what->end(*what);
  }
}

}  // namespace

void at_thread_end(ThreadEnd& what) noexcept {
  what.next = std::exchange(last, &what);
  pthread_setspecific(key(), &last);
}

}  // namespace xgrad::detail
