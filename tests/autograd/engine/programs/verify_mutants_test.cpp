// Row programs that were changed are rejected, or run, in memory that they may share, as they do step by step in memory
// of their own.

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <string>

#include "autograd/engine/programs/verify_program.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/programs/random_program.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace xgrad::fused::verify_mutants_test {
namespace {

using testing::InTier;
using testing::Kind;
using testing::Memory;
using testing::Plain;
using testing::RandomProgram;

/// Changes one thing.
class Mutation {
 public:
  Mutation(Program& program, std::mt19937_64& random) : program_(program), random_(random) {}

  void apply() {
    Phase& phase = program_.phases[pick(program_.phases.size())];
    if (phase.steps.empty()) return;
    const std::size_t place = pick(phase.steps.size()), other = pick(phase.steps.size()), what = pick(20);
    what < 12 ? change_steps(phase, place, other, what) : change_rest(phase, what);
  }

 private:
  void change_steps(Phase& phase, std::size_t place, std::size_t other, std::size_t what) {
    Step& step = phase.steps[place];
    switch (what) {
      case 0:
        return std::swap(step, phase.steps[other]);
      case 1:
      case 2:
        return move(phase.steps, place, pick(phase.steps.size()));
      case 3:
        step.in[pick(3)] = ref();
        return;
      case 4:
        step.in[pick(3)].index = static_cast<std::uint16_t>(pick(12));
        return;
      case 5:
      case 6:
        step.out = static_cast<std::uint16_t>(pick(12));
        return;
      case 7:
        phase.steps.push_back(step);
        return;
      case 8:
        return remove(phase.steps, place);
      case 9:
        return std::swap(phase, program_.phases[pick(program_.phases.size())]);
      case 10:
        program_.phases[pick(program_.phases.size())].steps.push_back(step);
        return;
      default:
        step.code = static_cast<Code>(pick(static_cast<std::size_t>(codes)));
    }
  }
  void change_rest(Phase& phase, std::size_t what) {
    switch (what) {
      case 12:
        return change(program_.pointers[pick(program_.pointers.size())]);
      case 13:
        return change(program_.loads[pick(program_.loads.size())]);
      case 14:
        return change(program_.before);
      case 15:
        return change(phase.after);
      case 16:
        return std::swap(phase.after, pick(2) ? program_.before : program_.phases[pick(program_.phases.size())].after);
      case 17:
        phase.steps.insert(phase.steps.begin(), {Code::store, {ref(), {}, {}}, any_pointer()});
        return shift(phase.steps, 1);
      case 18:
        phase.steps.push_back({Code::store, {ref(), {}, {}}, any_pointer()});
        return;
      default:
        return change_stores();
    }
  }

  std::size_t pick(std::size_t n) { return random_() % n; }
  std::uint16_t any_pointer() { return static_cast<std::uint16_t>(pick(program_.pointers.size())); }
  std::uint16_t any_register() { return static_cast<std::uint16_t>(pick(program_.registers)); }
  Ref ref() {
    const auto kind = static_cast<Ref::Kind>(pick(4));
    const std::uint16_t index = kind == Ref::Kind::pointer     ? any_pointer()
                                : kind == Ref::Kind::register_ ? any_register()
                                                               : static_cast<std::uint16_t>(pick(12));
    return kind == Ref::Kind::none ? Ref{} : Ref{kind, index};
  }

  /// With the numbers of the values that steps read.
  static void move(std::vector<Step>& steps, std::size_t from, std::size_t to) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < steps.size(); ++i)
      if (i != from) order.push_back(i);
    order.insert(order.begin() + static_cast<std::ptrdiff_t>(to), from);
    std::vector<std::uint16_t> place(steps.size());
    std::vector<Step> moved;
    for (std::size_t i = 0; i < order.size(); ++i) {
      place[order[i]] = static_cast<std::uint16_t>(i);
      moved.push_back(steps[order[i]]);
    }
    for (Step& step : moved)
      for (Ref& in : step.in)
        if (in.kind == Ref::Kind::value && in.index < place.size()) in.index = place[in.index];
    steps = moved;
  }
  static void shift(std::vector<Step>& steps, std::uint16_t by) {
    for (std::size_t i = 1; i < steps.size(); ++i)
      for (Ref& in : steps[i].in)
        if (in.kind == Ref::Kind::value) in.index = static_cast<std::uint16_t>(in.index + by);
  }
  static void remove(std::vector<Step>& steps, std::size_t i) {
    move(steps, i, steps.size() - 1);
    steps.pop_back();
  }

  void change(Pointer& pointer) {
    if (pick(3) == 0) pointer.mask = !pointer.mask;
    if (pick(3) == 0) pointer.accumulator = !pointer.accumulator;
    if (pick(3) == 0) pointer.shape = static_cast<Pointer::Shape>(pick(3));
  }
  void change(Load& load) {
    if (pick(2)) load.source = static_cast<Load::Source>(pick(4));
    if (pick(2)) load.index = static_cast<std::uint16_t>(pick(4));
    if (pick(3) == 0) load.register_ = any_register();
    if (pick(3) == 0) load.column = any_register();
    if (pick(3) == 0) std::swap(load, program_.loads[pick(program_.loads.size())]);
  }
  void change(std::vector<RowStep>& steps) {
    if (steps.empty()) return;
    RowStep& step = steps[pick(steps.size())];
    if (pick(3) == 0) std::swap(step, steps[pick(steps.size())]);
    if (pick(3) == 0) step.out = any_register();
    if (pick(3) == 0) step.in[pick(3)] = any_register();
    if (pick(3) == 0) step.code = static_cast<Code>(pick(static_cast<std::size_t>(codes)));
  }
  void change_stores() {
    if (pick(2)) program_.row_stores.push_back({any_register(), static_cast<std::uint16_t>(pick(4))});
    if (pick(2)) program_.element_stores.push_back({any_register(), any_pointer(), any_register()});
    for (RowStore& store : program_.row_stores)
      if (pick(4) == 0) store.register_ = any_register();
  }

  Program& program_;
  std::mt19937_64& random_;
};

