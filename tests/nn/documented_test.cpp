// docs/networks.md has an example of every layer.

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace xgrad::nn {

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(std::string(XGRAD_SOURCE_DIR) + '/' + path);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The modules that a user makes: what derives from Module, but for what others derive from and for what is in detail.
std::set<std::string> layers() {
  std::map<std::string, std::string> base_of;
  std::set<std::string> in_detail;
  std::istringstream umbrella(text_of("nn/nn.hpp"));
  const std::regex include("#include \"(nn/[^\"]+)\"");
  const std::regex definition(R"(^(?:class|struct) (\w+) : (?:public )?(?:detail::)?(\w+))");
  for (std::string line; std::getline(umbrella, line);) {
    std::smatch found;
    if (!std::regex_search(line, found, include)) continue;
    std::istringstream header(text_of(found[1]));
    bool detail = false;
    for (std::string text; std::getline(header, text);) {
      if (text == "namespace detail {") detail = true;
      if (text == "}  // namespace detail") detail = false;
      if (!std::regex_search(text, found, definition)) continue;
      if (detail) in_detail.insert(found[1]);
      base_of[found[1]] = found[2];
    }
  }
  std::set<std::string> bases, names;
  for (const auto& [name, base] : base_of) bases.insert(base);
  for (const auto& [name, base] : base_of) {
    std::string root = base;
    while (root != "Module" && base_of.contains(root)) root = base_of.at(root);
    if (root == "Module" && !in_detail.contains(name) && !bases.contains(name)) names.insert(name);
  }
  return names;
}

TEST_CASE("docs/networks.md shows every layer") {
  const std::set<std::string> names = layers();
  CHECK(names.size() > 60);
  const std::string page = text_of("docs/networks.md");
  for (const std::string& name : names) {
    INFO(name);
    CHECK(std::regex_search(page, std::regex("\\b" + name + "\\b")));
  }
}

}  // namespace

}  // namespace xgrad::nn
