// Every instruction of machine code by itself, with operands in registers, in memory, as constants and as numbers of
// the program, against what it means for one number.

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <sstream>

#include "autograd/engine/machine/code_arena.hpp"
#include "autograd/engine/machine/generator.hpp"
#include "autograd/engine/machine/vector_code.hpp"
#include "tests/autograd/engine/numbers.hpp"
#include "tests/autograd/engine/sets.hpp"

namespace encode_instructions_test {

using namespace xgrad;
using namespace xgrad::fused;
using namespace xgrad::fused::machine;
using namespace xgrad::fused::testing;

namespace {

constexpr std::size_t longest = 130, guard = 32;

/// What one instruction makes of one column; masks are lanes with all bits or none.
template <class T>
using Meaning = std::function<T(T, T, T)>;

template <class T>
struct Case {
  std::string name;
  Op op;
  int masks, numbers;  // operands, in the order of the instruction
  Meaning<T> meaning;
  std::uint64_t immediate = 0;
  bool computes = false;  // which of several NaN the result is is left open
};

template <class T>
Word<T> word(T x) {
  return std::bit_cast<Word<T>>(x);
}
template <class T>
T number(Word<T> x) {
  return std::bit_cast<T>(x);
}
template <class T>
T doubled(T x) {
  return x + x;
}

template <class T>
std::vector<Case<T>> arithmetic() {
  return {{"sqrt", Op::sqrt, 0, 1, [](T a, T, T) { return std::sqrt(a); }, 0, true},
          {"round", Op::round, 0, 1, [](T a, T, T) { return std::nearbyint(a); }, 0, true},
          {"floor", Op::round, 0, 1, [](T a, T, T) { return std::floor(a); }, 1, true},
          {"ceil", Op::round, 0, 1, [](T a, T, T) { return std::ceil(a); }, 2, true},
          {"add", Op::add, 0, 2, [](T a, T b, T) { return a + b; }, 0, true},
          {"sub", Op::sub, 0, 2, [](T a, T b, T) { return a - b; }, 0, true},
          {"mul", Op::mul, 0, 2, [](T a, T b, T) { return a * b; }, 0, true},
          {"div", Op::div, 0, 2, [](T a, T b, T) { return a / b; }, 0, true},
          {"min", Op::min, 0, 2, [](T a, T b, T) { return a < b ? a : b; }},
          {"max", Op::max, 0, 2, [](T a, T b, T) { return a > b ? a : b; }},
          {"bit_and", Op::bit_and, 0, 2, [](T a, T b, T) { return number<T>(word(a) & word(b)); }},
          {"bit_or", Op::bit_or, 0, 2, [](T a, T b, T) { return number<T>(word(a) | word(b)); }},
          {"bit_xor", Op::bit_xor, 0, 2, [](T a, T b, T) { return number<T>(word(a) ^ word(b)); }},
          {"bit_clear", Op::bit_clear, 0, 2, [](T a, T b, T) { return number<T>(word(a) & ~word(b)); }},
          {"integer_add", Op::integer_add, 0, 2, [](T a, T b, T) { return number<T>(word(a) + word(b)); }},
          {"integer_sub", Op::integer_sub, 0, 2, [](T a, T b, T) { return number<T>(word(a) - word(b)); }},
          {"fma", Op::fma, 0, 3, [](T a, T b, T c) { return std::fma(a, b, c); }, 0, true},
          {"fms", Op::fms, 0, 3, [](T a, T b, T c) { return std::fma(a, b, -c); }, 0, true},
          {"fnma", Op::fnma, 0, 3, [](T a, T b, T c) { return std::fma(-a, b, c); }, 0, true}};
}

template <class T>
std::vector<Case<T>> shifts() {
  std::vector<Case<T>> all;
  for (std::uint64_t n = 0; n < 8 * sizeof(T); ++n) {
    all.push_back({"shift_left", Op::shift_left, 0, 1, [n](T a, T, T) { return number<T>(word(a) << n); }, n});
    all.push_back({"shift_right", Op::shift_right, 0, 1, [n](T a, T, T) { return number<T>(word(a) >> n); }, n});
  }
  return all;
}

template <class T>
std::vector<Case<T>> comparisons() {
  const std::pair<Predicate, bool (*)(T, T)> predicates[] = {
      {Predicate::equal, [](T a, T b) { return a == b; }},
      {Predicate::not_equal, [](T a, T b) { return a != b; }},
      {Predicate::less, [](T a, T b) { return a < b; }},
      {Predicate::less_equal, [](T a, T b) { return a <= b; }},
      {Predicate::not_less, [](T a, T b) { return !(a < b); }},
      {Predicate::not_less_equal, [](T a, T b) { return !(a <= b); }},
      {Predicate::not_greater_equal, [](T a, T b) { return !(a >= b); }},
      {Predicate::not_greater, [](T a, T b) { return !(a > b); }},
      {Predicate::greater_equal, [](T a, T b) { return a >= b; }},
      {Predicate::greater, [](T a, T b) { return a > b; }}};
  std::vector<Case<T>> all;
  for (const auto& [predicate, holds] : predicates)
    all.push_back({"compare " + std::to_string(static_cast<int>(predicate)), Op::compare, 0, 2,
                   [holds = holds](T a, T b, T) { return mask_of<T>(holds(a, b)); },
                   static_cast<std::uint64_t>(predicate)});
  return all;
}

template <class T>
std::vector<Case<T>> with_masks() {
  return {{"mask_and", Op::mask_and, 2, 0, [](T a, T b, T) { return number<T>(word(a) & word(b)); }},
          {"mask_or", Op::mask_or, 2, 0, [](T a, T b, T) { return number<T>(word(a) | word(b)); }},
          {"mask_xor", Op::mask_xor, 2, 0, [](T a, T b, T) { return number<T>(word(a) ^ word(b)); }},
          {"mask_not", Op::mask_not, 1, 0, [](T a, T, T) { return number<T>(~word(a)); }},
          {"from_mask", Op::from_mask, 1, 0, [](T a, T, T) { return a; }},
          {"keep", Op::keep, 1, 1, [](T a, T b, T) { return word(a) ? b : T{}; }},
          {"select", Op::select, 1, 2, [](T a, T b, T c) { return word(a) ? b : c; }}};
}

// ---- programs of one instruction

/// Where an operand comes from.
enum class From : std::uint8_t { memory, kept, constant, register_ };

/// Three operands, for masks and numbers, and what the instruction is to make of them.
template <class T>
struct Columns {
  std::vector<T> of[3];
  std::vector<char> bytes[3];  // of masks
  std::vector<T> wanted;

