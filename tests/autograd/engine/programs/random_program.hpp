#pragma once

// Row programs made at random, and the plain way to run them: step by step, element by element, as program.hpp and
// kernel.hpp define it.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "autograd/engine/interpreter/tile_functions.hpp"
#include "autograd/engine/programs/reduction_lanes.hpp"
#include "autograd/engine/rows/tiered_program.hpp"
#include "tests/autograd/engine/codes.hpp"
#include "tests/autograd/engine/pick.hpp"

namespace xgrad::fused::testing {

/// Memory for a program: what the pointers and row operands are bound to, with guards behind each.
struct Memory {
  std::vector<std::vector<char>> pointers, rows;
  std::vector<double> arguments;
  std::vector<std::uint16_t> same;  // the pointer that it shares its memory with

  Binding bind(std::int64_t row_count, std::int64_t columns) {
    Binding binding{row_count, columns, {}, {}, arguments};
    for (std::size_t p = 0; p < pointers.size(); ++p)
      binding.pointers.push_back(pointers[same[p]].empty() ? nullptr : pointers[same[p]].data());
    for (auto& operand : rows) binding.row_operands.push_back(operand.data());
    return binding;
  }
};

/// Which parts of it can be run by themselves.
enum class Kind { any, by_columns, by_elements };

class RandomProgram {
 public:
  RandomProgram(std::uint64_t seed, DType dtype, Kind kind = Kind::any) : random_(seed), kind_(kind) {
    program_.dtype = dtype;
    using Shape = Pointer::Shape;
    program_.pointers = {{Shape::full, false, false},  {Shape::full, false, false},  {Shape::vector, false, false},
                         {Shape::full, true, false},   {Shape::vector, true, false}, {Shape::scratch, false, false},
                         {Shape::full, false, false},  {Shape::full, false, false},  {Shape::full, true, false},
                         {Shape::vector, false, true}, {Shape::vector, false, true}};
    if (kind == Kind::by_elements) program_.pointers[9].accumulator = program_.pointers[10].accumulator = false;
    if (pick(3) == 0) in_place_ = true;
    add_registers();
    const int phases = kind == Kind::any ? 1 + pick(3) : 1;
    for (int i = 0; i < phases; ++i) add_phase(i, i + 1 == phases);
    program_.registers = static_cast<std::uint16_t>(registers_);
  }

  const Program& program() const { return program_; }

