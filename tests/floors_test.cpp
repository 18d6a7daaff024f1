// The house rules that a machine can see: which room includes which, and how long files are.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace floors_test {

namespace {

namespace fs = std::filesystem;

const fs::path root = XGRAD_SOURCE_DIR;
const std::vector<std::string> folders = {"autograd", "nn",    "optim",      "data",    "report",
                                          "parallel", "tests", "benchmarks", "examples"};

struct Source {
  std::string path;  // from the root
  std::vector<std::string> lines;
};

std::vector<Source> sources() {
  std::vector<Source> all;
  for (const std::string& folder : folders) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension();
      if (extension != ".hpp" && extension != ".cpp") continue;
      Source source{entry.path().lexically_relative(root), {}};
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) source.lines.push_back(line);
      all.push_back(std::move(source));
    }
  }
  REQUIRE(all.size() > 100);
  return all;
}

/// The names in the #include lines.
std::vector<std::string> includes(const Source& source) {
  std::vector<std::string> names;
  for (const std::string& line : source.lines) {
    if (line.rfind("#include", 0) != 0) continue;
    const std::size_t begin = line.find_first_of("<\"") + 1;
    names.push_back(line.substr(begin, line.find_first_of(">\"", begin) - begin));
  }
  return names;
}

/// The rooms of autograd/ from the ground up, storey by storey; what stands above them comes after. The engine has
/// storeys of its own, between what users set (engine.hpp) and what tells them how it is set (about).
const std::vector<std::vector<std::string>> storeys = {{"core"},
                                                       {"kernels"},
                                                       {"tape"},
                                                       {"ops"},
                                                       {"engine/engine", "engine/memory_budget"},
                                                       {"engine/math"},
                                                       {"engine/cpu"},
                                                       {"engine/programs", "engine/products", "engine/draws"},
                                                       {"engine/graph", "engine/interpreter", "engine/machine"},
                                                       {"engine/rows"},
                                                       {"engine/plan"},
                                                       {"engine/run"},
                                                       {"engine/about"},
                                                       {"transform"},
                                                       {"inspect"},
                                                       {"solve"},
                                                       {"check"}};
const std::size_t above_autograd = storeys.size(), parallel = above_autograd + 1, top = parallel + 1;

std::string folder_of(const std::string& path) { return path.substr(0, path.find('/')); }

struct Place {
  std::size_t storey;
  std::string room;
};

Place place_of(const std::string& path) {
  if (folder_of(path) != "autograd") {
    const auto folder = std::find(folders.begin(), folders.end(), folder_of(path));
    const bool on_parallel = folder_of(path) == "parallel";
    return {on_parallel ? parallel : folder - folders.begin() < 5 ? above_autograd : top, folder_of(path)};
  }
  if (path == "autograd/xtensor_shim.hpp")
    return {0, "core"};  // nothing of ours, for the kernels and the interop header
  const std::string rest = path.substr(9);
  for (std::size_t storey = 0; storey < storeys.size(); ++storey)
    for (const std::string& room : storeys[storey])
      if (rest.rfind(room + '/', 0) == 0 || rest.rfind(room + '.', 0) == 0) return {storey, room};
  // The headers in autograd/ itself stand on top of its rooms; no file of theirs has a place of its own.
  INFO(path);
  CHECK(rest.find('/') == std::string::npos);
  return {above_autograd - 1, "check"};
}
std::size_t floor_of(const std::string& path) { return place_of(path).storey; }

bool is_ours(const std::string& include) {
  return (include == "xgrad.hpp" || std::find(folders.begin(), folders.end(), folder_of(include)) != folders.end()) &&
         fs::exists(root / include);
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& starts) {
  return std::any_of(starts.begin(), starts.end(), [&](auto& start) { return text.rfind(start, 0) == 0; });
}

}  // namespace

TEST_CASE("a file includes its own room and those on lower storeys", "[floors]") {
  for (const Source& source : sources()) {
    const Place at = place_of(source.path);
    for (const std::string& include : includes(source)) {
      if (!is_ours(include)) continue;
      INFO(source.path << " includes " << include);
      const Place read = place_of(include);
      CHECK((read.storey < at.storey || read.room == at.room || at.storey == top));
    }
  }
}

TEST_CASE("the library's mutexes are those that a fork waits for", "[floors]") {
  for (const Source& source : sources()) {
    if (floor_of(source.path) == top || source.path.rfind("autograd/core/mutex.", 0) == 0) continue;
    for (const std::string& line : source.lines) {
      INFO(source.path << ": " << line);
      for (const char* other : {"std::mutex", "std::shared_mutex", "std::recursive_mutex", "std::condition_variable"})
        CHECK(line.find(other) == std::string::npos);
    }
  }
}

TEST_CASE("the library writes and reads numbers in ways that know no locale", "[floors]") {
  for (const Source& source : sources()) {
    if (floor_of(source.path) == top || source.path.rfind("autograd/core/text.", 0) == 0) continue;
    std::string text;
    for (const std::string& line : source.lines) text += line + '\n';
    INFO(source.path);
    for (const char* other : {"std::ostringstream", "std::stringstream", "std::istringstream", "std::ofstream",
                              "std::stod", "std::stof", "strtod", "strtof", "atof("})
      CHECK(text.find(other) == std::string::npos);
    for (std::size_t at = 0; (at = text.find("printf(", at)) != std::string::npos; ++at)
      for (std::size_t sign = at, end = text.find(';', at); (sign = text.find('%', sign + 1)) < end;) {
        const std::size_t letter = text.find_first_not_of("-+ #0123456789.*l", sign + 1);
        CHECK(std::string("aAeEfFgG").find(text[letter]) == std::string::npos);
      }
  }
}

