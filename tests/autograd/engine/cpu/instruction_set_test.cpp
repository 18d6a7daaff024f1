// Which instruction set is chosen, and what happens to what was made for another.

#include "autograd/engine/cpu/instruction_set.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cfenv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "autograd/autograd.hpp"
#include "autograd/engine/cpu/self_check.hpp"
#include "autograd/engine/interpreter/tile_functions.hpp"
#include "autograd/engine/products/block_product.hpp"
#include "tests/autograd/engine/scopes.hpp"
#include "tests/autograd/engine/sets.hpp"
#include "tests/written.hpp"

namespace instruction_set_test {

using namespace xgrad;
using namespace xgrad::fused::testing;
using fused::InstructionSet;
using fused::LaneOperation;

namespace {

/// XGRAD_ISA, and what is pretended, until the end of the scope.
class Choosing {
 public:
  explicit Choosing(const char* wanted, const fused::Pretence& pretence = {}) {
    const char* before = std::getenv("XGRAD_ISA");
    if (before) before_ = before;
    wanted ? setenv("XGRAD_ISA", wanted, 1) : unsetenv("XGRAD_ISA");
    fused::pretend(pretence);
  }
  ~Choosing() {
    before_ ? setenv("XGRAD_ISA", before_->c_str(), 1) : unsetenv("XGRAD_ISA");
    fused::pretend({});
  }
  Choosing(const Choosing&) = delete;
  Choosing& operator=(const Choosing&) = delete;

