// Rows of few columns, in both tiers and on every instruction set, to the bits of plain loops.

#include "autograd/engine/rows/narrow_rows.hpp"

#include <catch2/catch.hpp>
#include <numeric>

#include "autograd/engine/engine.hpp"
#include "tests/autograd/engine/programs/compare_programs.hpp"
#include "tests/autograd/engine/scopes.hpp"
#include "tests/autograd/engine/sets.hpp"
#include "tests/sanitized.hpp"

namespace narrow_rows_test {

using namespace xgrad;
using namespace xgrad::fused;
using namespace xgrad::fused::testing;

namespace {

const std::int64_t row_counts[] = {2, 3, 15, 16, 17, 33, 70, 130, 300, 1100};

std::int64_t rows_of(std::uint64_t seed, std::int64_t columns) {
  const std::int64_t rows = row_counts[(seed + static_cast<std::uint64_t>(columns)) % std::size(row_counts)];
  return rows * columns > 15'000 ? 2 + rows % 40 : rows;
}

Aliases aliases_of(const Program& program, const Binding& binding) {
  Aliases aliases(program.pointers.size());
  std::iota(aliases.begin(), aliases.end(), std::uint16_t{0});
  for (std::size_t p = 0; p < aliases.size(); ++p)
    for (std::size_t q = p; q-- > 0;)
      if (binding.pointers[p] && binding.pointers[p] == binding.pointers[q]) aliases[p] = static_cast<std::uint16_t>(q);
  return aliases;
}

/// Runs the program on narrow rows, with machine code or without; whether there was any.
template <class T>
bool run(const Program& program, Memory& memory, std::int64_t rows, std::int64_t columns, InstructionSet set,
         bool machine) {
  const TileFunctions& functions = tile_functions(set, program.dtype);
  const Analysis analysis(program);
  const Binding binding = memory.bind(rows, columns);
  std::vector<T> fixed(program.registers);
  for (const Load& load : program.loads)
    if (load.source == Load::Source::argument) fixed[load.register_] = static_cast<T>(binding.arguments[load.index]);
  RowCode(analysis.once, functions).run(fixed.data(), 1, 1);
  const NarrowRows made(program, analysis, aliases_of(program, binding), functions,
                        machine ? std::optional(set) : std::nullopt);
  Partials partials;
  made.run(binding, fixed.data(), partials);
  return made.is_machine_code();
}

template <class T>
std::int64_t differences_of(const Program& program, const Memory& a, const Memory& b, std::int64_t rows) {
  std::int64_t count = differences<T>(a.rows[2], b.rows[2], static_cast<std::size_t>(rows));
  for (std::size_t p = 0; p < a.pointers.size(); ++p)
    count +=
        differences<T>(a.pointers[p], b.pointers[p], program.pointers[p].mask ? 0 : a.pointers[p].size() / sizeof(T));
  return count;
}

/// Returns on how many instruction sets there was machine code.
template <class T>
int check_sets(std::uint64_t seed, std::int64_t columns) {
  RandomProgram made(seed, dtype_of<T>);
  const std::int64_t rows = rows_of(seed, columns);
  INFO("seed " << seed << ", " << rows << " rows of " << columns << ", " << name(dtype_of<T>));
  const Memory before = made.memory(rows, columns);
  int compiled = 0;
  std::optional<Memory> smaller;
  for (const InstructionSet set : sets()) {
    INFO(name(set));
    Memory interpreted = before, machine = before;
    run<T>(made.program(), interpreted, rows, columns, set, false);
    compiled += run<T>(made.program(), machine, rows, columns, set, true);
    CHECK(differences_of<T>(made.program(), machine, interpreted, rows) == 0);
    // (The generic set, which may have no multiply-add, rounds otherwise.)
    if (set == InstructionSet::avx512 && smaller)
      CHECK(differences_of<T>(made.program(), machine, *smaller, rows) == 0);
    if (set == InstructionSet::avx2) smaller = machine;
    if (set != instruction_set()) continue;
    Memory wanted = before;
    const Plain<T> plain(made.program(), wanted, rows, columns);
    compare(made.program(), interpreted, wanted, plain, rows, columns);
  }
  return compiled;
}

template <class T>
void check_widths(std::uint64_t seed, std::int64_t columns) {
  RandomProgram made(seed, dtype_of<T>);
  const std::int64_t rows = rows_of(seed, columns);
  INFO("seed " << seed << ", " << rows << " rows of " << columns << ", " << name(dtype_of<T>));
  const Memory before = made.memory(rows, columns);
  Memory wanted = before;
  const Plain<T> plain(made.program(), wanted, rows, columns);
  std::optional<Memory> first;
  for (const char* choice : {"interpreted", "compile-at-once"})
    for (const int threads : {1, 3}) {
      INFO(choice << ", " << threads << " threads");
      const InTier in(choice);
      const Threads used(threads);
      Memory memory = before;
      Compiled compiled(made.program());
      execute(compiled, memory.bind(rows, columns));
      compare(made.program(), memory, wanted, plain, rows, columns);
      if (!first) first = memory;
      for (const std::size_t sums : {9u, 10u})
        CHECK(differences<T>(memory.pointers[sums], first->pointers[sums], static_cast<std::size_t>(columns)) == 0);
    }
}

/// Rows of x less their largest element, where that is read before or after a store over x.
Program in_place(Code code, bool after) {
  Program program;
  const Ref x{Ref::Kind::pointer, 0};
  program.pointers = {{}, {}};
  program.registers = 1, program.row_operands = 1;
  const Step reduces{code, {x}, 0};
  program.phases = {{{{Code::mul, {x, x}}, {Code::store, {{Ref::Kind::value, 0}}, 1}}, {}}};
  auto& steps = program.phases[0].steps;
  after ? steps.push_back(reduces) : void(steps.insert(steps.begin() + 1, reduces));
  program.row_stores = {{0, 0}};
  return program;
}

}  // namespace

TEST_CASE("narrow rows of any width come out alike on every instruction set, in both tiers", "[program][narrow]") {
  int programs = 0, compiled = 0;
  for (std::int64_t columns = 1; columns < narrow_columns; ++columns)
    for (std::uint64_t seed = 0; seed < (sanitized ? 2 : 8); ++seed) {
      const std::uint64_t each = seed * 100 + static_cast<std::uint64_t>(columns);
      compiled += check_sets<float>(each, columns);
      compiled += check_sets<double>(each, columns);
      programs += 2;
    }
  const int compilers = has_machine_code() ? static_cast<int>(sets().size()) - 1 : 0;
  CHECK(compiled >= programs * compilers * 9 / 10);
}

TEST_CASE("rows of any width up to 70 do what their program says", "[program][narrow][threads]") {
  for (std::int64_t columns = 1; columns <= 70; ++columns)
    for (std::uint64_t seed = 0; seed < (sanitized ? 1 : 3); ++seed) {
      const std::uint64_t each = seed * 1000 + static_cast<std::uint64_t>(columns);
      check_widths<float>(each, columns);
      check_widths<double>(each, columns);
    }
}

TEST_CASE("every number of narrow rows is reduced, whatever lies behind the last", "[program][narrow]") {
  for (const InstructionSet set : sets())
    for (const Code code : {Code::sum, Code::prod, Code::max, Code::min})
      for (std::int64_t columns = 1; columns < narrow_columns; ++columns)
        for (const std::int64_t rows : {1, 2, 7, 8, 9, 16, 31, 50}) {
          INFO(name(set) << ", " << rows << " rows of " << columns << ", code " << static_cast<int>(code));
          std::vector<float> x(static_cast<std::size_t>(rows * columns)), y(static_cast<std::size_t>(rows) + 1, -7);
          for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1 + static_cast<float>(i * i % 101) / 64;
          tile_functions(set, float32).reduce_rows[static_cast<int>(code)](y.data(), x.data(), nullptr, &columns, rows);
          std::int64_t wrong = 0;
          for (std::int64_t i = 0; i < rows; ++i) {
            const float* row = x.data() + i * columns;
            double sum = 0, product = 1;
            for (std::int64_t j = 0; j < columns; ++j)
              sum += static_cast<double>(row[j]), product *= static_cast<double>(row[j]);
            const float wanted = code == Code::sum    ? static_cast<float>(sum)
                                 : code == Code::prod ? static_cast<float>(product)
                                 : code == Code::max  ? *std::max_element(row, row + columns)
                                                      : *std::min_element(row, row + columns);
            wrong += y[static_cast<std::size_t>(i)] != wanted;
          }
          CHECK(wrong == 0);
          CHECK(y.back() == -7);
        }
}

TEST_CASE("narrow rows are reduced as they are when the step is reached", "[program][narrow]") {
  for (const char* choice : {"interpreted", "compile-at-once"})
    for (const bool after : {false, true}) {
      INFO(choice << ", " << after);
      const InTier in(choice);
      std::vector<float> x(40 * 10), largest(40);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(2 + i % 7);
      Compiled compiled(in_place(Code::max, after));
      execute(compiled, {40, 10, {x.data(), x.data()}, {largest.data()}, {}});
      CHECK(largest == std::vector<float>(40, after ? 64 : 8));
    }
}

TEST_CASE("a value of narrow rows is reduced whatever is stored over it later", "[program][narrow]") {
  Program program;
  const Ref from{Ref::Kind::pointer, 0}, square{Ref::Kind::value, 0}, twice{Ref::Kind::value, 2};
  program.pointers = {{}, {}};
  program.registers = 1, program.row_operands = 1;
  program.phases = {{{{Code::mul, {from, from}},
                      {Code::store, {square}, 1},
                      {Code::add, {from, from}},
                      {Code::store, {twice}, 1},
                      {Code::max, {square}, 0}},
                     {}}};
  program.row_stores = {{0, 0}};
  for (const char* choice : {"interpreted", "compile-at-once"}) {
    INFO(choice);
    const InTier in(choice);
    std::vector<float> x(40 * 10, 3), y(40 * 10), largest(40);
    Compiled compiled(program);
    execute(compiled, {40, 10, {x.data(), y.data()}, {largest.data()}, {}});
    CHECK(y == std::vector<float>(400, 6));
    CHECK(largest == std::vector<float>(40, 9));
  }
}

TEST_CASE("narrow rows become machine code when their tier says so", "[program][narrow]") {
  if (instruction_set() == InstructionSet::generic || !has_machine_code()) return skip("there is no machine code");
  std::vector<float> x(40 * 10, 2), largest(40);
  const auto becomes = [&](const char* choice, int times) {
    const InTier in(choice);
    Compiled compiled(in_place(Code::max, false));
    for (int i = 0; i < times; ++i) execute(compiled, {40, 10, {x.data(), x.data()}, {largest.data()}, {}});
    return compiled.is_machine_code();
  };
  CHECK_FALSE(becomes("interpreted", 400));
  CHECK(becomes("compile-at-once", 1));
  CHECK_FALSE(becomes("compiled", 200));
  CHECK(becomes("compiled", 300));
}

}  // namespace narrow_rows_test