  Memory memory(std::int64_t rows, std::int64_t columns) {
    Memory memory;
    const std::size_t item = item_size(program_.dtype);
    for (std::size_t p = 0; p < program_.pointers.size(); ++p) {
      const Pointer& pointer = program_.pointers[p];
      memory.same.push_back(static_cast<std::uint16_t>(p == 6 && in_place_ ? 0 : p));
      std::size_t n = static_cast<std::size_t>(columns) * (pointer.mask ? 1 : item);
      if (pointer.shape == Pointer::Shape::full) n *= static_cast<std::size_t>(rows);
      if (pointer.shape == Pointer::Shape::scratch) n = 0;
      std::vector<char> bytes(pointer.shape == Pointer::Shape::scratch ? 0 : n + 64, 0x5a);
      pointer.mask ? fill_mask(bytes.data(), n) : fill(bytes.data(), n / item);
      memory.pointers.push_back(std::move(bytes));
    }
    memory.rows.assign(3, std::vector<char>(static_cast<std::size_t>(rows) * 8 + 64, 0x5a));
    fill(memory.rows[0].data(), static_cast<std::size_t>(rows));
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t whole = pick(static_cast<int>(std::clamp<std::int64_t>(columns, 1, 20)));
      std::memcpy(memory.rows[1].data() + i * 8, &whole, 8);
    }
    memory.arguments = {number()};
    return memory;
  }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  double number() {
    if (pick(200) == 0) return std::numeric_limits<double>::quiet_NaN();
    if (pick(20) == 0) return 0;
    return xgrad::testing::normal(random_, 1.5);
  }
  void fill(char* bytes, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      const double x = number();
      const float y = static_cast<float>(x);
      program_.dtype == float32 ? std::memcpy(bytes + i * 4, &y, 4) : std::memcpy(bytes + i * 8, &x, 8);
    }
  }
  void fill_mask(char* bytes, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<char>(pick(2));
  }

  std::uint16_t new_register() { return static_cast<std::uint16_t>(registers_++); }
  /// One that holds a number.
  std::uint16_t any_register() {
    std::uint16_t r;
    do r = static_cast<std::uint16_t>(pick(known_));
    while (std::find(mask_registers_.begin(), mask_registers_.end(), r) != mask_registers_.end());
    return r;
  }

  Code number_code(int operands) {
    static const std::vector<Code> one = codes_of({Form::copy, Form::unary}), three = codes_of({Form::ternary});
    static const std::vector<Code> two = [] {
      std::vector<Code> codes = codes_of({Form::binary});
      codes.insert(codes.end(), {Code::add, Code::add, Code::mul});  // which the engine has most to do with
      return codes;
    }();
    const auto& all = operands == 1 ? one : operands == 2 ? two : three;
    return all[static_cast<std::size_t>(pick(static_cast<int>(all.size())))];
  }

  void add_registers() {
    program_.loads = {{Load::Source::argument, 0, new_register()}};
    // Rows that have no numbers of their own may be taken several at a time.
    if (kind_ == Kind::any || pick(4) == 0) {
      program_.loads.push_back({Load::Source::rows, 0, new_register()});
      program_.loads.push_back({Load::Source::integers, 1, new_register()});
    }
    constexpr std::uint16_t read[] = {0, 2, 3, 4};
    for (const std::uint16_t pointer : read)
      if (kind_ == Kind::any && pick(3) == 0) {
        program_.loads.push_back({Load::Source::element, pointer, new_register(), 2});
        if (program_.pointers[pointer].mask) mask_registers_.push_back(program_.loads.back().register_);
      }
    program_.arguments = 1;
    program_.row_operands = 3;
    known_ = registers_;
    add_row_steps(program_.before);
  }

  void add_row_steps(std::vector<RowStep>& steps) {
    for (int i = pick(4); i > 0; --i) {
      const Code code = number_code(1 + pick(3));
      RowStep step{code, {0, 0, 0}, 0};
      for (int k = 0; k < arity(code); ++k) step.in[k] = pick(4) == 0 ? std::uint16_t{0} : any_register();
      step.out = new_register();
      steps.push_back(step);
      known_ = registers_;
    }
  }

  Ref any_number(bool scratch) {
    const int kind = pick(6);
    if (kind < 3 && !numbers_.empty())
      return {Ref::Kind::value, numbers_[static_cast<std::size_t>(pick(static_cast<int>(numbers_.size())))]};
    if (kind == 3) return {Ref::Kind::register_, any_register()};
    // What an earlier phase has left in a result's place, until this one stores there.
    if (left_ && !stored_ && pick(4) == 0) return {Ref::Kind::pointer, 6};
    static const std::uint16_t readable[] = {0, 1, 2, 5};
    return {Ref::Kind::pointer, readable[pick(scratch ? 4 : 3)]};
  }
  Ref any_mask() {
    if (!mask_registers_.empty() && pick(10) == 0)
      return {Ref::Kind::register_,
              mask_registers_[static_cast<std::size_t>(pick(static_cast<int>(mask_registers_.size())))]};
    if (masks_.empty() || pick(3) == 0) return {Ref::Kind::pointer, static_cast<std::uint16_t>(3 + pick(2))};
    return {Ref::Kind::value, masks_[static_cast<std::size_t>(pick(static_cast<int>(masks_.size())))]};
  }

  void add_step(std::vector<Step>& steps, bool scratch) {
    const auto index = static_cast<std::uint16_t>(steps.size());
    const int kind = pick(12);
    if (kind == 0) {
      const auto code = static_cast<Code>(static_cast<int>(Code::equal) + pick(6));
      steps.push_back({code, {any_number(scratch), any_number(scratch), {}}});
      return masks_.push_back(index);
    }
    if (kind == 1) {
      const auto code = static_cast<Code>(static_cast<int>(Code::logical_and) + pick(4));
      steps.push_back({code, {any_mask(), code == Code::logical_not ? Ref{} : any_mask(), {}}});
      return masks_.push_back(index);
    }
    if (kind == 2) steps.push_back({Code::where, {any_mask(), any_number(scratch), any_number(scratch)}});
    if (kind == 3) steps.push_back({pick(2) && kind_ == Kind::any ? Code::column : Code::cast, {}});
    if (kind == 3 && steps.back().code == Code::cast) steps.back().in[0] = any_mask();
    if (kind > 3) {
      Step step{number_code(1 + pick(3)), {}};
      for (int k = 0; k < arity(step.code); ++k) step.in[k] = any_number(scratch);
      steps.push_back(step);
    }
    numbers_.push_back(index);
  }

  void add_phase(int number, bool last) {
    numbers_.clear(), masks_.clear();
    left_ = left_ || stored_, stored_ = false;
    Phase phase;
    for (int i = 2 + pick(12); i > 0; --i) {
      add_step(phase.steps, number > 0);
      if (stored_ || pick(8) != 0) continue;
      phase.steps.push_back({Code::store, {any_number(number > 0)}, 6});
      stored_ = true;
    }
    if (number == 0) phase.steps.push_back({Code::store, {any_number(false)}, 5});
    if (last) phase.steps.push_back({Code::store, {any_number(number > 0)}, 7});
    if (last) phase.steps.push_back({Code::store, {any_mask()}, 8});
    const bool sums = kind_ != Kind::by_elements;
    for (std::uint16_t p = 9; p <= 10; ++p) {
      if (!sums || !pick(2)) continue;
      const Ref x = any_number(number > 0);
      if (!summed_[p - 9]) phase.steps.push_back({Code::accumulate, {x}, p});
      summed_[p - 9] = true;
    }
    for (int i = kind_ == Kind::any ? pick(3) : 0; i > 0; --i) {
      const auto code = static_cast<Code>(static_cast<int>(Code::sum) + pick(4));
      phase.steps.push_back({code, {any_number(number > 0)}, new_register()});
    }
    known_ = registers_;
    add_row_steps(phase.after);
    if (last && kind_ == Kind::any) program_.row_stores.push_back({any_register(), 2});
    if (last && kind_ == Kind::any && pick(3) == 0)
      program_.element_stores.push_back(
          {any_register(), static_cast<std::uint16_t>(left_ || stored_ ? 6 + pick(2) : 7), 2});
    program_.phases.push_back(std::move(phase));
  }

  std::mt19937_64 random_;
  Program program_;
  const Kind kind_;
  bool in_place_ = false, left_ = false, stored_ = false;  // whether there is something at 6, and from this phase
  int registers_ = 0, known_ = 0;
  bool summed_[2] = {};  // which sums over rows a phase has added to
  std::vector<std::uint16_t> numbers_, masks_;
  std::vector<std::uint16_t> mask_registers_;
};