 private:
  std::optional<std::string> before_;
};

InstructionSet widest() { return sets().back(); }

template <class T>
std::vector<T> computed(InstructionSet set, fused::Code code, const std::vector<T>& x) {
  std::vector<T> y(x.size());
  fused::tile_functions(set, dtype_of<T>)
      .elements[static_cast<int>(code)][0](y.data(), x.data(), nullptr, nullptr, static_cast<std::int64_t>(x.size()));
  return y;
}

}  // namespace

TEST_CASE("every instruction set that is there passes its self-check", "[isa]") {
  for (const InstructionSet set : sets()) {
    INFO(fused::name(set));
    const auto wrong = fused::self_check(set);
    CHECK(!wrong);
    if (wrong) CHECK(fused::operands(*wrong).name == std::string());
  }
}

TEST_CASE("the self-check finds whichever operation is wrong", "[isa]") {
  for (const InstructionSet set : sets())
    for (int i = 0; i < fused::lane_operations; ++i) {
      const auto operation = static_cast<LaneOperation>(i);
      const Choosing scope(nullptr, {{}, set, operation});
      INFO(fused::name(set) << ", " << fused::operands(operation).name);
      CHECK(fused::self_check(set) == operation);
    }
}

TEST_CASE("the self-check does not depend on the caller's rounding mode, and keeps it", "[isa]") {
  for (const int mode : {FE_UPWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    for (const InstructionSet set : sets()) CHECK(!fused::self_check(set));
    CHECK(std::fegetround() == mode);
    std::fesetround(FE_TONEAREST);
  }
}

TEST_CASE("where an operation is wrong the next smaller set is taken, with one line on stderr", "[isa]") {
  if (widest() == InstructionSet::generic) return skip("there is no set but the generic one");
  const InstructionSet next = *(sets().end() - 2);
  for (const char* wanted : {static_cast<const char*>(nullptr), fused::name(widest())}) {
    const Choosing scope(wanted, {{}, widest(), LaneOperation::mask_xor});
    InstructionSet chosen{};
    const std::string line = written([&] { chosen = fused::instruction_set(); });
    CHECK(chosen == next);
    CHECK(line == std::string("xgrad: mask_xor of ") + fused::name(widest()) +
                      " computes wrong numbers on this processor; it is left for " + fused::name(next) + "\n");
    CHECK(written([&] { fused::instruction_set(); }).empty());
    CHECK(about().instruction_set == fused::name(next));
    CHECK(sum(tensor({1.0f, 2.0f})).item<float>() == 3);
  }
}

TEST_CASE("where nothing is right the engine computes nothing", "[isa]") {
  const Choosing scope("generic", {{}, InstructionSet::generic, LaneOperation::add});
  CHECK_THROWS_WITH(fused::instruction_set(), Catch::Contains("self-check: add computes wrong numbers"));
}

TEST_CASE("XGRAD_ISA chooses among the sets that are there, and is an error where it cannot", "[isa]") {
  for (const InstructionSet set : sets()) {
    const Choosing scope(fused::name(set));
    CHECK(fused::instruction_set() == set);
  }
  for (const std::string unknown : {"avx", "AVX2", "generic "}) {
    const Choosing scope(unknown.c_str());
    CHECK_THROWS_AS(fused::instruction_set(), ValueError);
    CHECK_THROWS_WITH(fused::instruction_set(),
                      Catch::Contains("XGRAD_ISA: there is no instruction set '" + unknown + "'; there are: "));
    CHECK_THROWS_AS(about(), ValueError);
  }
  {
    const Choosing scope("");
    CHECK(fused::instruction_set() == widest());
  }
  for (const InstructionSet set : sets()) {
    if (set == InstructionSet::generic) continue;
    const Choosing scope(fused::name(set), {set, {}, {}});
    CHECK_THROWS_WITH(fused::instruction_set(), Catch::Contains(std::string("XGRAD_ISA: this processor has no ") +
                                                                fused::name(set) + "; there are: "));
  }
}

TEST_CASE("without XGRAD_ISA the widest set that is there is chosen", "[isa]") {
  const Choosing scope(nullptr);
  CHECK(fused::instruction_set() == widest());
}

TEST_CASE("set_instruction_set takes a set that is there and right, and else leaves the choice", "[isa]") {
  const Choosing scope(nullptr, {{}, widest(), LaneOperation::min});
  for (const InstructionSet set : sets()) {
    if (set == widest()) {
      CHECK_THROWS_AS(set_instruction_set(fused::name(set)), ValueError);
      CHECK_THROWS_WITH(set_instruction_set(fused::name(set)), Catch::Contains("min of ") && Catch::Contains("wrong"));
    } else {
      set_instruction_set(fused::name(set));
      CHECK(fused::instruction_set() == set);
    }
  }
  const InstructionSet lost = widest();
  const Choosing lacking("generic", {lost, {}, {}});
  CHECK_THROWS_WITH(set_instruction_set("sse9"), Catch::Contains("there is no instruction set 'sse9'; there are: "));
  if (lost != InstructionSet::generic)
    CHECK_THROWS_WITH(set_instruction_set(fused::name(lost)), Catch::Contains("this processor has no"));
  CHECK(fused::instruction_set() == InstructionSet::generic);
}

TEST_CASE("what was planned and compiled for one instruction set is not used for another", "[isa]") {
  if (engine() != "fused") return skip("the engine is not the fused one");
  std::vector<float> numbers;
  for (int i = 0; i < 5000; ++i) numbers.push_back(0.001f * static_cast<float>(i) - 2);
  const Tensor x = tensor(numbers);
  const Choosing scope(nullptr);
  for (const char* tier : {"interpreted", "compile-at-once", "compiled"}) {
    const InTier in(tier);
    for (int turn = 0; turn < 2; ++turn)
      for (const InstructionSet set : sets()) {
        set_instruction_set(fused::name(set));
        const Tensor y = tanh(x);
        INFO(tier << ", " << fused::name(set));
        CHECK(std::vector<float>(y.data<float>().begin(), y.data<float>().end()) ==
              computed(set, fused::Code::tanh, numbers));
      }
  }
  // Were they the same on all sets, this would say nothing.
  if (widest() != InstructionSet::generic)
    CHECK(computed(InstructionSet::generic, fused::Code::tanh, numbers) !=
          computed(widest(), fused::Code::tanh, numbers));
}

TEST_CASE("products follow the instruction set", "[isa]") {
  const Choosing scope(nullptr);
  Rng rng(1);
  const Tensor a = normal({40, 50}, rng), b = normal({50, 30}, rng);
  std::map<InstructionSet, std::vector<double>> products;
  for (int turn = 0; turn < 2; ++turn)
    for (const InstructionSet set : sets()) {
      set_instruction_set(fused::name(set));
      const std::vector<double> product = matmul(a, b).to_vector();
      const auto [at, fresh] = products.try_emplace(set, product);
      CHECK((fresh || at->second == product));
    }
  // Terms are fused there, and rounded one by one here; the reference kernels ask BLAS.
  if (engine() == "fused")
    for (const InstructionSet set : sets())
      if (set != InstructionSet::generic) CHECK(products.at(InstructionSet::generic) != products.at(set));
}

}  // namespace instruction_set_test
