// A child that is forked off works, whatever other threads were at.

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <thread>

#include "autograd/autograd.hpp"
#include "autograd/core/mutex.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/autograd/engine/scopes.hpp"
#include "tests/process/child.hpp"

#if defined(XGRAD_SANITIZED) && __clang_major__ == 16
// AddressSanitizer's allocator may be locked by another thread when one forks, and then is for ever in the child: that
// of clang 16 does not wait as later ones do. What they do is done here, with its own functions.
namespace __sanitizer {
void StackDepotLockAll();
void StackDepotUnlockAll();
}  // namespace __sanitizer
namespace __lsan {
void LockThreadRegistry();
void UnlockThreadRegistry();
void LockAllocator();
void UnlockAllocator();
}  // namespace __lsan

namespace {

void lock_allocator() {
  __lsan::LockThreadRegistry();
  __lsan::LockAllocator();
  __sanitizer::StackDepotLockAll();
}

void unlock_allocator() {
  __sanitizer::StackDepotUnlockAll();
  __lsan::UnlockAllocator();
  __lsan::UnlockThreadRegistry();
}

// Before all others, also those of shared libraries (OpenBLAS waits for its threads): what is asked first waits last.
void wait_for_the_allocator() { pthread_atfork(lock_allocator, unlock_allocator, unlock_allocator); }
[[gnu::section(".preinit_array"), gnu::used]] void (*const before_all_others)() = wait_for_the_allocator;

}  // namespace
#endif

