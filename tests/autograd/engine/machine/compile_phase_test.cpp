// Machine code does what the interpreter does, bit for bit.

#include "autograd/engine/machine/compile_phase.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "autograd/engine/interpreter/interpreter.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/programs/random_program.hpp"
#include "tests/skip.hpp"

namespace compile_phase_test {

using namespace xgrad;
using namespace xgrad::fused;
using xgrad::fused::testing::RandomProgram;

namespace {

using Random = std::mt19937_64;

template <class T>
T special(Random& random) {
  using Limits = std::numeric_limits<T>;
  static const T numbers[] = {0,
                              -T{0},
                              1,
                              -1,
                              Limits::infinity(),
                              -Limits::infinity(),
                              Limits::quiet_NaN(),
                              Limits::denorm_min(),
                              -Limits::denorm_min(),
                              Limits::min() / 3,
                              Limits::max(),
                              Limits::lowest(),
                              T(88.5),
                              T(-103.5),
                              T(-745.1),
                              T(0.5),
                              T(2.5)};
  return numbers[random() % std::size(numbers)];
}

/// Some rows of memory for every pointer, with guards, some of it shared. What is not full is the same row for all.
template <class T>
struct Rows {
  Rows(const Program& program, std::int64_t columns_, std::int64_t rows_, bool shared, int specials, Random& random)
      : columns(columns_), rows(rows_), registers(program.registers * most_rows), aliases(program.pointers.size()) {
    for (std::size_t p = 0; p < program.pointers.size(); ++p) {
      const Pointer& pointer = program.pointers[p];
      aliases[p] = static_cast<std::uint16_t>(p);
      for (std::size_t q = 0; q < p && shared; ++q)
        if (program.pointers[q].mask == pointer.mask && program.pointers[q].shape == pointer.shape && random() % 6 == 0)
          aliases[p] = aliases[q];
      const bool full = pointer.shape == Pointer::Shape::full && !pointer.accumulator;
      strides.push_back(full ? columns * static_cast<std::int64_t>(pointer.mask ? 1 : sizeof(T)) : 0);
      const auto n = static_cast<std::size_t>(full ? columns * rows : columns);
      memory.emplace_back(n * (pointer.mask ? 1 : sizeof(T)) + 64, char{0x5a});
      for (std::size_t i = 0; i < n; ++i) {
        const T x = number(specials, random);
        if (pointer.mask)
          memory[p][i] = static_cast<char>(random() % 2);
        else
          std::memcpy(memory[p].data() + i * sizeof(T), &x, sizeof x);
      }
    }
    for (T& x : registers) x = number(specials, random);
  }

  static T number(int specials, Random& random) {
    if (specials && random() % static_cast<unsigned>(specials) == 0) return special<T>(random);
    return static_cast<T>(xgrad::testing::normal(random, 2));
  }

  /// All rows at a time, or one by one.
  void run(const PhaseKernel& kernel, bool one_by_one) {
    std::vector<char> workspace(kernel.workspace() + 64);
    char* aligned = workspace.data() + (64 - reinterpret_cast<std::uintptr_t>(workspace.data()) % 64);
    std::vector<void*> pointers(aliases.size());
    for (std::int64_t row = 0; row < rows; row += one_by_one ? 1 : rows) {
      for (std::size_t p = 0; p < pointers.size(); ++p) pointers[p] = memory[aliases[p]].data() + row * strides[p];
      kernel.run({pointers.data(), registers.data() + row, aligned, columns, one_by_one ? 1 : rows,
                  one_by_one ? nullptr : strides.data()});
    }
  }

