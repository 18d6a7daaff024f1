#include "autograd/engine/cpu/threads.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

#include "autograd/core/fail.hpp"
#include "autograd/core/mutex.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/core/parallel.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/float_mode.hpp"

namespace xgrad {

namespace {

constexpr int most_threads = 1024;
// A waiting thread spins for the time of some small steps between two large ones, because waking up takes some 20 us.
// After spin_without_yielding it offers its processor to other threads in each turn.
constexpr std::chrono::microseconds spin_time{60}, spin_without_yielding{5};

thread_local bool inside_body = false;

int processors() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::min(CPU_COUNT(&set), most_threads);
#endif
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, most_threads);
}

int initial_count() {
  const char* text = std::getenv("XGRAD_NUM_THREADS");
  if (text == nullptr || *text == '\0') return processors();
  int count = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, count);
  check<ValueError>(error == std::errc{} && stop == end && count >= 1 && count <= most_threads, Location::current(),
                    "XGRAD_NUM_THREADS: '", text, "' is no number of threads from 1 to ", most_threads);
  return count;
}

// The processor that this thread runs on, or -1.
int processor() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

// Moves this thread to another one of the processors that it may use.
void leave([[maybe_unused]] int processor) {
#if defined(__linux__)
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof(all), &all) != 0) return;
  cpu_set_t others = all;
  CPU_CLR(processor, &others);
  if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof(others), &others) == 0)
    sched_setaffinity(0, sizeof(all), &all);
#endif
}

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until the value differs from `old`, for spin_time at most. Returns whether it does.
bool changes_soon(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::chrono::steady_clock::duration waited{0}; waited < spin_time;
       waited = std::chrono::steady_clock::now() - begin) {
    if (waited > spin_without_yielding) std::this_thread::yield();
    for (int i = 0; i < 16; ++i) {
      if (value.load(std::memory_order_acquire) != old) return true;
      relax();
    }
  }
  return false;
}

// The workers and their one job. A thread takes a block by counting `ticket` down. The upper half of the ticket is the
// number of the job, the lower half the number of blocks that no thread has begun, so that taking a block of an earlier
// job fails: a late worker finds no block, and no thread waits for it.
class Pool {
 public:
  Pool() : count_(initial_count()) {}
  static Pool& instance() {
    static NeverDestroyed<Pool> pool;
    return *pool;
  }

  int count() const { return count_.load(std::memory_order_relaxed); }

  void resize(int count) {
    const std::lock_guard lock(use_);
    if (count == this->count()) return;
    forget_lost_workers();
    stop_workers();
    count_.store(count, std::memory_order_relaxed);
  }

