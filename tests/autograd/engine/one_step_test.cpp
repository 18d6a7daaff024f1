// Programs of one step, and of many values that are wanted at the same time, on rows of every length and alignment:
// interpreted and as machine code, against a loop over the columns.

#include <catch2/catch.hpp>
#include <memory>
#include <typeinfo>

#include "autograd/engine/interpreter/interpreter.hpp"
#include "autograd/engine/machine/compile_phase.hpp"
#include "tests/autograd/engine/codes.hpp"
#include "tests/autograd/engine/numbers.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/sets.hpp"

namespace one_step_test {

using namespace xgrad;
using namespace xgrad::fused;
using namespace xgrad::fused::testing;

namespace {

constexpr std::size_t longest = 130, guard = 32, room = 2 * guard + 2048;

// Pointers: three of numbers, three of masks, a result, and one that is a mask. Registers: three numbers, then results.
constexpr std::uint16_t first_mask = 3, result = 6, mask_result = 7, registers = 3;

template <class T>
struct Data {
  std::vector<T> numbers[3], out;
  std::vector<char> masks[3], mask_out;
  std::vector<T> registers_;

  explicit Data(std::uint64_t seed, bool moderate = false) : random(seed) {
    for (int k = 0; k < 3; ++k)
      for (std::size_t i = 0; i < room; ++i) {
        numbers[k].push_back(moderate ? static_cast<T>(xgrad::testing::normal(random)) : any_number<T>(random));
        masks[k].push_back(static_cast<char>(random() % 2));
      }
    registers_.resize(20 * most_rows);
    for (std::size_t k = 0; k < 3; ++k) in_register(k) = any_number<T>(random);
  }

  T& in_register(std::size_t r) { return registers_[r * most_rows]; }
  const T& in_register(std::size_t r) const { return registers_[r * most_rows]; }

  /// Columns from `first` on.
  void run(const PhaseKernel& kernel, std::size_t first, std::size_t columns) {
    std::vector<char> workspace(kernel.workspace() + 64);
    void* pointers[8];
    for (std::size_t k = 0; k < 3; ++k) pointers[k] = &numbers[k][first], pointers[k + first_mask] = &masks[k][first];
    pointers[result] = &out[first];
    pointers[mask_result] = &mask_out[first];
    char* const aligned = workspace.data() + (64 - reinterpret_cast<std::uintptr_t>(workspace.data()) % 64);
    kernel.run({pointers, registers_.data(), aligned, static_cast<std::int64_t>(columns)});
  }
  /// The same from other numbers than before.
  void clear(T filling) {
    out.assign(room, filling);
    mask_out.assign(room, 0x5a);
  }

