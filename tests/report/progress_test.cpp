#include "report/progress.hpp"

#include <catch2/catch.hpp>
#include <thread>

namespace progress_test {

using namespace xgrad;
using Catch::Contains;

namespace {

/// What is written to a file while `write` runs.
template <class Write>
std::string written(Write write) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  write(file);
  std::rewind(file);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("the line tells how far, how good, how fast and how long", "[progress]") {
  const report::ProgressState half{"epoch 2/5", 30000, 60000, 3.0, 0.12345};
  CHECK(report::progress_line(half, 80) ==
        "epoch 2/5 [===========>           ]  50%  loss 0.1235  10000 images/s  0:03 left");
  CHECK_THAT(report::progress_line({"a", 1, 10, 500.0, 2, "samples"}, 100), Contains("1:15:00 left"));
  CHECK_THAT(report::progress_line({"a", 5, 5, 1, 0}, 80), Contains("=====]") && Contains("100%"));
  CHECK_THAT(report::progress_line({"a", 0, 5, 0, 0}, 80), Contains("  0%") && !Contains("left"));
  CHECK_THAT(report::progress_line({"a", 0, 0, 0, 0}, 80), Contains("100%"));
}

TEST_CASE("the line never gets longer than its terminal is wide", "[progress]") {
  const report::ProgressState state{"epoch 2/5", 30000, 60000, 3.0, 0.12345};
  for (int width = 0; width < 120; ++width)
    CHECK(report::progress_line(state, width).size() <= static_cast<std::size_t>(width));
  CHECK_THAT(report::progress_line(state, 60), !Contains("[") && Contains("left"));
  CHECK_THAT(report::progress_line(state, 100), Contains("["));
}

TEST_CASE("a bar is written in place and wiped in the end", "[progress]") {
  const std::string text = written([](std::FILE* file) {
    report::Progress progress("epoch 1/1", 4, "images", file, true);
    for (int i = 0; i < 4; ++i) progress.advance(1, 0.5);
    CHECK(progress.done() == 4);
  });
  // Drawn at the first advance only: the others come within a tenth of a second.
  CHECK(text.rfind("\r\033[Kepoch 1/1", 0) == 0);
  CHECK_THAT(text, Contains(" 25%") && !Contains(" 50%") && !Contains("\n") && Catch::EndsWith("\r\033[K"));
}

TEST_CASE("nothing is written where there is no terminal", "[progress]") {
  CHECK(written([](std::FILE* file) {
          report::Progress progress("epoch 1/1", 4, "images", file);
          progress.advance(4, 0.5);
        }).empty());
}

}  // namespace progress_test
