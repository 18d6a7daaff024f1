#include <catch2/catch.hpp>
#include <thread>

#include "autograd/autograd.hpp"
#include "autograd/tape/slab.hpp"

namespace xgrad::threads_test {
namespace {

std::vector<double> train(const Parameter& shared, int steps) {
  Parameter own = shared.clone();
  for (int i = 0; i < steps; ++i) {
    const Tensor loss = sum(tanh(own * shared) + own * own * 0.01);
    own.assign(own - 0.1 * grad(loss, own));
  }
  return own.value().to_vector();
}

TEST_CASE("sixteen threads with tapes of their own share parameters, with the results of one") {
  const Parameter shared(tensor({0.5, -0.25, 1.5, 2.0}, float64));
  const std::vector<double> serial = train(shared, 200);
  std::vector<std::vector<double>> results(16);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = train(shared, 200); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == serial);
}

TEST_CASE("a pending Tensor of another thread is a ThreadError, a computed one is data") {
  const Tensor pending = tensor({1.0, 2.0}) * 3, tracked = track(tensor({1.0})) * 2;
  evaluate(tracked);
  const Tensor computed = tensor({1.0, 2.0}) * 5;
  evaluate(computed);
  std::thread([&] {
    CHECK_THROWS_AS(pending + 1, ThreadError);
    CHECK_THROWS_AS(pending.to_vector(), ThreadError);
    CHECK_THROWS_AS(tracked + 1, ThreadError);  // has a history, which is that thread's
    CHECK(tracked.item() == 2);
    CHECK((computed + 1).to_vector() == std::vector<double>{6, 11});
  }).join();
  CHECK(pending.to_vector() == std::vector<double>{3, 6});
}

TEST_CASE("Tensors outlive the thread that made them") {
  const std::int64_t before = live_entries();
  {
    Tensor made;
    std::thread([&] {
      made = tensor({1.0, 2.0}) * 2;
      evaluate(made);
    }).join();
    CHECK((made * 2).to_vector() == std::vector<double>{4, 8});
    std::thread([&] { made = Tensor(); }).join();
  }
  CHECK(live_entries() == before);
}

}  // namespace
}  // namespace xgrad::threads_test