/// The plain way.
template <class T>
class Plain {
 public:
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

  Plain(const Program& program, Memory& memory, std::int64_t rows, std::int64_t columns)
      : program_(program),
        memory_(memory),
        rows_(rows),
        columns_(columns),
        registers_(program.registers),
        scratch_(program.pointers.size(), std::vector<T>(static_cast<std::size_t>(columns))) {
    for (std::size_t p = 0; p < program.pointers.size(); ++p) {
      sums.emplace_back(program.pointers[p].accumulator ? columns : 0);
      sizes.emplace_back(program.pointers[p].accumulator ? columns : 0);
    }
    for (std::int64_t row = 0; row < rows; ++row) run(row);
  }

  /// The sums over rows into each accumulator, and the sums of what is added without its sign.
  std::vector<std::vector<long double>> sums, sizes;

 private:
  static T apply(Code code, T a, T b, T c) {
    T y = 0;
    tile_functions(instruction_set(), dtype_of<T>).elements[static_cast<int>(code)][0](&y, &a, &b, &c, 1);
    return y;
  }

  void run(std::int64_t row) {
    for (const Load& load : program_.loads) {
      T& x = registers_[load.register_];
      std::int64_t whole = 0;
      if (load.source == Load::Source::argument) x = static_cast<T>(memory_.arguments[load.index]);
      if (load.source == Load::Source::element)
        x = operand({Ref::Kind::pointer, load.index}, row, static_cast<std::int64_t>(registers_[load.column]));
      if (load.source == Load::Source::rows)
        std::memcpy(&x, memory_.rows[load.index].data() + static_cast<std::size_t>(row) * sizeof(T), sizeof(T));
      if (load.source != Load::Source::integers) continue;
      std::memcpy(&whole, memory_.rows[load.index].data() + row * 8, 8);
      x = static_cast<T>(whole);
    }
    row_steps(program_.before);
    for (const Phase& phase : program_.phases) {
      values_.assign(phase.steps.size(), std::vector<T>(static_cast<std::size_t>(columns_)));
      for (std::size_t i = 0; i < phase.steps.size(); ++i) step(phase.steps[i], i, row);
      row_steps(phase.after);
    }
    for (const RowStore& store : program_.row_stores)
      std::memcpy(memory_.rows[store.index].data() + static_cast<std::size_t>(row) * sizeof(T),
                  &registers_[store.register_], sizeof(T));
    for (const ElementStore& store : program_.element_stores)
      std::memcpy(address(store.pointer, row, static_cast<std::int64_t>(registers_[store.column])),
                  &registers_[store.register_], sizeof(T));
  }

