#include "report/curve.hpp"

#include <cmath>

#include "report/gnuplot.hpp"
#include "tests/data/files.hpp"

using namespace xgrad;
using namespace xgrad::test;
using report::Series;

namespace {

/// While it lives, no program is found.
class NoPrograms {
 public:
  NoPrograms() : path_(::getenv("PATH")) { ::setenv("PATH", "/nonexistent", 1); }
  ~NoPrograms() { ::setenv("PATH", path_.c_str(), 1); }
  NoPrograms(const NoPrograms&) = delete;
  NoPrograms& operator=(const NoPrograms&) = delete;

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("series are written as one table", "[curve]") {
  const Directory directory;
  const std::string path = directory / "loss.csv";
  const Series series[] = {{"training loss", {1, 2, 3}, {0.5, 0.25, 0.125}}, {"test, \"loss\"", {2}, {1e-10}}};
  report::write_csv(path, series);
  CHECK(read_file(path) == "step,training loss,\"test, \"\"loss\"\"\"\n1,0.5,\n2,0.25,1e-10\n3,0.125,\n");
  const Series uneven[] = {{"x", {1, 2}, {1}}};
  CHECK_THROWS_AS(report::write_csv(path, uneven), ShapeError);
  CHECK_THROWS_AS(report::draw_curve(directory / "x", uneven), ShapeError);
  CHECK_THROWS_AS(report::write_csv(directory / "none/loss.csv", series), IoError);
  CHECK_THROWS_AS(report::draw_curve(directory / "x", {}), ValueError);
}

TEST_CASE("the running mean averages over its window", "[curve]") {
  const std::vector<double> values{1, 2, 6, 3};
  CHECK(report::running_mean(values, 3) == std::vector<double>{1.5, 3, 11.0 / 3, 4.5});
  CHECK(report::running_mean(values, 1) == values);
  CHECK(report::running_mean({}, 5).empty());
}

TEST_CASE("a curve is drawn as PNG and SVG, whatever its names", "[curve]") {
  const Directory directory;
  Series noisy{"it's \"noisy\" `x` $y {z}_1", {}, {}, Series::Style::noisy};
  for (int i = 0; i < 200; ++i) noisy.add(i, std::exp(-0.01 * i) * (1.2 + std::sin(i * 7)));
  noisy.add(200, NAN);
  const Series series[] = {noisy, {"points", {50, 100}, {0.9, 0.4}, Series::Style::points}, {"empty", {}, {}}};
  const std::string stem = directory / "a 'curve'";
  REQUIRE(report::draw_curve(stem, series, {.title = "Loss\nof 'it'"}));
  CHECK(read_file(stem + ".png").substr(0, 4) == "\x89PNG");
  CHECK_THAT(read_file(stem + ".svg"), Catch::Contains("</svg>") && Catch::Contains("points"));
  CHECK(directory.names().size() == 2);
}

TEST_CASE("without gnuplot there is no picture, and no error", "[curve]") {
  const Directory directory;
  const NoPrograms none;
  const Series series[] = {{"x", {1, 2}, {1, 2}}};
  CHECK_FALSE(report::draw_curve(directory / "curve", series));
  CHECK(directory.names().empty());
}

TEST_CASE("strings for gnuplot cannot end early", "[curve]") {
  CHECK(report::gnuplot_string("it's\t") == "'it''s '");
  CHECK(report::gnuplot_string("a\nb") == "'a'.\"\\n\".'b'");
}
