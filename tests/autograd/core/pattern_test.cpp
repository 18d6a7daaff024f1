#include "autograd/core/pattern.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace pattern_test {

using namespace xgrad;

TEST_CASE("a pattern matches names as a shell's does, stars across dots") {
  CHECK(name_matches("hidden.bias", "*.bias"));
  CHECK(name_matches("hidden.bias", "hidden.*"));
  CHECK(name_matches("hidden.bias", "*"));
  CHECK(name_matches("hidden.bias", "hidden.bias"));
  CHECK(name_matches("0.1.bias", "?.?.*as"));
  CHECK(name_matches("a.b.a.b.c", "*a.b.c"));
  CHECK(name_matches("aaab", "*a*ab*"));
  CHECK(name_matches("", "**"));
  CHECK_FALSE(name_matches("hidden.bias", "bias"));
  CHECK_FALSE(name_matches("hidden.bias", "*.bias?"));
  CHECK_FALSE(name_matches("hidden.bias", "hidden"));
  CHECK_FALSE(name_matches("hidden.bias", ""));
  CHECK_FALSE(name_matches("aaaa", "*a*b*"));
  // As many stars as one likes cost no more than a product of lengths.
  CHECK_FALSE(name_matches(std::string(2000, 'a'), std::string(200, '*') + "a*a*a*a*a*a*a*a*b"));
}

}  // namespace pattern_test
