// docs/networks.md has an example of every layer.

#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/nn/layers.hpp"

namespace xgrad::nn::documented_test {

TEST_CASE("docs/networks.md shows every layer") {
  const std::set<std::string> names = layers::layer_names();
  CHECK(names.size() > 60);
  std::ifstream file(std::string(XGRAD_SOURCE_DIR) + "/docs/networks.md");
  REQUIRE(file);
  std::ostringstream page;
  page << file.rdbuf();
  for (const std::string& name : names) {
    INFO(name);
    CHECK(std::regex_search(page.str(), std::regex("\\b" + name + "\\b")));
  }
}

}  // namespace xgrad::nn::documented_test
