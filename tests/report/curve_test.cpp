#include "report/curve.hpp"

#include <clocale>
#include <cmath>

#include "autograd/ops/create.hpp"
#include "report/digits.hpp"
#include "report/gnuplot.hpp"
#include "tests/data/files.hpp"
#include "tests/data/small_disk.hpp"

namespace curve_test {

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

TEST_CASE("tables and pictures that find no room leave the old ones as they were", "[curve]") {
  const Directory directory;
  const Series one[] = {{"x", {1, 2}, {1, 2}}}, other[] = {{"x", {1, 2}, {3, 4}}};
  const auto write = [&](std::span<const Series> series) {
    report::write_csv(directory / "x.csv", series);
    report::draw_curve(directory / "x", series);
  };
  write(one);
  const auto contents = [&] {
    return read_file(directory / "x.csv") + read_file(directory / "x.png") + read_file(directory / "x.svg");
  };
  const std::string before = contents();
  for (const std::uintmax_t room : {0, 10}) {
    const SmallDisk disk(directory.path(), before.size() + room);
    CHECK_THAT(message_of<IoError>([&] { report::write_csv(directory / "x.csv", other); }),
               Catch::Contains("write_csv: ") && Catch::Contains("No space left"));
    CHECK_THAT(message_of<IoError>([&] { report::draw_curve(directory / "x", other); }),
               Catch::Contains("draw_curve: ") && Catch::Contains("x.png' cannot be written: No space left"));
    CHECK_THAT(message_of<IoError>([&] {
                 report::draw_images(directory / "y.png", zeros({1, 2, 2}), {"y"});
               }),
               Catch::Contains("draw_images: "));
    CHECK(contents() == before);
    CHECK(directory.names().size() == 3);
  }
  write(other);
  CHECK(contents() != before);
}

TEST_CASE("a table has points in every locale", "[curve]") {
  const Directory directory;
  const std::string before = std::setlocale(LC_ALL, nullptr);
  std::setlocale(LC_ALL, "de_DE.UTF-8");  // where it is not installed, nothing is seen here
  const Series series[] = {{"x", {1.5}, {1234567.25}}, {"y", {1.5, 2}, {INFINITY, -NAN}}};
  report::write_csv(directory / "x.csv", series);
  std::setlocale(LC_ALL, before.c_str());
  CHECK(read_file(directory / "x.csv") == "step,x,y\n1.5,1234567.25,inf\n2,,-nan\n");
}

TEST_CASE("a series is saved and loaded, however long", "[curve]") {
  Series series("x", {1, 2}, {0.1, 1e300}), other("y", {5}, {6}), empty("z");
  other.load_state(series.state());
  CHECK((other.x == series.x && other.y == series.y && other.name == "y"));
  other.load_state(empty.state());
  CHECK(other.x.empty());
  CHECK_THROWS_AS(other.load_state({{"x", ones({2}, float64)}, {"y", ones({3}, float64)}}), FormatError);
  CHECK_THROWS_AS(other.load_state({{"x", ones({2}, float64)}, {"y", ones({2})}}), FormatError);
  CHECK_THROWS_AS(other.load_state({{"x", ones({2}, float64)}}), FormatError);
}

}  // namespace curve_test