namespace xgrad {
namespace {

using fused::testing::Threads;

// A training that threads share the work of, with programs, products, and LAPACK.
std::vector<double> train(int steps, std::int64_t width = 96) {
  Rng rng(7);
  const Parameter w(normal({width, width}, rng, 0, 0.1, float64)), b(zeros({width}, float64));
  optim::Optimizer optimizer({w, b}, optim::adam(0.01));
  const Tensor x = normal({200, width}, rng, 0, 1, float64);
  for (int i = 0; i < steps; ++i) optimizer.step(grad(mean(square(tanh(matmul(x, w) + b))), std::vector{w, b}));
  const Tensor a = matmul(transpose(w.value()), w.value()) + eye(width, {}, float64);
  return concat({reshape(w.value(), {-1}), solve(a, b.value())}, 0).to_vector();
}

// Programs that differ in their steps, so that each has machine code of its own.
Tensor computed(const Tensor& x, int code) {
  Tensor y = x;
  for (int bit = 0; bit < 8; ++bit) y = code >> bit & 1 ? tanh(y * 1.5) : y * y - 0.25;
  return sum(y, 1);
}

/// Makes machine code for `codes`, calls `between`, and runs it again.
template <class Between>
bool compiles_well(std::vector<int> codes, Between between) {
  Rng rng(3);
  const Tensor x = normal({300, 500}, rng);
  std::vector<std::vector<double>> expected;
  {
    const fused::testing::InTier interpreted("interpreted");
    for (const int code : codes) expected.push_back(computed(x, code).to_vector());
  }
  const auto all_right = [&] {
    for (std::size_t i = 0; i < codes.size(); ++i)
      if (computed(x, codes[i]).to_vector() != expected[i]) return false;
    return true;
  };
  if (!all_right() || !all_right()) return false;
  between();
  return all_right();
}

bool well(pid_t child) {
  const Ended ended = waited_for(child);
  INFO(ended);
  CHECK(ended.well());
  return ended.well();
}

// Other threads that compute all the time.
class Busy {
 public:
  explicit Busy(int count) {
    for (int i = 0; i < count; ++i)
      threads_.emplace_back([this, i] {
        for (int round = 0; !stop_; ++round) train(2, 64 + 8 * ((i + round) % 5)), ++rounds_;
      });
    while (rounds_ < count) std::this_thread::yield();
  }
  ~Busy() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> rounds_{0};
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("a child that is forked off computes on as many threads as it likes", "[process]") {
  const Threads scope(4);
  const std::vector<double> expected = train(3);
  const int threads = GENERATE(0, 1, 2, 4, 8);
  for (int i = 0; i < 5; ++i)
    REQUIRE(well(fork_off([&] {
      if (threads > 0) set_num_threads(threads);
      return train(3) == expected && train(3) == expected;
    })));
  CHECK(train(3) == expected);
}

TEST_CASE("a child of a child computes", "[process]") {
  const Threads scope(4);
  const std::vector<double> expected = train(3);
  CHECK(well(fork_off([&] {
    if (train(3) != expected) return false;
    const pid_t grandchild = fork_off([&] { return train(3) == expected; });
    int status = 1;
    return waitpid(grandchild, &status, 0) == grandchild && status == 0 && train(3) == expected;
  })));
}

TEST_CASE("children are forked off while other threads compute", "[process]") {
  const Threads scope(4);
  const std::vector<double> expected = train(3);
  const Busy busy(3);
  const int children = sanitized ? 10 : 50;
  for (int i = 0; i < children; ++i)
    REQUIRE(well(fork_off([&] {
      set_num_threads(1 + i % 4);
      return train(3) == expected && train(3, 64 + 8 * (i % 5)).size() > 0;
    })));
}

TEST_CASE("several threads fork at a time", "[process]") {
  const Threads scope(2);
  const std::vector<double> expected = train(3);
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) {
        const pid_t child = fork_off([&] { return train(3) == expected; });
        int status = 1;
        if (waitpid(child, &status, 0) != child || status != 0 || train(2).empty()) ++failed;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
}

TEST_CASE("parent and child make machine code of their own", "[process]") {
  const fused::testing::InTier compiled("compile-at-once");
  REQUIRE(compiles_well({1, 2, 3}, [] {}));
  int to_child[2], to_parent[2];
  REQUIRE((pipe(to_child) == 0 && pipe(to_parent) == 0));
  // Each has made its code when the other one runs its own again.
  const auto meet = [](int send, int receive) {
    char byte = 'x';
    if (write(send, &byte, 1) != 1 || read(receive, &byte, 1) != 1) _exit(4);
  };
  const pid_t child = fork_off([&] {
    return compiles_well({128, 131, 135, 143, 159, 191, 255, 129}, [&] { meet(to_parent[1], to_child[0]); });
  });
  CHECK(compiles_well({10, 20, 30, 40, 50, 60, 70, 80}, [&] { meet(to_child[1], to_parent[0]); }));
  CHECK(well(child));
}

TEST_CASE("a fork waits for who holds a lock, and not for who forks", "[process]") {
  Mutex mutex;
  std::atomic<bool> locked{false}, released{false};
  std::thread holder([&] {
    const std::lock_guard lock(mutex);
    locked = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    released = true;
  });
  while (!locked) std::this_thread::yield();
  const pid_t child = fork_off([&] { return released && mutex.try_lock(); });
  CHECK(well(child));
  holder.join();
  const std::lock_guard own(mutex);
  const std::uint32_t before = forks();
  CHECK(well(fork_off([&] { return forks() == before + 1; })));
  CHECK(forks() == before);
}

TEST_CASE("a Parameter that another thread reads at the fork can be read and assigned in the child", "[process]") {
  const Parameter p(tensor({1.0, 2.0}));
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) static_cast<void>(p.value());
  });
  for (int i = 0; i < 50; ++i)
    REQUIRE(well(fork_off([&] {
      Parameter mine = p;
      mine.assign(p * 2);
      return mine.value().to_vector() == std::vector<double>{2, 4};
    })));
  stop = true;
  reader.join();
}

TEST_CASE("the threads that BLAS uses are left to the program", "[process]") {
  const auto get = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_num_threads"));
  const auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (!get || !set) return;
  const int before = get();
  for (const int threads : {1, 2, before}) {
    set(threads);
    const int told = get();
    const Threads scope(3);
    train(2);
    CHECK(get() == told);
    const fused::testing::InEngine engine("reference");
    train(2);
    CHECK(get() == told);
    CHECK(well(fork_off([&] { return !train(2).empty() && get() == told; })));
  }
}

}  // namespace xgrad