bool is_accepted(const Program& program) {
  try {
    verified(program);
  } catch (const Unverified&) {
    return false;
  }
  return true;
}

/// Runs accepted programs.
template <class T>
class Trial {
 public:
  Trial(const Program& program, std::int64_t rows, std::int64_t columns, std::mt19937_64& random)
      : program_(program), rows_(rows), columns_(columns), random_(random), stored_(program.pointers.size()) {
    for (const Phase& phase : program.phases)
      for (const Step& step : phase.steps)
        if (step.code == Code::store) stored_[step.out] = 1;
    fill();
    share();
  }

  /// What differs; nothing if nothing does.
  std::string run() {
    Memory own = memory_, shared = memory_;
    for (std::size_t p = 0; p < stored_.size(); ++p) {
      own.same[p] = static_cast<std::uint16_t>(p);
      // Nobody may see what was in an output before.
      if (stored_[p] || program_.pointers[p].accumulator)
        std::fill(own.pointers[p].begin(), own.pointers[p].end(), 0x77);
    }
    const Plain<T> plain(program_, own, rows_, columns_);
    Compiled compiled(program_);
    verify(compiled);
    run(compiled, shared.bind(rows_, columns_));
    for (std::size_t p = 0; p < stored_.size(); ++p) {
      const Pointer& pointer = program_.pointers[p];
      if (pointer.accumulator && !sums(plain, p, shared)) return "sum " + std::to_string(p);
      if (pointer.accumulator || pointer.shape == Pointer::Shape::scratch) continue;
      const bool lost = !stored_[p] && lies_under_[p];
      const auto& got = shared.pointers[shared.same[p]];
      if (!lost && !same(got, own.pointers[p], got.size() - 64, pointer.mask)) return "pointer " + std::to_string(p);
    }
    for (std::size_t i = 0; i < memory_.rows.size(); ++i)
      if (!same(shared.rows[i], own.rows[i], static_cast<std::size_t>(rows_) * sizeof(T), false))
        return "row operand " + std::to_string(i);
    return "";
  }
  int shared() const { return static_cast<int>(std::count(lies_under_.begin(), lies_under_.end(), 1)); }

