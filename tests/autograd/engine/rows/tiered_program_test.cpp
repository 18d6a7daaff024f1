// Programs run in parts, and several rows at a time, to the bits of the whole and of single rows.

#include "autograd/engine/rows/tiered_program.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "autograd/engine/cpu/threads.hpp"
#include "autograd/engine/engine.hpp"
#include "tests/autograd/engine/programs/random_program.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace tiered_program_test {

using namespace xgrad;
using namespace xgrad::fused;
using xgrad::fused::testing::InTier;
using xgrad::fused::testing::Kind;
using xgrad::fused::testing::Memory;
using xgrad::fused::testing::RandomProgram;
using xgrad::fused::testing::Threads;

namespace {

const std::int64_t row_counts[] = {1, 2, 3, 4, 6, 16, 17, 19, 64, 70, 300, 1100};
const std::int64_t column_counts[] = {64, 65, 100, 171, 513, 1030, 2500};

/// How many elements, or bytes of masks and behind what is bound, differ; a NaN is as good as another.
template <class T>
std::int64_t differences(const Program& program, const Memory& a, const Memory& b) {
  std::int64_t count = 0;
  for (std::size_t p = 0; p < program.pointers.size(); ++p) {
    const std::vector<char>&x = a.pointers[p], &y = b.pointers[p];
    const std::size_t item = program.pointers[p].mask ? 1 : sizeof(T);
    for (std::size_t i = 0; i + item <= x.size(); i += item) {
      if (std::memcmp(x.data() + i, y.data() + i, item) == 0) continue;
      T u = 0, v = 0;
      if (item > 1) std::memcpy(&u, x.data() + i, item), std::memcpy(&v, y.data() + i, item);
      count += u == u || v == v;
    }
  }
  return count;
}

/// Sizes of parts that add up to the whole.
std::vector<std::int64_t> cuts(std::int64_t whole, std::mt19937_64& random) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t done = 0; done < whole; done += sizes.back()) {
    const auto size = static_cast<std::int64_t>(1 + random() % static_cast<std::uint64_t>(whole / 2 + 1));
    sizes.push_back(std::min(size, whole - done));
  }
  return sizes;
}

std::vector<Rectangle> parts_of(std::int64_t rows, std::int64_t columns, Kind kind, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Rectangle> parts;
  std::int64_t column = 0;
  for (const std::int64_t width : cuts(columns, random)) {
    std::int64_t row = 0;
    for (const std::int64_t height : kind == Kind::by_elements ? cuts(rows, random) : std::vector{rows}) {
      parts.push_back({row, height, column, width});
      row += height;
    }
    column += width;
  }
  std::shuffle(parts.begin(), parts.end(), random);
  return parts;
}

template <class T>
void check_parts(std::uint64_t seed, Kind kind) {
  RandomProgram made(seed, dtype_of<T>, kind);
  const std::int64_t columns = column_counts[seed % std::size(column_counts)];
  std::int64_t rows = row_counts[seed / 3 % std::size(row_counts)];
  if (rows * columns > 60'000) rows %= 20;
  INFO("seed " << seed << ", " << rows << " rows of " << columns << ", " << name(dtype_of<T>));
  const Memory before = made.memory(rows, columns);
  const auto whole = [&](const char* choice) {
    const InTier in(choice);
    Memory memory = before;
    Compiled compiled(made.program());
    execute(compiled, memory.bind(rows, columns));
    return memory;
  };
  const Memory expected = whole("interpreted"), unrolled = whole("compile-at-once");
  CHECK(differences<T>(made.program(), unrolled, expected) == 0);
  for (const char* choice : {"interpreted", "compile-at-once"})
    for (const int threads : {1, 3}) {
      const InTier in(choice);
      const Threads used(threads);
      Memory memory = before;
      Compiled compiled(made.program());
      CHECK(compiled.parts() == (kind == Kind::by_elements ? Parts::any : Parts::columns));
      const Binding binding = memory.bind(rows, columns);
      const auto parts = parts_of(rows, columns, kind, seed);
      const Begun begun = begin_parts(compiled, binding);
      parallel(static_cast<std::int64_t>(parts.size()),
               [&](std::int64_t part) { execute_part(begun, binding, parts[static_cast<std::size_t>(part)]); });
      INFO(choice << ", " << threads << " threads");
      CHECK(differences<T>(made.program(), memory, expected) == 0);
    }
}

}  // namespace

TEST_CASE("parts of the columns come out as they do in the whole", "[program][threads]") {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    check_parts<float>(seed, Kind::by_columns);
    check_parts<double>(seed, Kind::by_columns);
  }
}

TEST_CASE("parts of the rows and columns come out as they do in the whole", "[program][threads]") {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    check_parts<float>(seed, Kind::by_elements);
    check_parts<double>(seed, Kind::by_elements);
  }
}

TEST_CASE("what looks along a row has no parts", "[program]") {
  Program program;
  program.pointers = {{}, {}};
  program.registers = program.row_operands = 1;
  const Ref x{Ref::Kind::pointer, 0};
  program.phases = {{{{Code::store, {x}, 1}}, {}}};
  CHECK(Compiled(program).parts() == Parts::any);
  const auto with_step = [&](const Step& step) {
    Program changed = program;
    changed.phases[0].steps.push_back(step);
    return Compiled(changed).parts();
  };
  CHECK(with_step({Code::max, {x}, 0}) == Parts::none);
  CHECK(with_step({Code::column, {}}) == Parts::none);
  Program picks = program, stores = program;
  picks.loads = {{Load::Source::element, 0, 0, 0}};
  stores.row_stores = {{0, 0}};
  CHECK(Compiled(picks).parts() == Parts::none);
  CHECK(Compiled(stores).parts() == Parts::none);
}

}  // namespace tiered_program_test
