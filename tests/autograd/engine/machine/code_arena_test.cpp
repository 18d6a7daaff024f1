#include "autograd/engine/machine/code_arena.hpp"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "autograd/engine/machine/compile_phase.hpp"

namespace code_arena_test {

using namespace xgrad;
using xgrad::fused::machine::Arena;

namespace {

using Number = int (*)();

/// mov eax, number; ret
std::vector<std::uint8_t> code_of(int number, std::size_t bytes = 6) {
  std::vector<std::uint8_t> code(bytes, 0xcc);
  code[0] = 0xb8;
  for (int i = 0; i < 4; ++i) code[static_cast<std::size_t>(1 + i)] = static_cast<std::uint8_t>(number >> 8 * i);
  code[5] = 0xc3;
  return code;
}
int call(const fused::machine::Routine& code) { return reinterpret_cast<Number>(code.entry())(); }

}  // namespace

TEST_CASE("kernels share blocks, which go with the last of them", "[machine]") {
  Arena arena;
  std::vector<std::unique_ptr<fused::machine::Routine>> kept;
  for (int i = 0; i < 1000; ++i) {
    kept.push_back(arena.add(code_of(i, 1000)));
    REQUIRE(kept.back());
    CHECK(reinterpret_cast<std::uintptr_t>(kept.back()->entry()) % 64 == 0);
  }
  CHECK(arena.blocks() == 4);
  for (int i = 0; i < 1000; ++i) CHECK(call(*kept[static_cast<std::size_t>(i)]) == i);
  kept.erase(kept.begin(), kept.begin() + 990);
  CHECK(arena.blocks() == 1);
  CHECK(call(*kept[3]) == 993);
  kept.clear();
  CHECK(arena.blocks() == 1);
  const auto large = arena.add(code_of(7, 3 * Arena::block_bytes));
  CHECK(call(*large) == 7);
}

TEST_CASE("threads add code while others run it", "[machine]") {
  Arena arena;
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const auto code = arena.add(code_of(t * 10'000 + i, 500));
        wrong[static_cast<std::size_t>(t)] += !code || call(*code) != t * 10'000 + i;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4));
  CHECK(arena.blocks() == 1);
}

TEST_CASE("where executable memory is refused programs stay interpreted", "[machine]") {
  fused::Program program;
  program.pointers = {{}, {}};
  program.phases = {{{{fused::Code::exp, {{fused::Ref::Kind::pointer, 0}, {}, {}}},
                      {fused::Code::store, {{fused::Ref::Kind::value, 0}, {}, {}}, 1}},
                     {}}};
  fused::machine::refuse_executable_memory(true);
  CHECK(Arena().add(code_of(1)) == nullptr);
  CHECK(fused::compile(program, 0, {0, 1}) == nullptr);
  fused::machine::refuse_executable_memory(false);
  const bool there = fused::instruction_set() != fused::InstructionSet::generic;
  CHECK((fused::compile(program, 0, {0, 1}) != nullptr) == there);
}

}  // namespace code_arena_test
