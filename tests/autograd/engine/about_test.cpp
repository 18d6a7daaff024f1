#include "autograd/engine/about.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/cpu/threads.hpp"
#include "autograd/engine/engine.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace about_test {

using namespace xgrad;

TEST_CASE("about tells what computes, and how it is set", "[about]") {
  const fused::testing::InTier tier_("interpreted");
  const fused::testing::Threads threads(3);
  const About all = about();
  CHECK(all.version.find('.') != std::string::npos);
  CHECK(!all.processor.empty());
  CHECK(all.instruction_set == fused::name(fused::instruction_set()));
  CHECK(all.instruction_sets.size() == 3);
  CHECK(std::count_if(all.instruction_sets.begin(), all.instruction_sets.end(), [&](const About::Set& set) {
          return set.name == all.instruction_set && set.in_build && set.in_processor;
        }) == 1);
  CHECK(!all.blas.empty());
  CHECK(all.engine == engine());
  CHECK(all.tier == "interpreted");
  CHECK(all.threads == 3);
}

TEST_CASE("about prints a line for each of them, and says which instruction sets are not there", "[about]") {
  About all = about();
  all.instruction_set = "avx2";
  all.instruction_sets = {
      {"avx512", true, false}, {"avx2", true, true}, {"other", false, false}, {"generic", true, true}};
  all.blas = "Library";
  all.blas_core = "Core";
  all.memory_budget = 4096;
  std::ostringstream text;
  text << all;
  CHECK_THAT(text.str(), Catch::Contains("avx2; there could be: avx512 (not in this processor), avx2, "
                                         "other (not in this build), generic\n"));
  CHECK_THAT(text.str(), Catch::Contains("Library, core Core\n") && Catch::Contains("4096 bytes\n"));
  const std::string lines = text.str();
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 8);
}

}  // namespace about_test
