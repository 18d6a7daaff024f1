// A failure in the middle of a step leaves everything as it was, wherever it strikes.

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "autograd/autograd.hpp"
#include "autograd/tape/slab.hpp"
#include "optim/optim.hpp"
#include "tests/failing_allocations.hpp"

namespace {

// Counts down to the allocation that fails; negative when none is to fail.
thread_local std::int64_t allocations_left = -1;
thread_local std::size_t failed_bytes = 0;  // that it asked for

[[gnu::noinline]] void* allocate(std::size_t size, std::size_t alignment) {
  if (allocations_left >= 0 && allocations_left-- == 0) {
    failed_bytes = size;
    throw std::bad_alloc();
  }
  void* memory = nullptr;
  if (alignment <= alignof(std::max_align_t))
    memory = std::malloc(size ? size : 1);
  else if (posix_memalign(&memory, alignment, size) != 0)
    memory = nullptr;
  if (!memory) throw std::bad_alloc();
  return memory;
}

void* allocate_or_null(std::size_t size) noexcept {
  try {
    return allocate(size, 1);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

[[gnu::noinline]] void release(void* memory) noexcept { std::free(memory); }

}  // namespace

// What the pool of buffers takes memory from.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (allocations_left >= 0 && allocations_left-- == 0) return nullptr;
  void* memory = nullptr;
  return posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

void* operator new(std::size_t size) { return allocate(size, 1); }
void* operator new[](std::size_t size) { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) { return allocate(size, std::size_t(alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return allocate(size, std::size_t(alignment)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate_or_null(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate_or_null(size); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

void xgrad::test::fail_allocation(std::int64_t after) { allocations_left = after; }

namespace xgrad {
namespace {

// What a step changes.
struct Model {
  Parameter w{tensor({{0.5, -0.25}, {0.125, 1.0}}, float64)}, b{tensor({0.5, 0.25}, float64)};

  std::vector<double> state() const {
    std::vector<double> all = w.value().to_vector();
    for (const Tensor& t : {b.value(), w.gradient(), b.gradient()})
      if (t.defined())
        for (const double x : t.to_vector()) all.push_back(x);
    return all;
  }
};

// About fifty entries, forward and back.
void accumulate(Model& model, const Tensor& x) {
  const Tensor hidden = tanh(matmul(x, model.w) + model.b);
  const Tensor y = softmax(matmul(hidden, transpose(model.w)) * 2, 1);
  backward(-mean(log(y)) + sum(where(hidden > 0, hidden, exp(hidden))));
}

void update(Model& model) {
  const std::vector<Parameter> parameters{model.w, model.b};
  const std::vector<Tensor> values{model.w - 0.1 * model.w.gradient(), model.b - 0.1 * model.b.gradient()};
  assign(parameters, values);
}

// Fails the k-th allocation of a step, for every k until the step goes through.
template <class Step>
int fail_each_allocation(Model& model, Step step) {
  const std::vector<double> before = model.state();
  for (int k = 0;; ++k) {
    REQUIRE(k < 100000);
    bool failed = false;
    const std::int64_t entries = live_entries();
    try {
      release_pooled_memory();
      allocations_left = k;
      step();
      allocations_left = -1;
    } catch (const LimitError& error) {
      allocations_left = -1;
      failed = true;
      const std::string text = error.what();
      CHECK(text.find(" at allocation_test.cpp:") != std::string::npos);
    } catch (const std::exception& error) {
      allocations_left = -1;
      failed = true;
      // Lists of a few axes or Tensors, the caller's own among them, are not accounted for.
      if (failed_bytes > 64) FAIL_CHECK("allocation " << k << ": no LimitError, but " << error.what());
    }
    if (!failed) return k;
    INFO("allocation " << k);
    CHECK(live_entries() == entries);
    REQUIRE(model.state() == before);
  }
}

TEST_CASE("a backward pass in which any one allocation fails changes no gradient") {
  const Tensor x = tensor({{0.5, 2.0}, {-1.0, 0.25}}, float64);
  Model fresh, model;
  accumulate(fresh, x);
  const int count = fail_each_allocation(model, [&] { accumulate(model, x); });
  CHECK(count > 10);
  CHECK(model.state() == fresh.state());
  accumulate(fresh, x);
  fail_each_allocation(model, [&] { accumulate(model, x); });
  CHECK(model.state() == fresh.state());
}

TEST_CASE("an optimizer step in which any one allocation fails changes nothing") {
  const std::vector<Tensor> gradients{tensor({{0.5, 2.0}, {-1.0, 0.25}}, float64), tensor({1.0, -1.0}, float64)};
  Model fresh, model;
  optim::Optimizer by_fresh({fresh.w, fresh.b}, optim::adam(0.1)), by_model({model.w, model.b}, optim::adam(0.1));
  const auto moments = [](const optim::Optimizer& optimizer) {
    std::vector<std::vector<double>> all;
    for (const NamedTensor& slot : optimizer.state()) all.push_back(slot.value.to_vector());
    return all;
  };
  for (int step = 0; step < 4; ++step) {  // the old values are overwritten from the third on
    const auto before = moments(by_model);
    const int count = fail_each_allocation(model, [&] {
      try {
        by_model.step(gradients);
      } catch (...) {
        allocations_left = -1;
        CHECK(moments(by_model) == before);
        throw;
      }
    });
    CHECK(count > 5);
    by_fresh.step(gradients);
    CHECK(model.state() == fresh.state());
    CHECK(moments(by_model) == moments(by_fresh));
  }
}

TEST_CASE("an evaluation in which any one allocation fails may be taken again") {
  const Tensor x = tensor({{0.5, 2.0}, {-1.0, 0.25}}, float64);
  Model fresh, model;
  accumulate(fresh, x);
  const std::vector<double> expected = fresh.w.gradient().to_vector();
  accumulate(model, x);
  const Tensor gradient = model.w.gradient();
  int failures = 0;
  for (int k = 0; !gradient.evaluated(); ++k) {
    REQUIRE(k < 10000);
    try {
      release_pooled_memory();
      allocations_left = k;
      evaluate(gradient);
      allocations_left = -1;
    } catch (const LimitError&) {
      allocations_left = -1;
      ++failures;
    }
  }
  CHECK(failures > 5);
  CHECK(gradient.to_vector() == expected);
}

TEST_CASE("an update in which any one allocation fails changes no parameter") {
  const Tensor x = tensor({{0.5, 2.0}, {-1.0, 0.25}}, float64);
  Model fresh, model;
  for (Model* each : {&fresh, &model}) accumulate(*each, x);
  update(fresh);
  CHECK(fail_each_allocation(model, [&] { update(model); }) > 5);
  CHECK(model.state() == fresh.state());
}

TEST_CASE("a second derivative in which any one allocation fails leaves nothing behind") {
  Model model;
  const Tensor x = tensor({0.5, 2.0}, float64);
  const auto f = [&](const Tensor& t) { return sum(tanh(matmul(t, model.w))); };
  const std::vector<double> expected = hessian(f)(x).to_vector();
  std::vector<double> found;
  fail_each_allocation(model, [&] { found = hessian(f)(x).to_vector(); });
  CHECK(found == expected);
}

}  // namespace
}  // namespace xgrad
