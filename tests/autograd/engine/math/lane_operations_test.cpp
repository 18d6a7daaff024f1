// Every operation of lanes by itself, on each instruction set that is there, against what it means for one number.

#include "autograd/engine/math/lane_operations.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "autograd/engine/cpu/self_check.hpp"
#include "tests/autograd/engine/numbers.hpp"
#include "tests/autograd/engine/sets.hpp"

#if defined(__unix__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace lane_operations_test {

using namespace xgrad;
using namespace xgrad::fused;
using namespace xgrad::fused::testing;

namespace {

constexpr std::size_t most_lanes = 16;

/// Operands for one call after the other, and what they are tried with.
template <class T>
class Trial {
 public:
  Trial(InstructionSet set, LaneOperation operation)
      : set_(set), operation_(operation), lanes_(static_cast<std::size_t>(lane_functions(set, dtype_of<T>).width)) {}

  void run() {
    using Parameter = LaneOperands::Parameter;
    if (lane_functions(set_, dtype_of<T>).run[static_cast<int>(operation_)] == nullptr) return;
    const LaneOperands& takes = operands(operation_);
    const int most =
        takes.parameter == Parameter::length ? static_cast<int>(lanes_) : static_cast<int>(sizeof(T)) * 8 - 1;
    for (n_ = 0; n_ <= (takes.parameter == Parameter::none ? 0 : most); ++n_) {
      if (takes.masks > 0) try_masks(takes.masks);
      if (takes.masks == 0) try_numbers(takes.numbers);
    }
    if (takes.masks + takes.numbers > 0) CHECK(lanes_tried_ >= 1000);
  }

 private:
  void put(T a, T b, T c) {
    a_[filled_] = a, b_[filled_] = b, c_[filled_] = c;
    if (++filled_ == lanes_) try_once();
  }
  void flush() {
    while (filled_ > 0) put(0, 0, 0);
  }
  void try_once() {
    filled_ = 0;
    lanes_tried_ += lanes_;
    const auto wrong = first_wrong_lane(set_, operation_, a_, b_, c_, n_);
    if (!wrong) return;
    const auto lane = static_cast<std::size_t>(*wrong);
    INFO(operands(operation_).name << " of " << name(set_) << ", " << name(dtype_of<T>) << ", lane " << lane << ", n "
                                   << n_ << ": " << a_[lane] << ", " << b_[lane] << ", " << c_[lane]);
    REQUIRE(false);
  }

  /// Each special number with each, and numbers at random.
  void try_numbers(int count) {
    const std::vector<T> special = special_numbers<T>();
    for (const T a : special)
      for (std::size_t i = 0; i < (count > 1 ? special.size() : 1); ++i)
        for (std::size_t k = 0; k < (count > 2 ? special.size() : 1); k += 3)
          put(a, special[i], special[(i + k) % special.size()]);
    for (int i = 0; i < 6000; ++i) put(any_number<T>(random_), any_number<T>(random_), any_number<T>(random_));
    flush();
  }

  /// All masks where there are not too many, else many of them.
  void try_masks(int count) {
    const std::uint64_t patterns = std::uint64_t{1} << lanes_;
    if (count == 1 || lanes_ <= 8) {
      // Again and again, with other numbers.
      for (std::uint64_t p = 0; p < std::max<std::uint64_t>(patterns, 500); ++p)
        for (std::uint64_t q = 0; q < (count > 1 ? patterns : 1); ++q) try_mask(p, q, count);
      return;
    }
    for (std::uint64_t p = 0; p < patterns; ++p) try_mask(p, random_(), count);
    for (std::uint64_t i = 0; i < lanes_; ++i)
      for (const std::uint64_t q : {std::uint64_t{0}, patterns - 1, std::uint64_t{1} << i, ~(std::uint64_t{1} << i)})
        try_mask(std::uint64_t{1} << i, q, count), try_mask(q, ~(std::uint64_t{1} << i), count);
  }
  void try_mask(std::uint64_t p, std::uint64_t q, int count) {
    for (std::size_t i = 0; i < lanes_; ++i)
      put(mask_of<T>(p >> i & 1), count > 1 ? mask_of<T>(q >> i & 1) : any_number<T>(random_), any_number<T>(random_));
  }

  const InstructionSet set_;
  const LaneOperation operation_;
  const std::size_t lanes_;
  std::size_t filled_ = 0, lanes_tried_ = 0;
  int n_ = 0;
  T a_[most_lanes] = {}, b_[most_lanes] = {}, c_[most_lanes] = {};
  std::mt19937_64 random_{3};
};

template <class T>
void try_all(InstructionSet set) {
  if (!can_run(set)) return;
  for (int i = 0; i < lane_operations; ++i) Trial<T>(set, static_cast<LaneOperation>(i)).run();
}

}  // namespace

TEMPLATE_TEST_CASE("every operation of generic lanes is what it means for one number", "[lanes]", float, double) {
  try_all<TestType>(InstructionSet::generic);
}
TEMPLATE_TEST_CASE("every operation of AVX2 lanes is what it means for one number", "[lanes]", float, double) {
  try_all<TestType>(InstructionSet::avx2);
}
TEMPLATE_TEST_CASE("every operation of AVX-512 lanes is what it means for one number", "[lanes]", float, double) {
  try_all<TestType>(InstructionSet::avx512);
}

#if defined(__unix__)
TEMPLATE_TEST_CASE("a part of the lanes is loaded from no memory beyond it", "[lanes]", float, double) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const pages = mmap(nullptr, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  char* const begin = static_cast<char*>(pages) + page;
  REQUIRE(mprotect(begin, page, PROT_READ | PROT_WRITE) == 0);
  for (const InstructionSet set : sets()) {
    const LaneFunctions& functions = lane_functions(set, dtype_of<TestType>);
    const auto lanes = static_cast<std::size_t>(functions.width);
    for (std::size_t n = 0; n <= lanes; ++n) {
      const std::size_t bytes = n * sizeof(TestType);
      for (char* const at : {begin, begin + page - bytes}) {
        TestType numbers[most_lanes], got[most_lanes] = {};
        for (std::size_t i = 0; i < lanes; ++i) numbers[i] = static_cast<TestType>(i + 1);
        std::memcpy(at, numbers, bytes);
        functions.run[static_cast<int>(LaneOperation::load_part)](got, at, at, at, static_cast<int>(n));
        for (std::size_t i = 0; i < lanes; ++i) CHECK(got[i] == (i < n ? numbers[i] : 0));
      }
    }
  }
  munmap(pages, 3 * page);
}
#endif

}  // namespace lane_operations_test
