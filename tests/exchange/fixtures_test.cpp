// Files that PyTorch 1.13 wrote (exchange.py) are in tests/exchange/fixtures, for some of the layers.

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "tests/data/files.hpp"
#include "tests/exchange/measure.hpp"

namespace fixtures_test {

using namespace xgrad;

namespace {

const std::string folder = XGRAD_SOURCE_DIR "/tests/exchange/fixtures/";

}  // namespace

TEST_CASE("weights that PyTorch wrote give its outputs and gradients", "[exchange]") {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    CHECK(entry.file_size() < 20000);
    found.insert(name.substr(0, name.find('.')));
  }
  REQUIRE(found.contains("linear"));
  for (const exchange::Layer& layer : exchange::layers()) {
    if (found.erase(layer.name) == 0) continue;
    INFO(layer.name);
    const exchange::Comparison result = exchange::check(layer, folder + layer.name);
    CHECK(result.largest <= exchange::Comparison::tolerance);
    CHECK(result.wrong == std::vector<std::string>());
    if (std::filesystem::exists(folder + layer.name + ".npz"))
      CHECK(exchange::check_formats(layer, folder + layer.name).wrong == std::vector<std::string>());
  }
  CHECK(found == std::set<std::string>());  // files of a layer that is in no table
}

TEST_CASE("what is written for PyTorch is read back with the same outputs and gradients", "[exchange]") {
  const test::Directory directory;
  for (const exchange::Layer& layer : exchange::layers()) {
    if (!std::filesystem::exists(folder + layer.name + ".npz")) continue;  // those in all formats
    INFO(layer.name);
    const std::string stem = directory / layer.name;
    std::filesystem::copy_file(folder + layer.name + ".values.safetensors", stem + ".values.safetensors");
    exchange::write(layer, stem);
    const exchange::Comparison result = exchange::check(layer, stem + ".xgrad");
    CHECK(result.largest == 0);
    CHECK(result.wrong == std::vector<std::string>());
    CHECK(exchange::check_formats(layer, stem + ".xgrad").wrong == std::vector<std::string>());
  }
}

}  // namespace fixtures_test