  Columns(const Case<T>& c, const From* from, std::size_t count, std::mt19937_64& random) {
    for (int k = 0; k < 3; ++k) {
      const bool mask = k < c.masks;
      const T same = any_number<T>(random);
      for (std::size_t i = 0; i < count; ++i) {
        const bool holds = random() % 2;
        of[k].push_back(mask ? mask_of<T>(holds) : from[k] >= From::constant ? same : any_number<T>(random));
        bytes[k].push_back(holds);
      }
    }
    find_wanted(c);
  }
  void find_wanted(const Case<T>& c) {
    wanted.clear();
    for (std::size_t i = 0; i < of[0].size(); ++i) wanted.push_back(c.meaning(of[0][i], of[1][i], of[2][i]));
  }
};

// Pointers: 0 to 2 operands, 3 to 5 the same as masks, 6 the result, 7 the same as a mask, 8 to 10 copies of operands.
constexpr std::size_t pointers = 11;

template <class T>
VectorCode program(const Case<T>& c, const From* from, const Columns<T>& columns) {
  VectorCode made{sizeof(T), {}, {}};
  VectorInstruction instruction{c.op, {nothing, nothing, nothing}, c.immediate};
  const auto add = [&](VectorInstruction one) {
    made.instructions.push_back(one);
    return static_cast<Value>(made.instructions.size() - 1);
  };
  const VectorInstruction none{Op::constant};
  for (int k = 0; k < c.masks + c.numbers; ++k) {
    const auto place = static_cast<std::size_t>(k);
    VectorInstruction source = none;
    const auto p = static_cast<std::uint64_t>(k);
    if (k < c.masks)
      source = {Op::load_mask, {nothing, nothing, nothing}, p + 3};
    else if (from[k] == From::constant)
      source.immediate = word(columns.of[k][0]);
    else if (from[k] == From::register_)
      source = {Op::number, {nothing, nothing, nothing}, p};
    else
      source = {Op::load, {nothing, nothing, nothing}, p};
    instruction.in[place] = add(source);
  }
  // call_where has its mask last.
  if (c.op == Op::call_where) std::swap(instruction.in[0], instruction.in[2]);
  const Value result = add(instruction);
  const bool mask = gives_mask(c.op);
  add({mask ? Op::store_mask : Op::store, {result, nothing, nothing}, mask ? std::uint64_t{7} : std::uint64_t{6}});
  if (mask) {
    const Value lanes = add({Op::from_mask, {result, nothing, nothing}, 0});
    add({Op::store, {lanes, nothing, nothing}, 6});
  }
  for (int k = c.masks; k < c.masks + c.numbers; ++k)
    if (from[k] == From::kept) {
      const auto place = static_cast<std::size_t>(c.op == Op::call_where ? 2 - k : k);
      add({Op::store, {instruction.in[place], nothing, nothing}, static_cast<std::uint64_t>(k) + 8});
    }
  return made;
}

std::unique_ptr<Routine> assembled(const VectorCode& code, InstructionSet set) {
  Aliases none;
  for (std::uint16_t p = 0; p < pointers; ++p) none.push_back(p);
  const auto bytes = generate(code, none, set == InstructionSet::avx512);
  REQUIRE(!bytes.empty());
  return Arena::common().add(bytes);
}

void call(const Routine& routine, void* const* at, void* registers, std::size_t columns) {
  const PhaseArguments arguments{at, registers, nullptr, static_cast<std::int64_t>(columns)};
  reinterpret_cast<void (*)(const PhaseArguments*)>(routine.entry())(&arguments);
}

/// Runs it on `count` columns from `first` on; the first column whose result is not as wanted, or -1. Also -2 where
/// something is written beside the columns.
template <class T>
int first_wrong(const Case<T>& c, const Routine& routine, Columns<T>& columns, std::size_t first, std::size_t count) {
  const T nothing_there = T(0.15625);
  std::vector<T> result(count + 2 * guard, nothing_there);
  std::vector<char> bytes(count + 2 * guard, 0x5a);
  std::vector<std::vector<T>> copies(3, result);
  T registers[3 * most_rows];
  void* at[pointers];
  for (std::size_t k = 0; k < 3; ++k) {
    at[k] = columns.of[k].data() + first;
    at[k + 3] = columns.bytes[k].data() + first;
    at[k + 8] = copies[k].data() + guard;
    registers[k * most_rows] = columns.of[k][0];
  }
  at[6] = result.data() + guard;
  at[7] = bytes.data() + guard;
  call(routine, at, registers, count);
  const bool mask = gives_mask(c.op);
  for (std::size_t i = 0; i < count; ++i) {
    const T got = result[guard + i], wanted = columns.wanted[first + i];
    if (word(got) != word(wanted) && !(c.computes && got != got && wanted != wanted)) return static_cast<int>(i);
    if (mask && bytes[guard + i] != (word(wanted) ? 1 : 0)) return static_cast<int>(i);
  }
  for (std::size_t i = 0; i < guard; ++i)
    for (const std::size_t beside : {i, guard + count + i})
      if (result[beside] != nothing_there || (mask && bytes[beside] != 0x5a)) return -2;
  return -1;
}

/// On rows of 1 to 130 columns that begin anywhere, with each operand from each place.
template <class T>
void check(const Case<T>& c, InstructionSet set, bool every_place) {
  std::mt19937_64 random(c.immediate + 17);
  const int numbers = every_place ? c.numbers : 0;
  for (int places = 0; places < 1 << (2 * numbers); ++places) {
    From from[3] = {};
    for (int k = 0; k < numbers; ++k) from[c.masks + k] = static_cast<From>(places >> 2 * k & 3);
    Columns<T> columns(c, from, longest + guard, random);
    const auto routine = assembled(program(c, from, columns), set);
    for (std::size_t count = 1; count <= longest; ++count) {
      const std::size_t first = (count * 7 + static_cast<std::size_t>(places)) % guard;
      const int wrong = first_wrong(c, *routine, columns, first, count);
      if (wrong == -1) continue;
      const std::size_t at = first + static_cast<std::size_t>(std::max(wrong, 0));
      INFO(c.name << " of " << name(set) << ", " << name(dtype_of<T>) << ", operands from " << places << ", column "
                  << wrong << " of " << count << ": " << columns.of[0][at] << ", " << columns.of[1][at] << ", "
                  << columns.of[2][at]);
      REQUIRE(false);
    }
  }
}

template <class T>
void check_all(InstructionSet set) {
  if (!can_compile(set)) return;
  for (const auto& cases : {arithmetic<T>(), comparisons<T>(), with_masks<T>()})
    for (const Case<T>& c : cases) check(c, set, true);
  for (const Case<T>& c : shifts<T>()) check(c, set, false);
  const Case<T> calls{"call_where",
                      Op::call_where,
                      1,
                      2,
                      [](T m, T x, T y) { return word(m) ? doubled(x) : y; },
                      reinterpret_cast<std::uintptr_t>(&doubled<T>),
                      true};
  check(calls, set, false);
  if (set != InstructionSet::avx512) return;
  // Its second operand is a whole number of moderate size wherever it is used.
  const Case<T> scale{"scale", Op::scale, 0, 2, [](T a, T b, T) { return std::scalbn(a, static_cast<int>(b)); },
                      0,       true};
  From from[3] = {};
  std::mt19937_64 random(5);
  Columns<T> columns(scale, from, longest + guard, random);
  for (T& n : columns.of[1]) n = static_cast<T>(static_cast<int>(random() % 4400) - 2200);
  columns.find_wanted(scale);
  const auto routine = assembled(program(scale, from, columns), set);
  for (std::size_t count = 1; count <= longest; ++count)
    CHECK(first_wrong(scale, *routine, columns, count % guard, count) == -1);
}

/// Every pattern that the masks of a vector can have.
template <class T>
void check_masks(InstructionSet set) {
  if (!can_compile(set)) return;
  const std::size_t lanes = (set == InstructionSet::avx512 ? 64 : 32) / sizeof(T), count = lanes << lanes;
  std::mt19937_64 random(9);
  for (const Case<T>& c : with_masks<T>()) {
    const From from[3] = {};
    Columns<T> columns(c, from, count, random);
    for (std::size_t i = 0; i < count; ++i) {
      columns.bytes[0][i] = static_cast<char>(i / lanes >> i % lanes & 1);
      columns.of[0][i] = mask_of<T>(columns.bytes[0][i]);
    }
    columns.find_wanted(c);
    INFO(c.name << " of " << name(set));
    CHECK(first_wrong(c, *assembled(program(c, from, columns), set), columns, 0, count) == -1);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("every instruction of machine code for AVX2 is what it means", "[machine]", float, double) {
  check_all<TestType>(InstructionSet::avx2);
}
TEMPLATE_TEST_CASE("every instruction of machine code for AVX-512 is what it means", "[machine]", float, double) {
  check_all<TestType>(InstructionSet::avx512);
}
TEMPLATE_TEST_CASE("machine code for AVX2 takes every mask", "[machine]", float, double) {
  check_masks<TestType>(InstructionSet::avx2);
}
TEMPLATE_TEST_CASE("machine code for AVX-512 takes every mask", "[machine]", float, double) {
  check_masks<TestType>(InstructionSet::avx512);
}

}  // namespace encode_instructions_test