 private:
  void fill() {
    const std::size_t item = sizeof(T);
    for (std::size_t p = 0; p < program_.pointers.size(); ++p) {
      const Pointer& pointer = program_.pointers[p];
      std::size_t n = static_cast<std::size_t>(columns_);
      if (pointer.shape == Pointer::Shape::full) n *= static_cast<std::size_t>(rows_);
      std::vector<char> bytes(pointer.shape == Pointer::Shape::scratch ? 0 : n * (pointer.mask ? 1 : item) + 64, 0x5a);
      for (std::size_t i = 0; i < n && !bytes.empty(); ++i) {
        const auto x = static_cast<T>(xgrad::testing::normal(random_, 1.5));
        if (pointer.mask)
          bytes[i] = static_cast<char>(random_() % 2);
        else
          std::memcpy(bytes.data() + i * item, &x, item);
      }
      memory_.pointers.push_back(std::move(bytes));
      memory_.same.push_back(static_cast<std::uint16_t>(p));
    }
    memory_.arguments.assign(program_.arguments, 0.7);
    memory_.rows.assign(program_.row_operands, std::vector<char>(static_cast<std::size_t>(rows_) * 8 + 64, 0x5a));
    for (std::size_t i = 0; i < memory_.rows.size(); ++i)
      for (std::int64_t row = 0; row < rows_; ++row) fill_row(i, row);
  }
  void fill_row(std::size_t i, std::int64_t row) {
    const bool whole = std::any_of(program_.loads.begin(), program_.loads.end(), [&](const Load& load) {
      return load.source == Load::Source::integers && load.index == i;
    });
    char* bytes = memory_.rows[i].data();
    const auto index = static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(columns_));
    const auto x = static_cast<T>(xgrad::testing::normal(random_, 1.5));
    if (whole)
      std::memcpy(bytes + row * 8, &index, 8);
    else
      std::memcpy(bytes + row * static_cast<std::int64_t>(sizeof(T)), &x, sizeof(T));
  }

  /// As a whole, or in parts where there are any.
  void run(Compiled& compiled, const Binding& binding) {
    if (compiled.parts() == Parts::none || columns_ < 64 || random_() % 2 == 0) return execute(compiled, binding);
    const std::int64_t column = 1 + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(columns_ - 1));
    const std::int64_t row = compiled.parts() == Parts::any ? rows_ / 2 : 0;
    const Begun begun = begin_parts(compiled, binding);
    execute_part(begun, binding, {row, rows_ - row, column, columns_ - column});
    execute_part(begun, binding, {row, rows_ - row, 0, column});
    if (row > 0) execute_part(begun, binding, {0, row, 0, columns_});
  }

  /// Lets outputs lie over inputs, as many as may.
  void share() {
    lies_under_.assign(program_.pointers.size(), 0);
    std::vector<Overwrite> pairs;
    for (std::uint16_t r = 0; r < program_.pointers.size(); ++r)
      for (std::uint16_t w = 0; w < program_.pointers.size(); ++w) pairs.push_back({r, w});
    std::shuffle(pairs.begin(), pairs.end(), random_);
    std::vector<char> taken(program_.pointers.size());
    for (const Overwrite& pair : pairs) {
      if (taken[pair.written] || lies_under_[pair.read]) continue;
      try {
        verify_sharing(program_, {&pair, 1});
      } catch (const Unverified&) {
        continue;
      }
      taken[pair.written] = lies_under_[pair.read] = 1;
      memory_.same[pair.written] = pair.read;
    }
  }

  static bool same(const std::vector<char>& a, const std::vector<char>& b, std::size_t bytes, bool mask) {
    if (mask) return std::memcmp(a.data(), b.data(), bytes) == 0;
    for (std::size_t i = 0; i + sizeof(T) <= bytes; i += sizeof(T)) {
      T x, y;
      std::memcpy(&x, a.data() + i, sizeof x);
      std::memcpy(&y, b.data() + i, sizeof y);
      if (std::memcmp(&x, &y, sizeof x) != 0 && (x == x || y == y)) return false;
    }
    return true;
  }
  bool sums(const Plain<T>& plain, std::size_t p, const Memory& got) const {
    for (std::size_t j = 0; j < static_cast<std::size_t>(columns_); ++j) {
      T x;
      std::memcpy(&x, got.pointers[p].data() + j * sizeof(T), sizeof x);
      const long double sum = plain.sums[p][j], size = plain.sizes[p][j];
      if (!(size < static_cast<long double>(std::numeric_limits<T>::max()) / 16)) continue;
      const auto roundings = static_cast<long double>(sizeof(T) == 4 ? 16 : 16 + rows_);
      const long double most = roundings * static_cast<long double>(std::numeric_limits<T>::epsilon()) * size +
                               32 * static_cast<long double>(std::numeric_limits<T>::denorm_min());
      if (!(std::abs(static_cast<long double>(x) - sum) <= most)) return false;
    }
    return true;
  }

  const Program& program_;
  std::int64_t rows_, columns_;
  std::mt19937_64& random_;
  std::vector<char> stored_, lies_under_;  // by pointer
  Memory memory_;
};

struct Counts {
  int tried = 0, rejected = 0, shared = 0;
};

template <class T>
void check_mutants(std::uint64_t seed, int mutants, Counts& counts) {
  const auto kind = static_cast<Kind>(seed % 3);
  const Program given = RandomProgram(seed, dtype_of<T>, kind).program();
  std::mt19937_64 random(seed);
  constexpr std::int64_t rows[] = {1, 3, 9, 40}, columns[] = {5, 70, 19, 130};
  for (int mutant = 0; mutant < mutants; ++mutant) {
    Program changed = given;
    for (auto times = random() % 3 + (mutant > 0); times > 0; --times) Mutation(changed, random).apply();
    ++counts.tried;
    if (!is_accepted(changed)) {
      ++counts.rejected;
      continue;
    }
    INFO("seed " << seed << ", mutant " << mutant << " of " << name(dtype_of<T>));
    const InTier in(random() % 4 == 0 ? "compile-at-once" : "interpreted");
    Trial<T> trial(changed, rows[random() % 4], columns[random() % 4], random);
    counts.shared += trial.shared();
    REQUIRE(trial.run() == "");
  }
}

TEST_CASE("a changed program is rejected, or does what it says in whatever memory", "[verify]") {
  Counts counts;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    check_mutants<float>(seed, 40, counts);
    check_mutants<double>(seed, 40, counts);
  }
  CHECK(counts.rejected > counts.tried / 3);
  CHECK(counts.tried - counts.rejected > 1500);
  CHECK(counts.shared > 800);
}

TEST_CASE("many changed programs are rejected, or do what they say", "[.][verify-many]") {
  Counts counts;
  for (std::uint64_t seed = 1000; seed < 6000; ++seed) {
    check_mutants<float>(seed, 40, counts);
    check_mutants<double>(seed, 40, counts);
  }
  WARN(counts.tried << " tried, " << counts.rejected << " rejected, " << counts.shared << " outputs over inputs");
}

}  // namespace
}  // namespace xgrad::fused::verify_mutants_test