  // Runs all blocks and returns true; returns false, and runs none, if another thread has the workers.
  bool run(std::uint32_t blocks, std::int64_t first, fused::FunctionRef<void(std::int64_t)> body) {
    const std::unique_lock lock(use_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    forget_lost_workers();
    start_workers();
    body_ = body;
    first_ = first;
    blocks_ = blocks;
    failed_.store(false, std::memory_order_relaxed);
    unfinished_.store(blocks, std::memory_order_relaxed);
    float_mode_ = fused::float_mode();
    caller_.store(processor(), std::memory_order_relaxed);
    ticket_.store((std::uint64_t{++job_} << 32) | blocks, std::memory_order_release);
    wake(blocks - 1);
    inside_body = true;
    while (work()) {
    }
    inside_body = false;
    for (std::uint32_t left; (left = unfinished_.load(std::memory_order_acquire)) != 0;)
      if (!changes_soon(unfinished_, left)) unfinished_.wait(left, std::memory_order_acquire);
    if (failed_.load(std::memory_order_relaxed) && !fused::planted("an exception in a block is lost"))
      std::rethrow_exception(std::exchange(error_, nullptr));
    return true;
  }

 private:
  // The workers of the parent process do not exist after a fork: there is none to stop or to wait for.
  void forget_lost_workers() {
    if (forks_ == forks()) return;
    static NeverDestroyed<std::vector<std::vector<std::jthread>>> lost;
    if (!workers_.empty()) lost->push_back(std::move(workers_));
    workers_.clear();
    forks_ = forks();
  }

  void start_workers() {
    if (!workers_.empty()) return;
    const auto helpers = static_cast<std::size_t>(count() - 1);
    try {
      workers_.reserve(helpers);
      for (std::size_t i = 0; i < helpers; ++i)
        workers_.emplace_back([this](const std::stop_token& stop) { wait_and_work(stop); });
    } catch (const std::exception&) {
      // The system has no more threads, or no memory for them: the workers that exist do the work.
    }
  }

  void stop_workers() {
    for (std::jthread& worker : workers_) worker.request_stop();
    wake(std::numeric_limits<std::uint32_t>::max());
    workers_.clear();
  }

  void wake(std::uint32_t most) {
    signal_.fetch_add(1);
    if (most >= workers_.size())
      signal_.notify_all();
    else
      for (std::uint32_t i = 0; i < most; ++i) signal_.notify_one();
  }

  void wait_and_work(const std::stop_token& stop) {
    inside_body = true;
    NoFork::always();
    while (true) {
      const std::uint32_t seen = signal_.load();
      if (stop.stop_requested()) return;
      // The system may keep a worker on the processor of the caller that woke it for many milliseconds.
      const int here = processor();
      if (here >= 0 && here == caller_.load(std::memory_order_relaxed)) leave(here);
      while (work()) {
      }
      if (!changes_soon(signal_, seen)) signal_.wait(seen);
    }
  }

  // Takes one block and runs it; returns false if there is none to take.
  bool work() {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    do {
      if (static_cast<std::uint32_t>(ticket) == 0) return false;
    } while (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel, std::memory_order_acquire));
    // The job cannot end before the count below, so its description stays valid.
    const std::uint32_t left = static_cast<std::uint32_t>(ticket);
    fused::set_float_mode(float_mode_);
    try {
      if (!failed_.load(std::memory_order_relaxed)) body_(first_ + (blocks_ - left));
    } catch (...) {
      if (!failed_.exchange(true, std::memory_order_relaxed)) error_ = std::current_exception();
    }
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
    return true;
  }

  Mutex use_;  // held by the thread whose job it is
  std::atomic<int> count_;
  std::vector<std::jthread> workers_;
  std::uint32_t job_ = 0;
  std::uint32_t forks_ = forks();  // when the workers were started

  fused::FunctionRef<void(std::int64_t)> body_;
  std::int64_t first_ = 0;
  std::uint32_t blocks_ = 0;
  fused::FloatMode float_mode_{};  // the caller's
  std::exception_ptr error_;
  std::atomic<bool> failed_{false};
  std::atomic<int> caller_{-1};  // the processor that the job came from

  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  alignas(64) std::atomic<std::uint32_t> unfinished_{0};
  alignas(64) std::atomic<std::uint32_t> signal_{0};
};

}  // namespace

void set_num_threads(int count, const Location& where) {
  check<ValueError>(count >= 1 && count <= most_threads, where, "set_num_threads: ", count,
                    " is no number of threads from 1 to ", most_threads);
  check<ThreadError>(!inside_body, where, "set_num_threads: the threads are at work");
  Pool::instance().resize(count);
}

int num_threads() { return Pool::instance().count(); }

namespace fused {

void run_parallel(std::int64_t blocks, FunctionRef<void(std::int64_t)> body) {
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  std::int64_t first = 0;
  if (!inside_body && num_threads() > 1) {
    for (std::int64_t part; first < blocks; first += part) {
      part = std::min(blocks - first, most);
      if (!Pool::instance().run(static_cast<std::uint32_t>(part), first, body)) break;
    }
  }
  for (; first < blocks; ++first) body(first);
}

}  // namespace fused

void detail::run_blocks(std::int64_t blocks, void (*run)(void* body, std::int64_t block), void* body) {
  fused::run_parallel(blocks, [&](std::int64_t block) { run(body, block); });
}

}  // namespace xgrad
