#include "tests/nn/layers.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

namespace xgrad::layers {

namespace {

// The base of each class that a header defines, but for those in detail, whose names `in_detail` gets.
void read_classes(const std::string& path, std::map<std::string, std::string>& base_of,
                  std::set<std::string>& in_detail) {
  std::ifstream header(std::string(XGRAD_SOURCE_DIR) + '/' + path);
  REQUIRE(header);
  const std::regex definition(R"(^(?:class|struct) (\w+) : (?:public )?(?:detail::)?(\w+))");
  bool detail = false;
  for (std::string text; std::getline(header, text);) {
    if (text == "namespace detail {") detail = true;
    if (text == "}  // namespace detail") detail = false;
    std::smatch found;
    if (!std::regex_search(text, found, definition)) continue;
    if (detail) in_detail.insert(found[1]);
    base_of[found[1]] = found[2];
  }
}

}  // namespace

std::set<std::string> layer_names() {
  std::map<std::string, std::string> base_of;
  std::set<std::string> in_detail, bases, names;
  std::ifstream umbrella(std::string(XGRAD_SOURCE_DIR) + "/nn/nn.hpp");
  REQUIRE(umbrella);
  const std::regex include("#include \"(nn/[^\"]+)\"");
  std::smatch found;
  for (std::string line; std::getline(umbrella, line);)
    if (std::regex_search(line, found, include)) read_classes(found[1], base_of, in_detail);
  for (const auto& [name, base] : base_of) bases.insert(base);
  for (const auto& [name, base] : base_of) {
    std::string root = base;
    while (root != "Module" && base_of.contains(root)) root = base_of.at(root);
    if (root == "Module" && !in_detail.contains(name) && !bases.contains(name)) names.insert(name);
  }
  // Others derive from it, and users make it, too.
  names.insert("Dropout");
  return names;
}

std::vector<Row> rows() {
  std::vector<Row> all;
  for (const auto group :
       {maps, convolutions, pooling, shapes, normalisations, draws, embeddings, recurrent, attention, combined})
    for (Row& each : group()) all.push_back(std::move(each));
  return all;
}

}  // namespace xgrad::layers
