// What the pages under docs/ point at is there.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace pages_test {

namespace {

namespace fs = std::filesystem;

const fs::path root = XGRAD_SOURCE_DIR;

std::string text_of_file(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> pages() {
  std::vector<fs::path> all{root / "README.md", root / "CONTRIBUTING.md"};
  for (const auto& entry : fs::recursive_directory_iterator(root / "docs"))
    if (entry.path().extension() == ".md") all.push_back(entry.path());
  REQUIRE(all.size() > 10);
  return all;
}

/// The files of the project, by their paths from the root.
const std::vector<std::string>& files() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> found{"/xgrad.hpp"};
    for (const char* folder :
         {"autograd", "nn", "optim", "data", "report", "parallel", "tests", "benchmarks", "examples", "docs", "cmake"})
      for (const auto& entry : fs::recursive_directory_iterator(root / folder))
        found.push_back('/' + entry.path().lexically_relative(root).string());
    return found;
  }();
  return all;
}

bool ends_in(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::vector<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) found.push_back((*at)[1]);
  return found;
}

}  // namespace

TEST_CASE("source files that the pages name are there", "[pages]") {
  for (const fs::path& page : pages()) {
    for (const std::string& name : matches(text_of_file(page), "`(?:\\.\\./)?([a-z0-9_/]+\\.[ch]pp)`")) {
      INFO(page.filename().string() << " names " << name);
      CHECK(std::any_of(files().begin(), files().end(), [&](const auto& file) { return ends_in(file, '/' + name); }));
    }
  }
}

TEST_CASE("what the pages of the engine name without an ending are files or folders of it", "[pages]") {
  for (const fs::path& page : pages()) {
    if (page.parent_path().filename() != "engine" || page.filename() == "README.md") continue;
    const std::string room = page.stem().string();
    CHECK(fs::is_directory(root / "autograd/engine" / room));
  }
  for (const std::string& name :
       matches(text_of_file(root / "docs/engine/README.md"), "(?:^|\n) +((?:graph|plan|rows|run|products)/[a-z_]+)")) {
    INFO(name);
    CHECK(std::any_of(files().begin(), files().end(),
                      [&](const std::string& file) { return file.rfind("/autograd/engine/" + name, 0) == 0; }));
  }
}

TEST_CASE("links between the pages lead somewhere", "[pages]") {
  int links = 0;
  for (const fs::path& page : pages())
    for (const std::string& link : matches(text_of_file(page), "\\]\\(([A-Za-z0-9_./-]+)(?:#[^)]*)?\\)")) {
      INFO(page.filename().string() << " links to " << link);
      CHECK(fs::exists(page.parent_path() / link));
      ++links;
    }
  CHECK(links > 20);
}

}  // namespace pages_test