TEST_CASE("our files are included by their path from the root", "[floors]") {
  for (const Source& source : sources()) {
    for (const std::string& line : source.lines) {
      if (line.rfind("#include \"", 0) != 0) continue;
      const std::string name = line.substr(10, line.find('"', 10) - 10);
      INFO(source.path << " includes \"" << name << '"');
      CHECK(is_ours(name));
    }
  }
}

TEST_CASE("heavy headers stay where they belong", "[floors]") {
  const std::vector<std::string> tensors = {"xtensor", "xtl/", "xflens"};
  for (const Source& source : sources()) {
    const bool kernel = source.path.rfind("autograd/kernels/", 0) == 0;
    const bool interop = source.path.rfind("autograd/xtensor", 0) == 0;
    const bool on_top = floor_of(source.path) == top;
    for (const std::string& include : includes(source)) {
      INFO(source.path << " includes " << include);
      if (starts_with_any(include, tensors)) CHECK((kernel || interop || on_top));
      if (starts_with_any(include, {"xsimd", "xbyak"}))
        CHECK((kernel || on_top || source.path.rfind("autograd/engine/", 0) == 0));
      if (starts_with_any(include, {"mpi"})) CHECK((on_top || floor_of(source.path) == parallel));
      if (starts_with_any(include, {"CLI/"})) CHECK(source.path.rfind("examples/", 0) == 0);
      if (starts_with_any(include, {"nlohmann", "zlib.h", "xxhash.h", "iostream", "cblas"}))
        CHECK((on_top || fs::path(source.path).extension() == ".cpp"));
    }
  }
}

TEST_CASE("no file has more than 400 lines", "[floors]") {
  for (const Source& source : sources()) {
    INFO(source.path << " has " << source.lines.size() << " lines");
    CHECK(source.lines.size() <= 400);
  }
}

TEST_CASE("every header is guarded", "[floors]") {
  for (const Source& source : sources()) {
    if (fs::path(source.path).extension() != ".hpp") continue;
    INFO(source.path);
    CHECK(std::count(source.lines.begin(), source.lines.end(), "#pragma once") == 1);
  }
}

TEST_CASE("every room says what it is for, what comes in and what goes out", "[floors]") {
  std::vector<std::string> rooms{"nn", "optim", "data", "report", "parallel"};
  for (const auto& storey : storeys)
    for (const std::string& room : storey)
      if (fs::is_directory(root / "autograd" / room)) rooms.push_back("autograd/" + room);
  CHECK(rooms.size() == 24);
  for (const std::string& room : rooms) {
    const std::string opening = "// " + fs::path(room).filename().string() + "/: ";
    int openings = 0;
    for (const Source& source : sources()) {
      if (fs::path(source.path).parent_path() != room) continue;
      const auto has = [&](const std::string& start) {
        return std::any_of(source.lines.begin(), source.lines.end(),
                           [&](const std::string& line) { return line.rfind(start, 0) == 0; });
      };
      if (has(opening) && has("//   in:  ") && has("//   out: ")) ++openings;
    }
    INFO(room);
    CHECK(openings == 1);
  }
}

// They are compiled several at a time. What replaces a function of others, or names one that no header has, stands
// outside of any namespace: its file is compiled alone.
TEST_CASE("the names of a file of tests are its own", "[floors]") {
  const auto begins = [](const std::string& line, const char* with) { return line.rfind(with, 0) == 0; };
  for (const Source& source : sources()) {
    if (source.path.rfind("tests/", 0) != 0 || source.path.rfind("tests/parallel/", 0) == 0) continue;
    const std::string stem = fs::path(source.path).stem();
    if (stem.size() < 5 || stem.compare(stem.size() - 5, 5, "_test") != 0) continue;
    const auto own = std::ranges::any_of(source.lines, [&](const std::string& line) {
      return begins(line, "namespace ") &&
             (line.find(" " + stem + " {") != line.npos || line.find("::" + stem + " {") != line.npos);
    });
    const auto outside = std::ranges::any_of(
        source.lines, [&](const std::string& line) { return begins(line, "extern ") || begins(line, "namespace __"); });
    INFO(source.path);
    CHECK(own != outside);
  }
}

TEST_CASE("tests stand in the folder of what they test", "[floors]") {
  for (const Source& source : sources()) {
    const std::size_t name = source.path.rfind('/');
    if (source.path.rfind("tests/", 0) != 0 || source.path.find("_test.cpp") == std::string::npos) continue;
    const fs::path folder = source.path.substr(0, name);
    const std::string of = folder == "tests" ? "." : folder.lexically_relative("tests").string();
    // What is tested from outside, in processes of its own or against another library, has folders of its own.
    if (of.rfind("process", 0) == 0 || of.rfind("exchange", 0) == 0) continue;
    INFO(source.path);
    CHECK(fs::is_directory(root / of));
  }
}

}  // namespace floors_test