  std::int64_t columns, rows;
  std::vector<std::int64_t> strides;
  std::vector<std::vector<char>> memory;
  std::vector<T> registers;
  Aliases aliases;
};

template <class T>
bool same(T x, T y) {
  return std::memcmp(&x, &y, sizeof x) == 0 || (x != x && y != y);
}

template <class T>
void compare(const Program& program, const Rows<T>& got, const Rows<T>& wanted) {
  for (std::size_t p = 0; p < got.memory.size(); ++p) {
    if (got.memory[p] == wanted.memory[p]) continue;
    INFO("pointer " << p);
    REQUIRE(!program.pointers[p].mask);
    for (std::size_t i = 0; i + sizeof(T) <= got.memory[p].size(); i += sizeof(T)) {
      T x, y;
      std::memcpy(&x, got.memory[p].data() + i, sizeof x);
      std::memcpy(&y, wanted.memory[p].data() + i, sizeof y);
      INFO("column " << i / sizeof(T) << ": " << x << ", not " << y);
      if (!same(x, y)) REQUIRE(false);
    }
  }
  for (std::size_t r = 0; r < got.registers.size(); ++r) {
    INFO("register " << r << ": " << got.registers[r] << ", not " << wanted.registers[r]);
    if (!same(got.registers[r], wanted.registers[r])) REQUIRE(false);
  }
}

template <class T>
int check_phases(const Program& program, InstructionSet set, std::uint64_t seed) {
  static const std::int64_t long_rows[] = {0, 71, 127, 128, 129, 255, 300, 1023, 1024, 1025, 2500};
  Random random(seed);
  int compiled = 0;
  for (std::size_t phase = 0; phase < program.phases.size(); ++phase)
    for (const bool shared : {false, true})
      for (int shape = 0; shape < 5; ++shape) {
        const auto columns = static_cast<std::int64_t>(
            shape < 3 ? 1 + random() % 70 : static_cast<std::uint64_t>(long_rows[random() % std::size(long_rows)]));
        const auto rows = static_cast<std::int64_t>(1 + random() % (random() % 4 == 0 ? most_rows : 3));
        Rows<T> wanted(program, columns, rows, shared, shape % 2 ? 0 : 5, random);
        Rows<T> got = wanted, together = wanted;
        const std::shared_ptr<const PhaseKernel> interpreted = interpret(program, phase, wanted.aliases, set);
        const auto kernel = compile(program, phase, wanted.aliases, set, interpreted);
        if (!kernel) continue;
        ++compiled;
        INFO("seed " << seed << ", phase " << phase << ", " << rows << " rows of " << columns << " columns, "
                     << name(program.dtype) << (shared ? ", shared" : "")
                     << (set == InstructionSet::avx512 ? ", AVX-512" : ", AVX2"));
        wanted.run(*interpreted, true);
        together.run(*interpreted, false);
        got.run(*kernel, false);
        compare(program, together, wanted);
        compare(program, got, wanted);
      }
  return compiled;
}

/// Those that machine code is made for; skips the test if there are none.
std::vector<InstructionSet> compiled_sets() {
  std::vector<InstructionSet> found;
  for (const InstructionSet set : {InstructionSet::avx2, InstructionSet::avx512})
    if (has_machine_code() && has(set)) found.push_back(set);
  if (found.empty()) skip("there is no machine code for this processor");
  return found;
}

}  // namespace

TEST_CASE("machine code does what the interpreter does", "[machine]") {
  for (const InstructionSet set : compiled_sets()) {
    int compiled = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      compiled += check_phases<float>(RandomProgram(seed, float32).program(), set, seed);
      compiled += check_phases<double>(RandomProgram(seed, float64).program(), set, seed);
    }
    CHECK(compiled > 12'000);
  }
}

TEST_CASE("machine code has room for many operands, values and reductions", "[machine]") {
  for (const InstructionSet set : compiled_sets()) {
    for (const DType dtype : {float32, float64}) {
      // 12 pointers that are all wanted at the end again, 6 sums, a largest and a smallest, 12 stores.
      Program program;
      program.dtype = dtype;
      program.pointers.assign(12, {});
      program.registers = 8;
      std::vector<Step> steps;
      for (std::uint16_t p = 0; p < 12; ++p) steps.push_back({Code::tanh, {{Ref::Kind::pointer, p}, {}, {}}});
      const auto value = [](std::size_t i) { return Ref{Ref::Kind::value, static_cast<std::uint16_t>(i)}; };
      for (std::size_t i = 0; i < 12; ++i) steps.push_back({Code::exp, {value(i), {}, {}}});
      for (std::uint16_t r = 0; r < 3; ++r) {
        steps.push_back({Code::sum, {value(12u + r), {}, {}}, r});
        steps.push_back({Code::sum, {value(r), {}, {}}, static_cast<std::uint16_t>(3 + r)});
      }
      steps.push_back({Code::max, {value(20), {}, {}}, 6});
      steps.push_back({Code::min, {value(21), {}, {}}, 7});
      for (std::uint16_t p = 0; p < 12; ++p) {
        steps.push_back({Code::fma, {value(p), value(23u - p), {Ref::Kind::register_, 0}}});
        steps.push_back({Code::store, {value(steps.size() - 1), {}, {}}, p});
      }
      program.phases = {{steps, {}}};
      CHECK((dtype == float32 ? check_phases<float>(program, set, 1) : check_phases<double>(program, set, 1)) == 10);
    }
  }
}

TEST_CASE("machine code keeps its registers when it leaves a lane to the C library", "[machine]") {
  for (const InstructionSet set : compiled_sets()) {
    for (const DType dtype : {float32, float64}) {
      // Values, a mask, column numbers, a sum and a largest, all of them wanted after the calls.
      Program program;
      program.dtype = dtype;
      program.pointers.assign(6, {});
      program.registers = 2;
      const auto value = [](std::size_t i) { return Ref{Ref::Kind::value, static_cast<std::uint16_t>(i)}; };
      const auto pointer = [](std::uint16_t p) { return Ref{Ref::Kind::pointer, p}; };
      std::vector<Step> steps = {{Code::column, {}},
                                 {Code::less, {pointer(0), pointer(1), {}}},
                                 {Code::sqrt, {pointer(2), {}, {}}},
                                 {Code::sum, {pointer(1), {}, {}}, 0},
                                 {Code::max, {pointer(2), {}, {}}, 1},
                                 {Code::sin, {pointer(0), {}, {}}},
                                 {Code::cos, {pointer(1), {}, {}}},
                                 {Code::tan, {value(2), {}, {}}},
                                 {Code::where, {value(1), value(5), value(6)}},
                                 {Code::fma, {value(0), value(8), value(2)}}};
      for (std::uint16_t p = 3; p < 6; ++p) steps.push_back({Code::store, {value(12u - p), {}, {}}, p});
      program.phases = {{steps, {}}};
      for (std::uint64_t seed = 0; seed < 20; ++seed)
        CHECK((dtype == float32 ? check_phases<float>(program, set, seed) : check_phases<double>(program, set, seed)) ==
              10);
    }
  }
}

}  // namespace compile_phase_test