  void row_steps(const std::vector<RowStep>& steps) {
    for (const RowStep& s : steps)
      registers_[s.out] = apply(s.code, registers_[s.in[0]], registers_[s.in[1]], registers_[s.in[2]]);
  }

  char* address(std::uint16_t p, std::int64_t row, std::int64_t column) {
    const Pointer& pointer = program_.pointers[p];
    if (pointer.shape == Pointer::Shape::scratch)
      return reinterpret_cast<char*>(&scratch_[p][static_cast<std::size_t>(column)]);
    const std::int64_t index = (pointer.shape == Pointer::Shape::full ? row * columns_ : 0) + column;
    return memory_.pointers[memory_.same[p]].data() + static_cast<std::size_t>(index) * (pointer.mask ? 1 : sizeof(T));
  }

  T operand(const Ref& ref, std::int64_t row, std::int64_t column) {
    if (ref.kind == Ref::Kind::value) return values_[ref.index][static_cast<std::size_t>(column)];
    if (ref.kind == Ref::Kind::register_) return registers_[ref.index];
    T x = 0;
    if (ref.kind == Ref::Kind::none) return x;
    const char* from = address(ref.index, row, column);
    const Word word = *from ? ~Word{} : Word{};
    program_.pointers[ref.index].mask ? std::memcpy(&x, &word, sizeof x) : std::memcpy(&x, from, sizeof x);
    return x;
  }

  void step(const Step& s, std::size_t i, std::int64_t row) {
    if (is_reduction(s.code)) return reduce(s, row);
    for (std::int64_t j = 0; j < columns_; ++j) {
      const T a = operand(s.in[0], row, j), b = operand(s.in[1], row, j), c = operand(s.in[2], row, j);
      const auto column = static_cast<std::size_t>(j);
      if (s.code == Code::store) {
        Word bits = 0;
        std::memcpy(&bits, &a, sizeof a);
        const char byte = bits ? 1 : 0;
        program_.pointers[s.out].mask ? std::memcpy(address(s.out, row, j), &byte, 1)
                                      : std::memcpy(address(s.out, row, j), &a, sizeof a);
      } else if (s.code == Code::accumulate) {
        const auto x = static_cast<long double>(a);
        sums[s.out][column] += x, sizes[s.out][column] += std::abs(x);
      } else {
        values_[i][column] = s.code == Code::column ? static_cast<T>(j) : apply(s.code, a, b, c);
      }
    }
  }

  void reduce(const Step& s, std::int64_t row) {
    if (s.code == Code::max || s.code == Code::min) {
      T best = s.code == Code::max ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
      for (std::int64_t j = 0; j < columns_; ++j)
        best = apply(s.code == Code::max ? Code::maximum : Code::minimum, best, operand(s.in[0], row, j), 0);
      registers_[s.out] = best + T{0};
      return;
    }
    const bool narrow = columns_ > 0 && columns_ < 64 && rows_ > 1, product = s.code == Code::prod;
    double lanes[reduction_lanes];
    for (double& lane : lanes) lane = product;
    T halves[16] = {};
    const std::int64_t folded = sizeof(T) == 4 && !product ? columns_ - columns_ % 64 : 0;
    for (std::int64_t j = 0; j < folded; j += j % 64 == 15 ? 49 : 1) {
      T sum = operand(s.in[0], row, j);
      for (std::int64_t i = j + 16; i < j + 64; i += 16) sum = sum + operand(s.in[0], row, i);
      halves[j % 16] = sum;
      for (int l = 0; l < 8 && j % 64 == 15; ++l) lanes[l] += static_cast<double>(halves[l] + halves[l + 8]);
    }
    for (std::int64_t j = folded; j < columns_; ++j) {
      double& lane = lanes[narrow ? 0 : j % reduction_lanes];
      const double a = operand(s.in[0], row, j);
      lane = product ? lane * a : lane + a;
    }
    for (int half = narrow ? 0 : reduction_lanes / 2; half; half /= 2)
      for (int l = 0; l < half; ++l) lanes[l] = product ? lanes[l] * lanes[l + half] : lanes[l] + lanes[l + half];
    registers_[s.out] = static_cast<T>(lanes[0]);
  }

  const Program& program_;
  Memory& memory_;
  std::int64_t rows_, columns_;
  std::vector<T> registers_;
  std::vector<std::vector<T>> scratch_;  // by pointer
  std::vector<std::vector<T>> values_;
};

}  // namespace xgrad::fused::testing
