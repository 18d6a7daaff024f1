// The library is there to the last moment of a thread and of the program.

#include <pthread.h>

#include <atomic>
#include <functional>
#include <thread>

#include "autograd/autograd.hpp"
#include "autograd/tape/slab.hpp"
#include "optim/optim.hpp"
#include "tests/process/child.hpp"

namespace xgrad::exit_test {
namespace {

// All that a program uses of the library, which gives the same each time.
std::vector<double> everything() {
  Rng rng(7);
  const Parameter w(normal({12, 12}, rng, 0, 1, float64)), b(zeros({12}, float64));
  optim::Optimizer optimizer({w, b}, optim::adam(0.1));
  const Tensor x = normal({20, 12}, rng, 0, 1, float64);
  for (int i = 0; i < 3; ++i) optimizer.step(grad(sum(square(tanh(matmul(x, w) + b))), std::vector{w, b}));
  const Tensor a = matmul(transpose(w.value()), w.value()) + eye(12, {}, float64);
  Tensor whole = concat({reshape(softmax(matmul(x, w), 1), {-1}), reshape(solve(a, b.value()), {-1})}, 0);
  return whole.to_vector();
}

void check_at_the_end(const std::vector<double>& expected) {
  if (everything() == expected) return;
  std::fputs("other numbers at the end\n", stderr);
  _exit(3);
}

// Reads values as it is destroyed: what was computed, what was not, and what is recorded only then.
struct Reader {
  Tensor pending;
  std::vector<double> expected, of_pending;
  ~Reader() {
    if (pending.defined() && pending.to_vector() != of_pending) _exit(4);
    if (!expected.empty()) check_at_the_end(expected);
  }
};
void fill(Reader& reader) {
  const Tensor x = tensor({1.0, 2.0, 3.0}, float64);
  reader.pending = exp(x) * 2;
  reader.of_pending = (exp(x) * 2).to_vector();
  reader.expected = everything();
}

Reader at_exit;  // before anything of the library is used, so that it is destroyed after what is static there
thread_local Reader of_thread;

std::atomic<int> ends{0};
pthread_key_t key;

void in_a_thread() {
  static_cast<void>(&of_thread);
  fill(of_thread);
}

}  // namespace

TEST_CASE("child: values are read when static objects are destroyed", "[.exit_static]") {
  end_if_it_hangs();
  fill(at_exit);
  static Reader later;
  fill(later);
  std::exit(0);
}

TEST_CASE("child: values are read when objects of the first thread are destroyed", "[.exit_thread_local]") {
  end_if_it_hangs();
  in_a_thread();
  std::exit(0);
}

TEST_CASE("child: the program ends while others compute", "[.exit_others]") {
  end_if_it_hangs();
  const std::vector<double> expected = everything();
  std::atomic<int> going{0};
  for (int i = 0; i < 3; ++i)
    std::thread([&] {
      for (;; ++going) check_at_the_end(expected);
    }).detach();
  while (going < 6) std::this_thread::yield();
  fill(at_exit);
  std::exit(0);
}

TEST_CASE("values may be read in the destructors of static objects", "[process]") {
  const std::string way = GENERATE("[.exit_static]", "[.exit_thread_local]");
  const std::string threads = GENERATE("XGRAD_NUM_THREADS=1", "XGRAD_NUM_THREADS=4");
  const Ended ended = run_apart(way, {threads});
  INFO(way << " " << threads << " " << ended);
  CHECK(ended.well());
}

TEST_CASE("the program may end while other threads compute", "[process]") {
  for (int i = 0; i < 40; ++i) {
    const Ended ended = run_apart("[.exit_others]", {"XGRAD_NUM_THREADS=4"});
    INFO(ended);
    REQUIRE(ended.well());
  }
}

TEST_CASE("values may be read in the destructors of thread_local objects, and of other libraries' keys", "[process]") {
  const std::int64_t before = live_entries();
  REQUIRE(pthread_key_create(&key, [](void* reader) {
            delete static_cast<Reader*>(reader);
            ++ends;
          }) == 0);
  std::thread([] {
    auto* reader = new Reader;
    pthread_setspecific(key, reader);
    in_a_thread();
    fill(*reader);
  }).join();
  CHECK(ends == 1);
  CHECK(live_entries() == before);
  pthread_key_delete(key);
}

TEST_CASE("child: ten thousand threads come and go", "[.exit_many_threads]") {
  end_if_it_hangs();
  const auto run = [](int count) {
    for (int i = 0; i < count; ++i)
      std::thread([] {
        static thread_local Reader last;
        const Tensor x = tensor({1.0, 2.0, 3.0}, float64);
        last.pending = exp(x) * 2;
        last.of_pending = (exp(x) * 2).to_vector();
      }).join();
  };
  run(2000);
  const long before = status_of_process("VmRSS");
  const std::int64_t entries = live_entries();
  run(sanitized ? 1000 : 8000);
  CHECK(live_entries() == entries);
  if (!sanitized) CHECK(status_of_process("VmRSS") - before <= 1024);
}

TEST_CASE("threads that have ended leave nothing behind", "[process]") {
  const Ended ended = run_apart("[.exit_many_threads]");
  INFO(ended);
  CHECK(ended.well());
}

}  // namespace xgrad::exit_test