  std::mt19937_64 random;
};

Program empty(DType dtype) {
  Program program;
  program.dtype = dtype;
  program.pointers.assign(8, {});
  for (const int p : {3, 4, 5, 7}) program.pointers[static_cast<std::size_t>(p)].mask = true;
  program.registers = 20;
  program.phases.resize(1);
  return program;
}

Aliases no_aliases() { return {0, 1, 2, 3, 4, 5, 6, 7}; }

Ref pointer(int p) { return {Ref::Kind::pointer, static_cast<std::uint16_t>(p)}; }
Ref in_register(int r) { return {Ref::Kind::register_, static_cast<std::uint16_t>(r)}; }
Ref value(std::size_t i) { return {Ref::Kind::value, static_cast<std::uint16_t>(i)}; }

/// The tiers on a set; the interpreter alone where there is no machine code.
std::vector<std::unique_ptr<PhaseKernel>> kernels(const Program& program, InstructionSet set) {
  std::vector<std::unique_ptr<PhaseKernel>> all;
  all.push_back(interpret(program, 0, no_aliases(), set));
  if (!has_machine_code() || set == InstructionSet::generic) return all;
  all.push_back(compile(program, 0, no_aliases(), set, interpret(program, 0, no_aliases(), set)));
  REQUIRE(all.back());
  return all;
}

template <class T>
bool same(T a, T b) {
  return std::bit_cast<Word<T>>(a) == std::bit_cast<Word<T>>(b) || (a != a && b != b);
}

template <class T>
T apply(InstructionSet set, Code code, T a, T b, T c) {
  T y = 0;
  tile_functions(set, dtype_of<T>).elements[static_cast<int>(code)][0](&y, &a, &b, &c, 1);
  return y;
}

/// A step with this code whose operand k comes from memory (0), from a register (1), or is the result of another (2);
/// each as a digit of `places`. Masks are in memory or the result of a comparison. The result is stored, as number and
/// as mask if it is one.
Program one_step(Code code, int places, DType dtype) {
  Program program = empty(dtype);
  std::vector<Step>& steps = program.phases[0].steps;
  Step step{code, {}, 0};
  for (int k = 0; k < arity(code); ++k, places /= 3) {
    const bool mask = takes_mask(code, k);
    step.in[k] = mask ? pointer(k + first_mask) : pointer(k);
    if (places % 3 == 1 && !mask) step.in[k] = in_register(k);
    if (places % 3 != 2) continue;
    steps.push_back(mask ? Step{Code::logical_not, {pointer(k + first_mask), {}, {}}}
                         : Step{Code::neg, {pointer(k), {}, {}}});
    step.in[k] = value(steps.size() - 1);
  }
  steps.push_back(step);
  const Ref last = value(steps.size() - 1);
  steps.push_back({Code::store, {last, {}, {}}, result});
  if (gives_mask(code)) steps.push_back({Code::store, {last, {}, {}}, mask_result});
  return program;
}

template <class T>
T operand(const Data<T>& data, Code code, int k, int place, std::size_t column) {
  const auto from = static_cast<std::size_t>(k);
  if (takes_mask(code, k)) return mask_of<T>((data.masks[from][column] != 0) != (place == 2));
  const T x = place == 1 ? data.in_register(from) : data.numbers[from][column];
  return place == 2 ? -x : x;
}

template <class T>
void check_step(Code code, int places, InstructionSet set) {
  Data<T> data(static_cast<std::uint64_t>(places) + 31 * static_cast<std::uint64_t>(code));
  std::vector<T> wanted;
  for (std::size_t i = 0; i < longest + guard; ++i) {
    T in[3] = {};
    for (int k = 0, rest = places; k < arity(code); ++k, rest /= 3) in[k] = operand(data, code, k, rest % 3, i);
    wanted.push_back(code == Code::column ? static_cast<T>(0) : apply(set, code, in[0], in[1], in[2]));
  }
  const T filling = T(0.15625);
  const Program program = one_step(code, places, dtype_of<T>);
  for (const auto& kernel : kernels(program, set))
    for (std::size_t count = 1; count <= longest; ++count) {
      const std::size_t first = (count * 5 + static_cast<std::size_t>(places)) % guard;
      data.clear(filling);
      data.run(*kernel, first, count);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < longest + 2 * guard; ++i) {
        const bool inside = i >= first && i < first + count;
        const T number = !inside ? filling : code == Code::column ? static_cast<T>(i - first) : wanted[i];
        const char byte = !inside || !gives_mask(code) ? 0x5a : number != number;
        wrong += !same(data.out[i], number) || data.mask_out[i] != byte;
      }
      const auto& kind = *kernel;
      INFO(name_of(code) << " of " << name(set) << ", " << name(dtype_of<T>) << ", operands from " << places << ", "
                         << count << " columns, kernel " << typeid(kind).name());
      if (wrong > 0) REQUIRE(wrong == 0);
    }
}

template <class T>
void check_steps(InstructionSet set) {
  if (!can_run(set)) return;
  for (int i = 1; i < instruction_count; ++i) {
    const auto code = static_cast<Code>(i);
    if (is_sink(code)) continue;
    int places = 1;
    for (int k = 0; k < arity(code); ++k) places *= 3;
    for (int p = 0; p < places; ++p) check_step<T>(code, p, set);
  }
}

// ---- reductions

/// As phase_kernel.hpp defines it.
template <class T>
T reduced(Code code, const T* x, std::size_t n) {
  if (code == Code::max || code == Code::min) {
    const bool largest = code == Code::max;
    T best = largest ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
    for (std::size_t j = 0; j < n; ++j)
      if (x[j] != x[j] || best != best)
        best = std::numeric_limits<T>::quiet_NaN();
      else if (largest ? x[j] > best : x[j] < best)
        best = x[j];
    return best + T{0};
  }
  const bool product = code == Code::prod;
  double lanes[16];
  for (double& lane : lanes) lane = product;
  const std::size_t folded = sizeof(T) == 4 && !product ? n - n % 64 : 0;
  for (std::size_t j = 0; j < folded; j += 64)
    for (std::size_t l = 0; l < 8; ++l) {
      const auto four = [&](std::size_t k) { return ((x[k] + x[k + 16]) + x[k + 32]) + x[k + 48]; };
      lanes[l] += static_cast<double>(four(j + l) + four(j + l + 8));
    }
  for (std::size_t j = folded; j < n; ++j) {
    double& lane = lanes[j % 16];
    lane = product ? lane * static_cast<double>(x[j]) : lane + static_cast<double>(x[j]);
  }
  for (std::size_t half = 8; half > 0; half /= 2)
    for (std::size_t l = 0; l < half; ++l) lanes[l] = product ? lanes[l] * lanes[l + half] : lanes[l] + lanes[l + half];
  return static_cast<T>(lanes[0]);
}

/// `count` reductions in one sweep, of different operands.
template <class T>
void check_reductions(Code code, int count, InstructionSet set) {
  Program program = empty(dtype_of<T>);
  for (int r = 0; r < count; ++r)
    program.phases[0].steps.push_back({code, {pointer(r % 3), {}, {}}, static_cast<std::uint16_t>(registers + r)});
  for (const bool moderate : {true, false}) {
    Data<T> data(static_cast<std::uint64_t>(count), moderate);
    data.clear(0);
    for (const auto& kernel : kernels(program, set))
      for (std::size_t n = 1; n <= 1500; n += n < longest ? 1 : 97) {
        const std::size_t first = n * 3 % guard;
        data.run(*kernel, first, n);
        for (std::size_t r = 0; r < static_cast<std::size_t>(count); ++r) {
          const T got = data.in_register(registers + r), wanted = reduced(code, &data.numbers[r % 3][first], n);
          INFO(name_of(code) << " of " << name(set) << ", " << name(dtype_of<T>) << ", " << n << " columns, " << count
                             << " at a time: " << got << ", not " << wanted);
          if (!same(got, wanted)) REQUIRE(false);
        }
      }
  }
}

// ---- many values at the same time

/// As many values, and masks, that are all made before any is used.
template <class T>
void check_live_values(int live, InstructionSet set) {
  Program program = empty(dtype_of<T>);
  std::vector<Step>& steps = program.phases[0].steps;
  const auto count = static_cast<std::size_t>(live);
  for (int i = 0; i < live; ++i)
    steps.push_back({i % 2 ? Code::add : Code::mul,
                     {i < 3 ? pointer(i % 3) : value(static_cast<std::size_t>(i) - 3), pointer((i + 1) % 3), {}}});
  for (std::size_t i = 0; i < count; ++i) steps.push_back({Code::less, {value(i), value((i + 1) % count), {}}});
  for (std::size_t i = 0; i < count; ++i) {
    const Ref so_far = i == 0 ? in_register(0) : value(steps.size() - 1);
    steps.push_back({Code::where, {value(2 * count - 1 - i), value(i), so_far}});
    steps.push_back({Code::maximum, {value(steps.size() - 1), value((i * 7) % count), {}}});
    steps.push_back({Code::sub, {value(steps.size() - 1), value(count - 1 - i), {}}});
  }
  steps.push_back({Code::store, {value(steps.size() - 1), {}, {}}, result});
  Data<T> data(count, true);
  std::vector<T> wanted;
  for (std::size_t j = 0; j < longest + guard; ++j) {
    std::vector<T> values;
    for (const Step& step : steps) {
      T in[3] = {};
      for (int k = 0; k < 3; ++k) {
        const Ref& ref = step.in[k];
        in[k] = ref.kind == Ref::Kind::value       ? values[ref.index]
                : ref.kind == Ref::Kind::pointer   ? data.numbers[ref.index][j]
                : ref.kind == Ref::Kind::register_ ? data.in_register(ref.index)
                                                   : 0;
      }
      values.push_back(step.code == Code::store ? in[0] : apply(set, step.code, in[0], in[1], in[2]));
    }
    wanted.push_back(values.back());
  }
  for (const auto& kernel : kernels(program, set))
    for (std::size_t n = 1; n <= longest; ++n) {
      data.clear(0);
      data.run(*kernel, n % guard, n);
      for (std::size_t j = 0; j < n; ++j) {
        INFO(live << " values on " << name(set) << ", column " << j << " of " << n);
        if (!same(data.out[n % guard + j], wanted[n % guard + j])) REQUIRE(false);
      }
    }
}

template <class T>
void check_accumulation(InstructionSet set) {
  Program program = empty(dtype_of<T>);
  program.phases[0].steps = {{Code::accumulate, {pointer(0), {}, {}}, result}};
  Data<T> data(1);
  for (const auto& kernel : kernels(program, set))
    for (std::size_t n = 1; n <= longest; ++n) {
      const std::size_t first = n * 3 % guard;
      data.clear(T(1.25));
      data.run(*kernel, first, n), data.run(*kernel, first, n);
      for (std::size_t j = 0; j < n; ++j) {
        const T x = data.numbers[0][first + j];
        if (!same(data.out[first + j], T(1.25) + x + x)) REQUIRE(false);
      }
      CHECK(data.out[first + n] == T(1.25));
    }
}

template <class T>
void check_the_rest(InstructionSet set) {
  if (!can_run(set)) return;
  for (const Code code : codes_of({Form::reduction}))
    for (const int count : {1, 2, 3, 5}) {
      const bool extreme = code == Code::max || code == Code::min;
      if (!extreme || count <= 2) check_reductions<T>(code, count, set);
    }
  check_accumulation<T>(set);
  for (int live = 10; live <= 40; live += 3) check_live_values<T>(live, set);
}

}  // namespace

#define XGRAD_ON(set, words)                                                                                    \
  TEMPLATE_TEST_CASE("each step by itself is a loop over the columns, on " words, "[program]", float, double) { \
    check_steps<TestType>(InstructionSet::set);                                                                 \
  }                                                                                                             \
  TEMPLATE_TEST_CASE("reductions and many values are a loop over the columns, on " words, "[program]", float,   \
                     double) {                                                                                  \
    check_the_rest<TestType>(InstructionSet::set);                                                              \
  }
XGRAD_ON(generic, "generic code")
XGRAD_ON(avx2, "AVX2")
XGRAD_ON(avx512, "AVX-512")

}  // namespace one_step_test
