#include "autograd/core/buffer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "autograd/core/error.hpp"

namespace buffer_test {

using namespace xgrad;

namespace {

std::size_t live() { return memory_use().live; }

Buffer memory(std::size_t bytes) { return Buffer::allocate(bytes, "test", Location::current()); }

bool aligned(const Buffer& buffer, std::uintptr_t to) {
  return reinterpret_cast<std::uintptr_t>(buffer.data()) % to == 0;
}

}  // namespace

TEST_CASE("a buffer of any size is aligned and may be written to its end") {
  for (std::size_t bytes = 0; bytes <= 5000; bytes = bytes < 300 ? bytes + 1 : bytes + bytes / 3) {
    const Buffer buffer = memory(bytes);
    CHECK(buffer.bytes() == bytes);
    CHECK(aligned(buffer, bytes <= 32 ? 32 : 64));
    std::memset(buffer.data(), 0xab, bytes);
  }
}

TEST_CASE("buffers that live together do not overlap") {
  std::vector<Buffer> buffers;
  for (unsigned i = 0; i < 200; ++i) {
    buffers.push_back(memory(i * 7));
    std::memset(buffers.back().data(), static_cast<int>(i), i * 7);
  }
  for (unsigned i = 0; i < 200; ++i) {
    const auto* bytes = static_cast<const unsigned char*>(buffers[i].data());
    CHECK(std::count(bytes, bytes + i * 7, i) == i * 7);
  }
}

TEST_CASE("copies of a handle share the memory, and know whether they are alone") {
  Buffer a = memory(100);
  CHECK(a.unique());
  {
    const Buffer b = a;
    CHECK(b.data() == a.data());
    CHECK_FALSE(a.unique());
  }
  CHECK(a.unique());
  Buffer moved = std::move(a);
  CHECK_FALSE(a);
  CHECK(a.data() == nullptr);
  CHECK(moved.unique());
  CHECK_FALSE(Buffer().unique());
}

TEST_CASE("live and peak bytes are counted, and freed blocks are used again") {
  const std::size_t before = live();
  reset_peak_memory();
  const void* first = nullptr;
  {
    const Buffer buffer = memory(1 << 20);
    first = buffer.data();
    CHECK(live() == before + (1 << 20));
  }
  CHECK(live() == before);
  CHECK(memory_use().peak == before + (1 << 20));
  CHECK(memory_use().pooled >= 1 << 20);
  CHECK(memory(1 << 20).data() == first);
  reset_peak_memory();
  CHECK(memory_use().peak == before);
}

TEST_CASE("pooled blocks can be given back") {
  { const Buffer buffer = memory(1 << 20), small = memory(8); }
  release_pooled_memory();
  CHECK(memory_use().pooled == 0);
}

TEST_CASE("large blocks that nobody has used for long go back, those in use stay") {
  release_pooled_memory();
  {
    std::vector<Buffer> peak;
    for (int i = 0; i < 8; ++i) peak.push_back(memory(2 << 20));
  }
  const std::size_t pooled = memory_use().pooled;
  CHECK(pooled >= 16 << 20);
  const void *often = memory(3 << 20).data(), *sometimes = memory(5 << 20).data();
  for (int i = 0; i < 40'000; ++i) {
    REQUIRE(memory(3 << 20).data() == often);
    if (i % 1000 == 0) REQUIRE(memory(5 << 20).data() == sometimes);
    if (i == 10'000) CHECK(memory_use().pooled >= pooled);
  }
  CHECK(memory_use().pooled <= 12 << 20);
}

TEST_CASE("adopted memory is used as it is and its owner is let go with the last handle") {
  auto owner = std::make_shared<std::vector<float>>(10);
  const std::weak_ptr<std::vector<float>> watch = owner;
  Buffer buffer = Buffer::adopt(owner->data(), 40, owner);
  CHECK(buffer.data() == owner->data());
  owner.reset();
  Buffer copy = buffer;
  buffer = Buffer();
  CHECK_FALSE(watch.expired());
  CHECK(copy.bytes() == 40);
  copy = Buffer();
  CHECK(watch.expired());
}

TEST_CASE("more memory than there can be is a LimitError") {
  CHECK_THROWS_AS(memory(std::numeric_limits<std::size_t>::max()), LimitError);
  CHECK_THROWS_AS(memory(std::size_t{1} << 50), LimitError);
}

TEST_CASE("large buffers that are used together lie at different places of a page") {
  release_pooled_memory();
  for (const std::size_t bytes : {std::size_t{40'000}, std::size_t{1} << 20, std::size_t{3} << 20}) {
    std::vector<Buffer> made;
    for (int i = 0; i < 4; ++i) made.push_back(memory(bytes));
    for (const Buffer& a : made)
      for (const Buffer& b : made) {
        const auto distance =
            (reinterpret_cast<std::uintptr_t>(a.data()) - reinterpret_cast<std::uintptr_t>(b.data())) % 4096;
        CHECK((a.data() == b.data() || (distance >= 512 && distance <= 4096 - 512)));
        CHECK(distance % 64 == 0);
      }
  }
  release_pooled_memory();
}

TEST_CASE("buffers may be freed by another thread than the one that made them") {
  const std::size_t before = live();
  std::vector<Buffer> made;
  std::thread maker([&made] {
    for (std::size_t i = 0; i < 1000; ++i) made.push_back(memory(i));
  });
  maker.join();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([copies = made] {
      for (std::size_t i = 0; i < copies.size(); ++i) memory(i * 10);
    });
  made.clear();
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  CHECK(live() == before);
}

TEST_CASE("bytes are counted whichever threads take and give them, the small ones with the large") {
  const std::size_t before = live();
  reset_peak_memory();
  for (int round = 0; round < 3; ++round) {
    std::vector<Buffer> made;
    std::thread([&made] {
      for (std::size_t i = 0; i < 3000; ++i) made.push_back(memory(i % 100));
    }).join();
    CHECK(live() == before + 30 * 4950);
    std::thread([&made] { made.clear(); }).join();
    CHECK(live() == before);
  }
  CHECK(memory_use().peak >= before + 30 * 4950);
  CHECK(memory_use().peak <= before + 30 * 4950 + (128 << 10));
}

}  // namespace buffer_test
