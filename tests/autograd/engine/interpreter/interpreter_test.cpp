// Row programs run as their definition says: made at random, against the plain way.

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "autograd/engine/cpu/threads.hpp"
#include "tests/autograd/engine/programs/compare_programs.hpp"
#include "tests/autograd/engine/programs/random_program.hpp"
#include "tests/autograd/engine/scopes.hpp"
#include "tests/sanitized.hpp"

namespace interpreter_test {

using namespace xgrad;
using namespace xgrad::fused;
using xgrad::fused::testing::Memory;
using xgrad::fused::testing::Plain;
using xgrad::fused::testing::RandomProgram;
using xgrad::fused::testing::Threads;

namespace {

const std::int64_t row_counts[] = {0, 1, 2, 3, 17, 64, 70, 300};
const std::int64_t column_counts[] = {0, 1, 2, 7, 10, 31, 63, 64, 65, 100, 513, 1024, 1030, 2500};

bool same_bytes(const std::vector<std::vector<char>>& a, const std::vector<std::vector<char>>& b) { return a == b; }

template <class T>
void check_random(std::uint64_t seed) {
  RandomProgram made(seed, dtype_of<T>);
  const Program& program = made.program();
  Compiled compiled(program);
  for (int shape = 0; shape < 4; ++shape) {
    const std::int64_t rows = row_counts[(seed + static_cast<std::uint64_t>(shape) * 3) % std::size(row_counts)];
    std::int64_t columns = column_counts[(seed / 8 + static_cast<std::uint64_t>(shape) * 5) % std::size(column_counts)];
    if (rows * columns > 40'000) columns %= 100;
    INFO("seed " << seed << ", " << rows << " rows of " << columns << ", " << name(dtype_of<T>));
    Memory memory = made.memory(rows, columns), wanted = memory, again = memory;
    const Threads one(1);
    execute(compiled, memory.bind(rows, columns));
    {
      const Threads three(3);
      execute(compiled, again.bind(rows, columns));
    }
    CHECK(same_bytes(memory.pointers, again.pointers));
    CHECK(same_bytes(memory.rows, again.rows));
    const Plain<T> plain(program, wanted, rows, columns);
    compare(program, memory, wanted, plain, rows, columns);
  }
}

Ref value(std::uint16_t i) { return {Ref::Kind::value, i}; }
Ref pointer(std::uint16_t i) { return {Ref::Kind::pointer, i}; }
Ref number(std::uint16_t i) { return {Ref::Kind::register_, i}; }

/// sum over the columns of pointer 0, into row operand 0.
Program row_program(DType dtype, Code code) {
  Program program;
  program.dtype = dtype;
  program.pointers = {{}};
  program.phases = {{{{code, {pointer(0), {}, {}}, 0}}, {}}};
  program.row_stores = {{0, 0}};
  program.registers = program.row_operands = 1;
  return program;
}

template <class T>
T reduce(Code code, std::vector<T> x, std::int64_t rows = 1) {
  Compiled compiled(row_program(dtype_of<T>, code));
  std::vector<T> y(static_cast<std::size_t>(rows));
  const auto columns = static_cast<std::int64_t>(x.size()) / rows;
  execute(compiled, {rows, columns, {x.data()}, {y.data()}, {}});
  return y.back();
}

}  // namespace

TEST_CASE("random programs do what they say", "[program]") {
  for (std::uint64_t seed = 0; seed < (sanitized ? 60 : 300); ++seed) {
    check_random<float>(seed);
    check_random<double>(seed);
  }
}

TEST_CASE("one element of each row is written beside sums over rows of many columns", "[program]") {
  Program program;
  program.pointers = {{}, {}, {Pointer::Shape::vector, false, true}};
  program.loads = {{Load::Source::integers, 0, 0}, {Load::Source::rows, 1, 1}};
  program.phases = {{{{Code::store, {pointer(0), {}, {}}, 1}, {Code::accumulate, {pointer(0), {}, {}}, 2}}, {}}};
  program.element_stores = {{1, 1, 0}};
  program.registers = program.row_operands = 2;
  constexpr std::int64_t rows = 3, columns = 2500;
  std::vector<float> x(rows * columns, 2), y(x.size()), sums(columns), values = {5, 6, 7};
  std::vector<std::int64_t> places = {0, 2000, 2499};
  Compiled compiled(program);
  execute(compiled, {rows, columns, {x.data(), y.data(), sums.data()}, {places.data(), values.data()}, {}});
  for (std::size_t i = 0; i < places.size(); ++i) x[i * columns + static_cast<std::size_t>(places[i])] = values[i];
  CHECK(y == x);
  CHECK(sums == std::vector<float>(columns, 6));
}

TEST_CASE("a float32 sum along a row loses no digits", "[program]") {
  std::vector<float> x(9, 1.0f);
  x[0] = 1e8f;
  CHECK(reduce(Code::sum, x) == 100000008.0f);
  std::vector<float> two(18, 1.0f);
  two[0] = two[9] = 1e8f;
  CHECK(reduce(Code::sum, two, 2) == 100000008.0f);
  std::vector<float> many(100'000, 0.1f);
  CHECK(reduce(Code::sum, many) == static_cast<float>(100'000 * static_cast<double>(0.1f)));
}

TEST_CASE("a float32 sum along a long row loses less than a rounding of its largest element", "[program]") {
  for (const std::size_t at : {0u, 17u, 40u, 63u, 4000u, 4095u}) {
    std::vector<float> x(4096, 1.0f);
    x[at] = 1e8f;
    CHECK(std::abs(reduce(Code::sum, x) - 100'004'095.0) <= 12);
  }
  std::vector<float> equal(1'000'000, 0.3f);
  CHECK(reduce(Code::sum, equal) == static_cast<float>(1e6 * static_cast<double>(0.3f)));
}

TEST_CASE("a float32 sum over few rows loses no digits", "[program]") {
  for (const std::int64_t columns : {1, 3, 63, 64, 100, 3000}) {
    Program program;
    program.pointers = {{}, {Pointer::Shape::vector, false, true}};
    program.phases = {{{{Code::accumulate, {pointer(0), {}, {}}, 1}}, {}}};
    Compiled compiled(program);
    std::vector<float> x(static_cast<std::size_t>(9 * columns), 1.0f), y(static_cast<std::size_t>(columns));
    std::fill_n(x.begin(), columns, 1e8f);
    execute(compiled, {9, columns, {x.data(), y.data()}, {}, {}});
    CHECK(y == std::vector<float>(y.size(), 100000008.0f));
  }
}

TEST_CASE("the largest of a row is NaN if any element is, wherever it is", "[program]") {
  for (const std::size_t columns : {1u, 5u, 64u, 65u, 100u, 1029u})
    for (std::size_t at = 0; at < columns; at += 7) {
      std::vector<float> x(columns, -2.0f);
      CHECK(reduce(Code::max, x) == -2.0f);
      x[at] = std::numeric_limits<float>::quiet_NaN();
      CHECK(std::isnan(reduce(Code::max, x)));
      CHECK(std::isnan(reduce(Code::min, x)));
      x.insert(x.begin(), x.begin(), x.begin() + static_cast<std::ptrdiff_t>(columns));
      CHECK(std::isnan(reduce(Code::max, x, 2)));
    }
}

TEST_CASE("reductions of no elements are what they start from", "[program]") {
  CHECK(reduce(Code::sum, std::vector<float>()) == 0);
  CHECK(reduce(Code::prod, std::vector<double>()) == 1);
  CHECK(reduce(Code::max, std::vector<float>()) == -std::numeric_limits<float>::infinity());
  CHECK(reduce(Code::min, std::vector<double>()) == std::numeric_limits<double>::infinity());
}

TEST_CASE("a result may lie in its operand's memory, and be read before and after", "[program]") {
  // x <- x + 1; y = old x * new x, where the store comes before the last read.
  Program program;
  program.pointers = {{}, {}, {}};
  program.loads = {{Load::Source::argument, 0, 0}};
  program.registers = program.arguments = 1;
  program.phases = {{{{Code::add, {pointer(0), number(0), {}}},
                      {Code::copy, {pointer(0), {}, {}}},
                      {Code::store, {value(0), {}, {}}, 1},
                      {Code::mul, {value(1), pointer(0), {}}},
                      {Code::store, {value(3), {}, {}}, 2}},
                     {}}};
  Compiled compiled(program);
  std::vector<float> x(3000), y(3000), z(3000), w(3000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = z[i] = static_cast<float>(i);
  execute(compiled, {3, 1000, {x.data(), x.data(), y.data()}, {}, {1.0}});
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(y[i] == static_cast<float>(i) * static_cast<float>(i + 1));
  // The same program in memories of their own: pointer 0 keeps what it had.
  execute(compiled, {3, 1000, {z.data(), w.data(), y.data()}, {}, {1.0}});
  for (std::size_t i = 0; i < x.size(); ++i) CHECK((y[i] == static_cast<float>(i * i) && w[i] == x[i]));
  // One that had memories of its own before.
  Compiled other(program);
  execute(other, {3, 1000, {z.data(), w.data(), y.data()}, {}, {1.0}});
  execute(other, {3, 1000, {z.data(), z.data(), y.data()}, {}, {1.0}});
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(y[i] == static_cast<float>(i) * static_cast<float>(i + 1));
}

TEST_CASE("a stored value is read after another was computed for its memory", "[program]") {
  // z <- x + 1, then 2 x in its place; y = (x + 1) + 2 x before that is stored, and after it.
  for (const bool before : {true, false}) {
    Program program;
    program.pointers = {{}, {}, {}, {}};
    program.loads = {{Load::Source::argument, 0, 0}};
    program.registers = program.arguments = 1;
    std::vector<Step>& steps = program.phases.emplace_back().steps;
    steps = {{Code::add, {pointer(0), number(0), {}}},  {Code::store, {value(0), {}, {}}, 1},
             {Code::add, {pointer(0), pointer(0), {}}}, {Code::store, {value(2), {}, {}}, 2},
             {Code::add, {value(0), value(2), {}}},     {Code::store, {value(4), {}, {}}, 3}};
    if (before) {
      std::swap(steps[3], steps[4]);
      steps[5].in[0] = value(3);
    }
    Compiled compiled(program);
    std::vector<float> x(3000), y(3000), z(3000), twice(3000), sums(3000);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(i);
      twice[i] = 2 * x[i];
      sums[i] = 3 * x[i] + 1;
    }
    execute(compiled, {3, 1000, {x.data(), z.data(), z.data(), y.data()}, {}, {1.0}});
    CHECK(z == twice);
    CHECK(y == sums);
  }
}

}  // namespace interpreter_test
