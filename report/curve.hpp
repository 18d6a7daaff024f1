#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape/state.hpp"

namespace xgrad::report {

/// A line of a diagram: points from left to right. Its state, `x` and `y`, is the points.
struct Series : Stateful {
  enum class Style {
    line,
    noisy,  ///< faint, with its running mean drawn boldly
    points  ///< a line with its points marked
  };

  Series(std::string title = "", std::vector<double> across = {}, std::vector<double> up = {}, Style kind = Style::line)
      : name(std::move(title)), x(std::move(across)), y(std::move(up)), style(kind) {}

  void add(double at, double value) {
    x.push_back(at);
    y.push_back(value);
  }
  std::vector<NamedTensor> state() const override;
  void load_state(const std::vector<NamedTensor>& saved, const Location& where = Location::current()) override;

  std::string name;
  std::vector<double> x, y;
  Style style;
};

struct CurveOptions {
  std::string title;
  std::string x_label = "step";
  std::string y_label = "loss";
  bool logarithmic = true;  ///< the y axis
};

/// Writes the series as one table: a column of all x, then a column for each series, empty where it has no point.
/// Columns are separated by commas, numbers have nine digits and a point. The file appears whole or not at all: IoError
/// otherwise, and what was there before stays. ShapeError for a series with unequal numbers of x and y.
void write_csv(const std::string& path, std::span<const Series> series, const std::string& x_label = "step",
               const Location& where = Location::current());

/// Draws the series with gnuplot into `stem`.png and `stem`.svg, each of which appears whole or not at all: IoError
/// otherwise. False, with one line on standard error, when gnuplot is not there. ShapeError for a series with unequal
/// numbers of x and y.
bool draw_curve(const std::string& stem, std::span<const Series> series, const CurveOptions& options = {},
                const Location& where = Location::current());

/// y_i averaged over the points from i - window/2 to i + window/2.
std::vector<double> running_mean(std::span<const double> values, std::size_t window);

}  // namespace xgrad::report
